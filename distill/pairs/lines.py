"""The lines of a pairs file, JSON lines or a table, each as an item in the form of JSON lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kedrec.characters import mended
from kedrec.errors import InputError

__all__ = ["EXPECTED", "NumberedItem", "content_of", "items_of"]

NumberedItem = tuple[int, dict[str, Any]]
"""Line number, and `disease`, `candidates` and whatever else stands there."""

EXPECTED = "Expected JSON lines with `disease` and `candidates`, or a table with the columns disease, drug, drug"
_TABLES = {".csv", ".tsv", ".tab"}
_COLUMNS = {
    "disease": re.compile(r"(disease|condition|indication)([ _-]?(name|id))?"),
    "drug": re.compile(r"(drug|candidate|compound|treatment|medicine)([ _-]?(name|id))?([ _-]?(\d+|[a-j]))?"),
    "answer": re.compile(r"(correct |right )?answer|better"),
    "id": re.compile(r"id|pair([ _-]?id)?|item"),
    "split": re.compile(r"split"),
    "negative_kind": re.compile(r"negative[ _]kind"),
}  # fmt: skip
_WITHOUT_HEADER = ("disease", "drug", "drug", "answer")


def content_of(path: Path) -> str:
    """The text of a pairs file, plain or .gz.

    Raises:
        InputError: there is none that can be read.
    """
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(path, "there is no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(path, f"cannot be read as JSON lines or a table in UTF-8: {reason}") from None


def items_of(path: Path, content: str) -> Iterator[NumberedItem]:
    """The items of a pairs file.

    Raises:
        InputError: with the line number, if a line holds none.
    """
    # By the name, and where that says nothing by the first character.
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"][-1:]
    if suffixes and (suffixes[0] in _TABLES or suffixes[0].startswith(".json")):
        is_table = suffixes[0] in _TABLES
    else:
        is_table = not content.lstrip().startswith(("{", "[")) and bool(content.strip())
    return _of_table(path, content) if is_table else _of_json(path, content)


def _of_json(path: Path, content: str) -> Iterator[NumberedItem]:
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                row = mended(json.loads(line))
            except json.JSONDecodeError as error:
                raise InputError(path, f"not JSON: {error.msg}. {EXPECTED}.", number) from None
            if not isinstance(row, dict):
                raise InputError(path, "not an object with `disease` and `candidates`.", number)
            yield number, row


def _of_table(path: Path, content: str) -> Iterator[NumberedItem]:
    columns: Sequence[str | None] | None = None
    for number, cells in _rows(path, content):
        if columns is None:
            # What each column holds, where the row says so: at least a disease and a drug.
            columns = [_meaning(cell.lower()) for cell in cells]
            columns = columns if {"disease", "drug"} <= set(columns) else None
            if columns is not None:
                continue
            columns = _WITHOUT_HEADER
        if len(cells) > len(columns):
            raise InputError(path, _too_many(len(cells), columns), number)
        filled = [(name, cell) for name, cell in zip(columns, cells, strict=False) if name and cell]
        drugs = [cell for name, cell in filled if name == "drug"]
        others = {name: cell for name, cell in reversed(filled) if name != "drug"}
        yield number, {**others, "candidates": drugs}


def _rows(path: Path, content: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line on which it ends."""
    # The delimiter is the one of which the first line holds most.
    first = next((line for line in content.splitlines() if line.strip()), "")
    reader = csv.reader(
        io.StringIO(content, newline=""),
        delimiter="\t" if "\t" in first else max(",;", key=first.count),
        skipinitialspace=True,
    )
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise InputError(path, f"no row of a table: {error}.", reader.line_num) from None


def _meaning(cell: str) -> str | None:
    return next((name for name, pattern in _COLUMNS.items() if pattern.fullmatch(cell)), None)


def _too_many(found: int, columns: Sequence[str | None]) -> str:
    if columns is _WITHOUT_HEADER:
        return (
            f"{found} columns, and no header that says what they hold. Without one: disease, drug, drug, answer."
            " A name with a comma in it stands in quotes."
        )
    return f"{found} columns, the header has {len(columns)}. A name with a comma in it stands in quotes."
