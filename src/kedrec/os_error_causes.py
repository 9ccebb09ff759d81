"""What the system would not do, reported with what to do about it: a full disk is no damage, and neither is a lock."""

from __future__ import annotations

import errno
import sqlite3

__all__ = ["cause_of"]

_FULL = "the disk is full; free some space and try again: nothing need be deleted or loaded anew"
_READ_ONLY = "it is read-only; make it writable, or name a folder that is (--home DIR), and try again"
_DENIED = "access is denied; give your user the right to read and write it, and try again"
_BUSY = "another process is writing it; wait until it is done and try again"
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: "your share of the disk is used up; free some space and try again",
    errno.EFBIG: "the file would be larger than the system allows; raise that limit and try again",
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EMFILE: "too many files are open; raise that limit (ulimit -n) and try again",
}
_OF_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": "it cannot be opened; give your user the right to read and write it and its folder",
    "SQLITE_PERM": _DENIED,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_IOERR": "the disk does not answer as it should; look whether it is full or failing, and try again",
}


def cause_of(error: BaseException) -> str | None:
    """Say what the system would not do and what helps.

    Args:
        error: of the system, or of SQLite.

    Returns:
        Cause and advice, without the name of the file; None where the error has no such cause, as with damaged data.
    """
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return next((told for code, told in _OF_SQLITE.items() if name == code or name.startswith(f"{code}_")), None)
    return _ADVICE.get(error.errno or 0) if isinstance(error, OSError) else None
