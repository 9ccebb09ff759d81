"""What went wrong with the disk, in words: full, read-only, not ours, or truly damaged.

Only for damaged data a message says to move it away; a full disk or a read-only folder harms nothing.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedrec.errors import DamagedData, KedrecError, WorkError

__all__ = ["disk_errors_explained", "explained", "is_fixed"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_LITTLE = 1 << 20
"""Bytes free below which a failed write is taken for a full disk."""


@contextmanager
def disk_errors_explained(place: Path) -> Iterator[None]:
    """Turn what the disk and SQLite report into an error that names the cause and what to do.

    Args:
        place: What is read or written.

    Raises:
        WorkError: the disk is full or fails, or may not be written.
        DamagedData: the database is damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, place) from error
    except OSError as error:
        if error.errno in _FULL | _FORBIDDEN | {errno.EIO} or " written" in str(error):
            raise explained(error, Path(error.filename or place)) from error
        raise


def explained(error: Exception, place: Path) -> KedrecError:
    """Return the error to raise for what was reported.

    Args:
        error: The report.
        place: What is read or written.
    """
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    number = error.errno if isinstance(error, OSError) else None
    if code == sqlite3.SQLITE_FULL or number in _FULL or (_failed(code, error) and _free(place) < _LITTLE):
        return _full(place)
    if code in _READ_ONLY or number in _FORBIDDEN:
        return WorkError(
            f"{place} cannot be opened for writing ({_said(error)}); nothing is damaged. Give this user the right to "
            "write the folder and what is in it, or choose another home with --home DIR"
        )
    if code in _BUSY:
        return WorkError(f"{place} is held by another process ({_said(error)}); wait until it is done, then try again")
    if _failed(code, error):
        return WorkError(
            f"{place} could not be read or written ({_said(error)}); look at the disk and at limits on the size of "
            "files, then run the same command again"
        )
    return DamagedData(f"{place} is damaged ({_said(error)}); move it away and add the files again")


def is_fixed(file: Path) -> bool:
    """Say whether a database lies on a read-only file system and is whole without a journal: nobody can change it."""
    try:
        fixed = bool(os.statvfs(file).f_flag & os.ST_RDONLY)
        journal = file.with_name(f"{file.name}-wal")
        return fixed and not (journal.exists() and journal.stat().st_size)
    except OSError:
        return False


def _failed(code: int, error: Exception) -> bool:
    return code == sqlite3.SQLITE_IOERR or isinstance(error, OSError)


def _full(place: Path) -> KedrecError:
    return WorkError(
        f"{place} could not be written: the disk is full ({_free(place) / 1e6:,.1f} MB free). What was there before is "
        "unharmed; free some space, then run the same command again"
    )


def _free(place: Path) -> int:
    there = next((folder for folder in (place, *place.parents) if folder.exists()), Path("/"))
    return shutil.disk_usage(there).free


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
