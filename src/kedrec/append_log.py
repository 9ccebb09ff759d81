"""Append-only files of lines: what was written whole is kept, whatever kills the writer."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

__all__ = ["AppendLog", "LineTail", "whole_lines"]


class AppendLog:
    """Lines appended to a file by one process, which others may read meanwhile.

    Args:
        path: the file; made where missing. A last line that was torn by a kill is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] = path.open("ab")
        size = sum(len(line) + 1 for line in whole_lines(path))
        if size < self._file.tell():
            self._file.truncate(size)

    def append(self, lines: Iterable[str], *, synced: bool) -> None:
        """Write lines; a kill of this process loses none of them when this returns, nor, if synced, a power cut."""
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()
        if synced:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class LineTail:
    """Lines that another process appends to a file, as they come.

    Args:
        path: the file; need not exist yet.

    Attributes:
        count: lines read so far.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.count, self._end = path, 0, 0

    def read(self) -> list[bytes]:
        """The lines that were written to their end since the last call, without their line feeds."""
        if not self.path.is_file():
            return []
        with self.path.open("rb") as file:
            file.seek(self._end)
            *lines, _ = file.read().split(b"\n")
        self._end += sum(map(len, lines)) + len(lines)
        self.count += len(lines)
        return lines


def whole_lines(path: Path) -> list[bytes]:
    """The lines of a file that were written to their end, without their line feeds; none where there is no file."""
    return LineTail(path).read()
