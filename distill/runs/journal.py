"""The append-only record of a run: what was acknowledged is never lost, whatever kills the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from kedrec.append_log import AppendLog, whole_lines
from kedrec.errors import DamagedData
from kedrec.records import Record

__all__ = ["Journal", "ResultRow", "read_rows", "rows_of"]


class ResultRow(Record):
    """The outcome of one pair."""

    pair_id: str
    """Id of the item."""
    choice: str | None
    """Id of the chosen candidate."""
    leaning: str | None = None
    """Id of the candidate that the evidence leans to, where it was too close to call."""
    abstained: str | None
    """The reason, where there is no choice."""
    error: dict[str, str] | None
    """`{type, message}`, where the run of this pair failed."""
    trace_id: str | None
    """Its trace; null where not even that could be made."""
    finished: float = 0.0
    """When, in seconds since 1970; in the journal only."""


class _Rows(Mapping[str, ResultRow]):
    """The latest row of each pair, held as JSON: a fifth of the memory that records take."""

    def __init__(self) -> None:
        self._lines: dict[str, bytes] = {}

    def take(self, row: ResultRow) -> None:
        """Put a row in place of an earlier one of its pair."""
        self._lines[row.pair_id] = row.model_dump_json().encode()

    def __getitem__(self, pair_id: str) -> ResultRow:
        return ResultRow.model_validate_json(self._lines[pair_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


class Journal:
    """Rows in the order in which they were finished, one per line; a later row of a pair stands for the earlier.

    Args:
        path: the file; made where missing. A last line that was torn by a kill is cut off.

    Raises:
        DamagedData: if a line that was written to its end is no row.
    """

    def __init__(self, path: Path) -> None:
        self.rows = _Rows()
        self.tries: Counter[str] = Counter()
        self._take(read_rows(path))
        self._file = AppendLog(path)

    def append(self, rows: Sequence[ResultRow]) -> None:
        """Write rows; when this returns they are on the disk."""
        self._file.append((row.model_dump_json() for row in rows), synced=True)
        self._take(rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _take(self, rows: Iterable[ResultRow]) -> None:
        for row in rows:
            self.rows.take(row)
            self.tries[row.pair_id] += 1


def read_rows(path: Path) -> list[ResultRow]:
    """The rows of a journal in the order in which they were written, also while another process writes it.

    Args:
        path: the journal; need not exist.

    Raises:
        DamagedData: if a line that was written to its end is no row.
    """
    return rows_of(path, whole_lines(path))


def rows_of(path: Path, lines: Sequence[bytes], start: int = 0) -> list[ResultRow]:
    """Lines of a journal as rows.

    Args:
        path: the journal.
        lines: whole ones.
        start: number of lines before them.

    Raises:
        DamagedData: if one is no row.
    """
    return [_row(path, number, line) for number, line in enumerate(lines, start + 1)]


def _row(path: Path, number: int, line: bytes) -> ResultRow:
    try:
        return ResultRow.model_validate_json(line)
    except ValidationError:
        raise DamagedData(
            f"{path}, line {number}: not a row of a journal. Something else wrote into this file; start the"
            " run again with another --out."
        ) from None
