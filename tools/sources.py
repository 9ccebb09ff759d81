"""Documents out of files: JSONL, plain or gzipped.

One object a line, an article as ``{id: "PMID:…", title, abstract, year?, mesh?}`` (also ``PMC:…`` with ``text`` or
``abstract``, and articles of other catalogues as ``SOURCE:…``), a trial as ``{id: "NCT…", text, phase?, status?,
title?}``, either with ``note: true`` where the text is somebody's note on the record. Other fields are ignored. Phase
and status are brought to one spelling. The first line that does not fit ends the reading with its number.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal

from kedrec.errors import InputError
from kedrec.records import Corpus, Document

__all__ = ["FORMATS", "Format", "normal_phase", "normal_status", "parse_document", "read_documents"]

Format = Literal["auto", "jsonl"]
FORMATS: tuple[Format, ...] = ("auto", "jsonl")
"""Formats that `read_documents` knows; `auto` looks into the file."""

_IDS: tuple[tuple[re.Pattern[str], re.Pattern[str], Corpus], ...] = (
    (re.compile(r"(?i)pmc"), re.compile(r"(PMCID:(PMC)?|PMC:?)\d{1,9}"), "pmc"),
    (re.compile(r"(?i)pmid|\d"), re.compile(r"PMID:\d{1,9}"), "pubmed"),
    (re.compile(r"(?i)nct"), re.compile(r"NCT\d{8}"), "trials"),
    (re.compile(r""), re.compile(r"[A-Z][A-Z0-9]*:[A-Za-z0-9][\w.-]*"), "pubmed"),
)
"""How an id begins, what all of it must look like then, and the corpus it tells."""
_NO_PHASE = {"", "na", "notapplicable", "none"}
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_STATUS_NAMES = {"unknown status": "unknown"}


def read_documents(
    path: Path, format: Format = "auto", on_bytes: Callable[[int], None] | None = None
) -> Iterator[Document]:
    """Read the documents of a file one by one.

    Args:
        path: JSONL file, gzipped or not; what is inside decides, not the name.
        format: `auto` or `jsonl`.
        on_bytes: called now and then with the position in the file as stored, in bytes.

    Yields:
        The documents in the order of the file; an id that comes twice comes twice.

    Raises:
        InputError: the file is missing, empty, cut off or no JSONL, or a line does not fit; with the line's number.
    """
    if format not in FORMATS:
        raise InputError(path, f"unknown format {format!r}; formats: {', '.join(FORMATS)}")
    number = 0
    with _open(path) as raw:
        for number, line in enumerate(_lines(path, raw), 1):
            if line.strip():
                yield parse_document(path, number, line)
            if on_bytes and number % 500 == 0:
                on_bytes(raw.tell())
    if number == 0:
        raise InputError(path, "the file is empty; expected one JSON object a line")


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(path, "there is no such file") from None
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None


def _lines(path: Path, raw: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, unpacked where the file is gzipped."""
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    if path.suffix == ".gz" and not zipped and raw.read(1):
        raise InputError(path, "named .gz but not gzipped; rename it or fetch it again")
    raw.seek(0)
    number = 0
    try:
        for line in gzip.GzipFile(fileobj=raw) if zipped else raw:
            number += 1
            yield line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(path, f"the gzip data is damaged or cut off ({error}); fetch it again", number + 1) from error


def parse_document(path: Path, number: int, line: bytes) -> Document:
    """Read one line of JSONL.

    Args:
        path: The file, for the message.
        number: Number of the line, from 1.
        line: The line as bytes, UTF-8.

    Raises:
        InputError: the line is no object of a known form.
    """
    try:
        row = json.loads(line.decode("utf-8"))
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise InputError(path, "not valid UTF-8; convert the file first", number) from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"not valid JSON ({error}); expected one JSON object a line", number) from None
    if not isinstance(row, dict):
        raise InputError(path, f"expected a JSON object, found {_kind(row)}", number)
    try:
        return _document(row)
    except ValueError as error:
        raise InputError(path, str(error), number) from None


