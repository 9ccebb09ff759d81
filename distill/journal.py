"""The append-only record of a run: what was acknowledged is never lost, whatever kills the process."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from kedrec.errors import DamagedData
from kedrec.records import Record

__all__ = ["Journal", "ResultRow", "write_whole"]


class ResultRow(Record):
    """What came of one pair."""

    pair_id: str
    """Id of the item."""
    choice: str | None
    """Id of the chosen candidate."""
    abstained: str | None
    """The reason, where there is no choice."""
    error: dict[str, str] | None
    """`{type, message}`, where the run of this pair failed."""
    trace_id: str | None
    """Its trace; null where not even that could be made."""


class Journal:
    """Rows in the order in which they were finished, one per line; a later row of a pair stands for the earlier.

    Args:
        path: the file; made where missing. A last line that was torn by a kill is cut off.

    Raises:
        DamagedData: if a line that was written to its end is no row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, ResultRow] = {}
        self._file: IO[bytes] = path.open("ab")
        try:
            self._mend()
        except BaseException:
            self._file.close()
            raise

    def append(self, row: ResultRow) -> None:
        """Write a row; when this returns it is on the disk."""
        self._file.write(row.model_dump_json().encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows[row.pair_id] = row

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _mend(self) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            row = self._read(number, line)
            self.rows[row.pair_id] = row

    def _read(self, number: int, line: bytes) -> ResultRow:
        try:
            return ResultRow.model_validate_json(line)
        except ValidationError:
            raise DamagedData(
                f"{self.path}, line {number}: not a row of a journal. Something else wrote into this file; start the"
                " run again with another --out."
            ) from None


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write a text file so that it is there either whole or as it was before."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    with staged.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
