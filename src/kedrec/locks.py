"""One writer per folder: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedrec.errors import Busy

__all__ = ["writing"]


@contextmanager
def writing(folder: Path) -> Iterator[int]:
    """Hold the folder's writer lock; the folder is made where it is missing.

    Args:
        folder: Folder that is about to be written.

    Yields:
        The lock's handle; a child process that inherits it holds the lock as long as it lives.

    Raises:
        Busy: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{folder} is being written by another process; wait until it is done, then try again") from None
        yield handle
    finally:
        os.close(handle)
