"""Files that are there either whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kedrec.errors import UserError

__all__ = ["staged", "write_whole"]


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A name to write a file under, which becomes the file when all went well.

    Raises:
        UserError: the path is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise UserError(f"{path}: the folder {path.parent} does not exist. Make it first.")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield part
        handle = os.open(part, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write a text file so that it is there either whole or as it was before."""
    with staged(path) as part, part.open("w", encoding="utf-8") as file:
        file.writelines(lines)
