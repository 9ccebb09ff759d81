"""Reports that `kedrec eval selection --json` wrote into the folder `results` of the home."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kedrec.eval.selection import SelectionReport
from kedrec.records import Record

__all__ = ["FOLDER", "Reports", "SavedReport", "read_reports"]

FOLDER = "results"
"""Where they lie, below the home."""
MOST_BYTES = 4_000_000
"""Of a file that is read."""


class SavedReport(Record):
    """One report."""

    name: str
    """Name of its file without the suffix, and its number where the file holds several."""
    report: SelectionReport
    """What was measured."""


class Reports(Record):
    """All reports of a home."""

    measured: tuple[SavedReport, ...]
    """By the names of their files."""
    skipped: tuple[str, ...]
    """Files that hold no such report, and why."""


def read_reports(home: Path) -> Reports:
    """The reports of a home; none where the folder is not there."""
    measured, skipped = list[SavedReport](), list[str]()
    for path in sorted((home / FOLDER).glob("*.json")):
        try:
            measured += _read(path)
        except (OSError, ValueError, ValidationError) as error:
            skipped.append(f"{path.name}: {_why(error)}")
    return Reports(measured=tuple(measured), skipped=tuple(skipped))


def _read(path: Path) -> Iterator[SavedReport]:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES:,} bytes")
    held: Any = json.loads(path.read_text("utf-8"))
    rows = held if isinstance(held, list) else [held]
    for number, row in enumerate(rows, 1):
        name = path.stem if len(rows) == 1 else f"{path.stem} {number}"
        yield SavedReport(name=name, report=SelectionReport.model_validate(row))


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"no report of `kedrec eval selection --json`: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
