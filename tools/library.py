"""Documents and passages on disk: one SQLite file, which is also the manifest of everything derived from it.

Whatever one `add` brings is one transaction, in which the name of the lexical index made from it is committed as well:
after a kill the library is what it was before. Readers see the last commit, whatever a writer is doing. A passage is
stored as offsets and cut out of its document when read.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from kedrec.errors import DamagedData
from kedrec.records import Corpus, Document, Passage
from kedrec.tools.chunks import CHUNKING, Span, passage_id, section_text, spans

__all__ = ["CORPORA", "GROUPS", "Group", "Library", "Outcome", "Shelf", "embedded_text", "members"]

Group = Literal["articles", "trials"]
GROUPS: dict[Group, tuple[Corpus, ...]] = {"articles": ("pubmed", "pmc"), "trials": ("trials",)}
"""What is searched as one, and the corpora in it."""
CORPORA: tuple[Corpus, ...] = ("pubmed", "pmc", "trials")
Outcome = Literal["added", "replaced", "unchanged"]
FILE = "library.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents(
  key INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, corpus TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  year INTEGER, mesh TEXT NOT NULL, phase TEXT, status TEXT, note INTEGER NOT NULL, sha BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS passages(
  key INTEGER PRIMARY KEY, document INTEGER NOT NULL, section TEXT NOT NULL, number INTEGER NOT NULL,
  start INTEGER NOT NULL, end INTEGER NOT NULL, sha BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS passages_of ON passages(document);
CREATE TABLE IF NOT EXISTS embedded(sha BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manifest(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_DOCUMENT = "id, corpus, title, text, year, mesh, phase, status, note"
_PASSAGE = (
    "p.key, p.section, p.number, p.start, p.end, d.id, d.corpus, d.title, d.text, d.year, d.phase, d.status, d.note "
    "FROM passages p JOIN documents d ON d.key = p.document"
)
_PENDING = "FROM passages WHERE sha NOT IN (SELECT sha FROM embedded)"


def members(corpus: Group | Corpus | None) -> tuple[Corpus, ...]:
    """Return the corpora that a filter means; all of them for None."""
    if corpus is None:
        return CORPORA
    return GROUPS.get(corpus, (corpus,))  # type: ignore[arg-type]


class Library:
    """The documents and passages below a folder; safe to use from several threads.

    Args:
        folder: Where the library is or will be; nothing is made there by reading.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._held: sqlite3.Connection | None = None
        self._empty = True

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view: everything read inside belongs to the same commit."""
        with self._lock:
            connection = self._connection()
            outermost = not connection.in_transaction
            if outermost:
                connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if outermost:
                    connection.rollback()

    def _connection(self) -> sqlite3.Connection:
        if self._held is None or (self._empty and (self.folder / FILE).exists()):
            self._empty = not (self.folder / FILE).exists()
            self._held = _connect(":memory:" if self._empty else self.folder / FILE)
        return self._held

    @contextmanager
    def write(self) -> Iterator[Shelf]:
        """One transaction that is kept whole or not at all; the caller holds the folder's writer lock."""
        connection = _connect(self.folder / FILE)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield Shelf(connection)
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()

    def manifest(self, name: str) -> str:
        """Return an entry of the manifest; empty where there is none."""
        with self.read() as connection:
            row = connection.execute("SELECT value FROM manifest WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def counts(self, table: Literal["documents", "passages"]) -> dict[Corpus, int]:
        """Return the number of documents or passages of each corpus."""
        source = "documents d" if table == "documents" else "passages p JOIN documents d ON d.key = p.document"
        with self.read() as connection:
            found = dict(connection.execute(f"SELECT d.corpus, count(*) FROM {source} GROUP BY d.corpus"))
        return {corpus: found.get(corpus, 0) for corpus in CORPORA}

    def documents(self, corpus: Group | Corpus | None = None) -> Iterator[Document]:
        """Yield the documents in the order in which they came; what is added meanwhile is not seen."""
        if not (self.folder / FILE).exists():
            return
        connection = _connect(self.folder / FILE)
        try:
            wanted = members(corpus)
            marks = ",".join("?" * len(wanted))
            for row in connection.execute(
                f"SELECT {_DOCUMENT} FROM documents WHERE corpus IN ({marks}) ORDER BY key", wanted
            ):
                yield _document(row)
        finally:
            connection.close()

    def document(self, identifier: str) -> Document | None:
        """Return one document; None where there is none of that id."""
        with self.read() as connection:
            row = connection.execute(f"SELECT {_DOCUMENT} FROM documents WHERE id = ?", (identifier,)).fetchone()
        return _document(row) if row else None

    def passages(self, identifier: str) -> list[Passage]:
        """Return the passages of one document in order; none where there is no such document."""
        with self.read() as connection:
            rows = connection.execute(f"SELECT {_PASSAGE} WHERE d.id = ? ORDER BY p.key", (identifier,)).fetchall()
        return [_passage(row) for row in rows]

    def passages_at(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by their keys."""
        marks = ",".join("?" * len(keys))
        with self.read() as connection:
            rows = connection.execute(f"SELECT {_PASSAGE} WHERE p.key IN ({marks})", list(keys)).fetchall()
        return {row[0]: _passage(row) for row in rows}

    def embedded(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the hash of each of the passages that is embedded."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT p.key, p.sha FROM passages p JOIN embedded e ON e.sha = p.sha WHERE p.key IN ({marks})"
        with self.read() as connection:
            return {key: sha.hex() for key, sha in connection.execute(query, list(keys))}

    def count_embedded(self) -> int:
        """Count the passages that are embedded."""
        with self.read() as connection:
            query = "SELECT count(*) FROM passages p JOIN embedded e ON e.sha = p.sha"
            return int(connection.execute(query).fetchone()[0])

    def count_marks(self) -> int:
        """Count the texts that were embedded, each once, those of former documents included."""
        with self.read() as connection:
            return int(connection.execute("SELECT count(*) FROM embedded").fetchone()[0])

    def count_pending(self) -> int:
        """Count the texts that are not embedded, each once."""
        with self.read() as connection:
            return int(connection.execute(f"SELECT count(DISTINCT sha) {_PENDING}").fetchone()[0])

    def pending(self, limit: int) -> dict[str, str]:
        """Return hash and text of what is to be embedded next, in the order in which it came."""
        first = f"SELECT min(key) AS first {_PENDING} GROUP BY sha ORDER BY 1 LIMIT ?"
        query = f"SELECT {_PASSAGE} JOIN ({first}) ON first = p.key ORDER BY p.key"
        with self.read() as connection:
            found = [_passage(row) for row in connection.execute(query, (limit,))]
        texts = (embedded_text(passage.title, passage.text, passage.section) for passage in found)
        return {_hash(text).hex(): text for text in texts}

    def mark_embedded(self, hashes: Collection[str]) -> None:
        """Note that these have a vector now; the caller holds the folder's writer lock."""
        with self.write() as shelf:
            rows = [(bytes.fromhex(value),) for value in hashes]
            shelf.connection.executemany("INSERT OR IGNORE INTO embedded VALUES(?)", rows)

    def forget_embedded(self) -> None:
        """Take all such notes back; the caller holds the folder's writer lock."""
        with self.write() as shelf:
            shelf.connection.execute("DELETE FROM embedded")


class Shelf:
    """The open transaction of a writer.

    Args:
        connection: Connection inside a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def put(self, document: Document) -> Outcome:
        """Add a document, or put it in the place of the one with its id; the same one again changes nothing."""
        sha = _document_sha(document)
        old = self.connection.execute("SELECT key, sha FROM documents WHERE id = ?", (document.id,)).fetchone()
        if old and old[1] == sha:
            return "unchanged"
        if old:
            self.connection.execute("DELETE FROM passages WHERE document = ?", (old[0],))
            self.connection.execute("DELETE FROM documents WHERE key = ?", (old[0],))
        self._insert(old[0] if old else None, document, sha)
        return "replaced" if old else "added"

    def _insert(self, key: int | None, document: Document, sha: bytes) -> None:
        row = (
            key, document.id, document.corpus, document.title, document.text, document.year, "\n".join(document.mesh),
            document.phase, document.status, int(document.note), sha,
        )  # fmt: skip
        cursor = self.connection.execute("INSERT INTO documents VALUES(?,?,?,?,?,?,?,?,?,?,?)", row)
        self.connection.executemany(
            "INSERT INTO passages(document, section, number, start, end, sha) VALUES(?,?,?,?,?,?)",
            [(cursor.lastrowid, *_span_row(document, span)) for span in spans(document)],
        )

    def texts(self, group: Group) -> Iterator[tuple[int, str, str]]:
        """Yield key, title and text of each passage of a group, in the order of the keys."""
        wanted = GROUPS[group]
        marks = ",".join("?" * len(wanted))
        query = f"SELECT {_PASSAGE} WHERE d.corpus IN ({marks}) ORDER BY p.key"
        for key, section, _, start, end, _, _, title, text, *_ in self.connection.execute(query, wanted):
            yield key, title, "" if section == "title" else text[start:end]

    def note(self, name: str, value: str) -> None:
        """Write an entry of the manifest."""
        self.connection.execute("INSERT OR REPLACE INTO manifest VALUES(?, ?)", (name, value))

    def content_sha256(self) -> str:
        """Hash all documents, in an order that does not depend on how they came."""
        digest = hashlib.sha256()
        for identifier, sha in self.connection.execute("SELECT id, sha FROM documents ORDER BY id"):
            digest.update(identifier.encode() + b"\0" + sha)
        return digest.hexdigest()


def _connect(target: Path | str) -> sqlite3.Connection:
    """Open the database; make its tables where they are missing."""
    connection = sqlite3.connect(target, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'embedded'").fetchone():
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise DamagedData(
            f"{target} cannot be read as a library ({error}); move it away and add the files again"
        ) from error
    return connection


def _document_sha(document: Document) -> bytes:
    """Hash what makes a document the same one, and the way it is cut."""
    values = [document.id, document.title, document.text, document.year, document.mesh, document.phase, document.status]
    return hashlib.sha256(json.dumps([CHUNKING, *values, document.note]).encode()).digest()[:16]


def _span_row(document: Document, span: Span) -> tuple[str, int, int, int, bytes]:
    text = section_text(document.title, document.text, span.section)[span.start : span.end]
    sha = _hash(embedded_text(document.title, text, span.section))
    return span.section, span.number, span.start, span.end, sha


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]


def embedded_text(title: str, text: str, section: str) -> str:
    """Return what is embedded of a passage: its document's title and its text."""
    return text if section == "title" or not title else f"{title}\n{text}"


def _document(row: Sequence[Any]) -> Document:
    """Make a document of a row; it was checked when it came in."""
    identifier, corpus, title, text, year, mesh, phase, status, note = row
    return Document.model_construct(
        id=identifier, corpus=corpus, title=title, text=text, year=year,
        mesh=tuple(mesh.split("\n")) if mesh else (), phase=phase, status=status, note=bool(note),
    )  # fmt: skip


def _passage(row: Sequence[Any]) -> Passage:
    """Make a passage of a row."""
    _, section, number, start, end, document, corpus, title, text, year, phase, status, note = row
    body = section_text(title, text, section)[start:end]
    return Passage.model_construct(
        id=passage_id(document, section, number), document_id=document, corpus=corpus, title=title,
        section=section, text=body, start=start, end=end, year=year, phase=phase, status=status, note=bool(note),
        scores={},
    )  # fmt: skip