def _document(row: Mapping[str, Any]) -> Document:
    identifier = _text(row, "id", needed=True)
    corpus = _corpus(identifier)
    field = "abstract" if corpus == "pubmed" or (corpus == "pmc" and "text" not in row) else "text"
    title, text = _text(row, "title").strip(), _text(row, field, needed=True)
    if not title and not text.strip():
        raise ValueError(f"{identifier}: neither title nor {field} holds any text")
    return Document(
        id=identifier, corpus=corpus, title=title, text=text, year=_year(row), mesh=_mesh(row),
        phase=normal_phase(row.get("phase")), status=normal_status(row.get("status")), note=_note(row),
    )  # fmt: skip


def _corpus(identifier: str) -> Corpus:
    for beginning, whole, corpus in _IDS:
        if beginning.match(identifier):
            if whole.fullmatch(identifier):
                return corpus
            break
    expected = "expected PMID:12345678, PMC:1234567, NCT01234567 or, for an article, SOURCE:id"
    raise ValueError(f"unknown id {identifier[:60]!r}; {expected}")


def _kind(value: object) -> str:
    return {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}.get(
        type(value), "a number"
    )


def _text(row: Mapping[str, Any], field: str, needed: bool = False) -> str:
    value = row.get(field)
    if value is None and not needed:
        return ""
    if field not in row:
        raise ValueError(f"field `{field}` is missing; found {', '.join(map(str, row)) or 'nothing'}"[:200])
    if not isinstance(value, str):
        raise ValueError(f"field `{field}` should be a string, found {_kind(value)}")
    return value


def _year(row: Mapping[str, Any]) -> int | None:
    value = row.get("year")
    if value is None or value == "":
        return None
    found = re.fullmatch(r"(1[5-9]\d\d|2[01]\d\d)(-\d\d?){0,2}", str(value).strip())
    if not found or isinstance(value, bool):
        raise ValueError(f"field `year` should be a year such as 2021, found {str(value)[:40]!r}")
    return int(found[1])


def _mesh(row: Mapping[str, Any]) -> tuple[str, ...]:
    value = row.get("mesh") or ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(term, str) for term in value):
        raise ValueError("field `mesh` should be a list of strings")
    return tuple(term.strip() for term in value if term.strip())


def _note(row: Mapping[str, Any]) -> bool:
    value = row.get("note", False)
    if not isinstance(value, bool):
        raise ValueError(f"field `note` should be true or false, found {_kind(value)}")
    return value


def normal_phase(value: object) -> str | None:
    """Bring a trial's phase to one spelling.

    Args:
        value: `PHASE2`, `phase 1/phase 2`, `PHASE1, PHASE2`, `Early Phase 1`, `Phase II`, `N/A`, a list of such, or
            None.

    Returns:
        `1`, `1/2`, `2`, `2/3`, `3` or `4` and the like; None where there is no phase.

    Raises:
        ValueError: the value is none of these.
    """
    words = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value if value is not None else "")
    if re.sub(r"[^a-z]", "", words.lower()) in _NO_PHASE and not re.search(r"\d", words):
        return None
    rest = re.sub(r"early|phase|and|[\s_,/|&-]+", " ", words.lower()).split()
    digits = [_ROMAN.get(word, "1" if word == "0" else word) for word in rest]
    if not digits or not all(digit in {"1", "2", "3", "4"} for digit in digits):
        raise ValueError(f"field `phase` is not understood: {words[:60]!r}; expected such as PHASE2 or phase 1/phase 2")
    return "/".join(sorted(set(digits)))


def normal_status(value: object) -> str | None:
    """Bring a trial's status to one spelling.

    Args:
        value: `ACTIVE_NOT_RECRUITING`, `active, not recruiting`, … or None.

    Returns:
        Lower-case words without commas, `active not recruiting`; None where there is none.

    Raises:
        ValueError: the value is no string.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"field `status` should be a string, found {_kind(value)}")
    words = " ".join(re.sub(r"[_,]", " ", value.lower()).split())
    return _STATUS_NAMES.get(words, words) or None
