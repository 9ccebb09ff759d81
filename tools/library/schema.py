"""The tables of the library, and how an older library becomes one of today.

Version 1 (no number inside) knew neither dates, publication types, retractions and sections, nor which files had been
added. It is brought up to date by the first process that opens it; its documents keep their hashes, so that nothing is
embedded or derived again.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from kedrec.errors import DamagedData
from kedrec.tools.library.disk import explained, is_fixed

__all__ = ["VERSION", "connect"]

VERSION = 2
"""Of the tables."""

_DOCUMENTS = """
CREATE TABLE documents(
  key INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, corpus TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  year INTEGER, mesh TEXT NOT NULL, phase TEXT, status TEXT, note INTEGER NOT NULL, sha BLOB NOT NULL, date TEXT,
  last_day TEXT, types TEXT NOT NULL DEFAULT '', retracted INTEGER NOT NULL DEFAULT 0,
  sections TEXT NOT NULL DEFAULT '', twin TEXT, edition TEXT NOT NULL DEFAULT '')"""
_PASSAGES = """
CREATE TABLE passages(
  key INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL, section TEXT NOT NULL, number INTEGER NOT NULL,
  start INTEGER NOT NULL, end INTEGER NOT NULL, sha BLOB NOT NULL)"""
_OLDEST = (
    "CREATE TABLE embedded(sha BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE manifest(name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_NEWER = (
    "CREATE INDEX passages_of ON passages(document)",
    "CREATE INDEX documents_by_day ON documents(last_day)",
    "CREATE INDEX documents_by_year ON documents(year)",
    "CREATE TABLE document_types(document INTEGER NOT NULL, type TEXT NOT NULL, PRIMARY KEY(document, type)) "
    "WITHOUT ROWID",
    "CREATE INDEX documents_by_type ON document_types(type)",
    "CREATE TABLE files(fingerprint TEXT PRIMARY KEY, serial INTEGER NOT NULL, name TEXT NOT NULL, "
    "documents INTEGER NOT NULL, editions INTEGER NOT NULL, changed INTEGER NOT NULL)",
    "CREATE TABLE rejected(file TEXT NOT NULL, place TEXT NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL)",
)
_FROM_1 = (
    "ALTER TABLE documents ADD COLUMN date TEXT",
    "ALTER TABLE documents ADD COLUMN last_day TEXT",
    "ALTER TABLE documents ADD COLUMN types TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE documents ADD COLUMN retracted INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE documents ADD COLUMN sections TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE documents ADD COLUMN twin TEXT",
    "ALTER TABLE documents ADD COLUMN edition TEXT NOT NULL DEFAULT ''",
    "UPDATE documents SET last_day = year || '-12-31' WHERE year IS NOT NULL AND corpus <> 'trials'",
    "DROP INDEX passages_of",
    "ALTER TABLE passages RENAME TO former_passages",
    _PASSAGES,
    "INSERT INTO passages SELECT * FROM former_passages",
    "DROP TABLE former_passages",
)


def connect(target: Path | str) -> sqlite3.Connection:
    """Open the database; make its tables where they are missing, and bring older ones up to date.

    Raises:
        DamagedData: it is no library, or one of a newer version.
        WorkError: it may not be opened, or the disk is full or fails.
    """
    # What lies on a read-only file system is opened so that nothing is written beside it.
    name, fixed = str(target), isinstance(target, Path) and is_fixed(target)
    if fixed:
        name = f"file:{quote(str(Path(target).resolve()))}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=30, uri=fixed)
    except sqlite3.Error as error:
        raise explained(error, Path(target)) from error
    try:
        if _version(connection) != VERSION:
            connection.execute("PRAGMA journal_mode = WAL")
            _bring_up_to_date(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        connection.close()
        raise explained(error, Path(target)) from error
    except ValueError as error:
        connection.close()
        raise DamagedData(f"{target} cannot be read: it was {error}. Update KEDRec, or use another home") from error
    return connection


def _version(connection: sqlite3.Connection) -> int:
    """Return the version of the tables; 1 where they bear none, 0 if there are none."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    old = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'embedded'").fetchone()
    return int(version) or (1 if old else 0)


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > VERSION:
            raise ValueError(f"made by a newer KEDRec, version {version} of its tables")
        steps = {0: (_DOCUMENTS, _PASSAGES, *_OLDEST, *_NEWER), 1: (*_FROM_1, *_NEWER)}
        for statement in steps.get(version, ()):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
