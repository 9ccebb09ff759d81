"""Any file of literature, record by record: its form found by what is inside, its records read one at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from kedrec.errors import InputError
from kedrec.records import Document
from kedrec.tools.sources import clinicaltrials_json, clinicaltrials_xml, jats, jsonl, pubmed_xml
from kedrec.tools.sources.record_types import Item, Rejected
from kedrec.tools.streams.archives import ArchiveMember, opened, parts
from kedrec.tools.streams.xml_stream import root_tag

__all__ = ["FORMATS", "Format", "ReadRecord", "Reading", "read", "read_documents"]

Format = Literal["auto", "jsonl", "pubmed-xml", "jats", "clinicaltrials-json", "clinicaltrials-xml"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""Formats that are read; `auto` looks into the file."""
_HEAD = 1 << 16
_BYTES_EVERY = 200
_FIRST_KEY = re.compile(rb'\s*\[?\s*\{\s*"(\w+)"')


@dataclass(frozen=True)
class Reading:
    """How a file is to be read."""

    format: Format = "auto"
    """Its format."""
    clean: bool | None = None
    """Whether to leave out what has no title or no abstract; None: all but JSONL."""
    lenient: bool | None = None
    """Whether to pass over records that cannot be read; None: all but JSONL."""


@dataclass(frozen=True)
class ReadRecord:
    """One record."""

    number: int
    """Place among all records of the file, from 1."""
    items: tuple[Item, ...]
    """What it turned out to be; a list of deletions is several things, a blank line none."""


@dataclass(frozen=True)
class _Kind:
    """A format."""

    records: Callable[[io.BufferedReader], Iterator[Any]]
    """Cuts a stream into records."""
    identifier: Callable[[Any], str]
    """Guesses the id of a record that cannot be read."""
    parse: Callable[[Any, bool], list[Item]]
    """Reads a record; the second argument says whether to leave out what is incomplete."""
    word: str = "record"
    """What its records are called."""
    strict: bool = False
    """Whether one bad record ends the reading, and incomplete ones are kept, unless asked otherwise."""


_KINDS: dict[Format, _Kind] = {
    "jsonl": _Kind(jsonl.records, jsonl.identifier, jsonl.parse_record, "line", strict=True),
    "pubmed-xml": _Kind(pubmed_xml.records, pubmed_xml.identifier, pubmed_xml.parse_record),
    "jats": _Kind(jats.records, jats.identifier, jats.parse_record),
    "clinicaltrials-json": _Kind(
        clinicaltrials_json.records, clinicaltrials_json.identifier, clinicaltrials_json.parse_record
    ),
    "clinicaltrials-xml": _Kind(
        clinicaltrials_xml.records, clinicaltrials_xml.identifier, clinicaltrials_xml.parse_record
    ),
}
_ROOTS: dict[str, Format] = {
    **dict.fromkeys(pubmed_xml.ROOTS, "pubmed-xml"),
    **dict.fromkeys(jats.ROOTS, "jats"),
    **dict.fromkeys(clinicaltrials_xml.ROOTS, "clinicaltrials-xml"),
}


def read_documents(
    path: Path, format: Format = "auto", on_bytes: Callable[[int], None] | None = None
) -> Iterator[Document]:
    """Read the documents of a file one by one.

    Args:
        path: File of any of the formats, plain, compressed or an archive; what is inside decides, not the name.
        format: One of FORMATS.
        on_bytes: called now and then with the position in the file as stored, in bytes.

    Yields:
        The documents in the order of the file; an id that comes twice comes twice.

    Raises:
        InputError: as `read` does.
    """
    for found in read(path, Reading(format), on_bytes=on_bytes):
        yield from (item for item in found.items if isinstance(item, Document))


def read(
    path: Path, how: Reading | None = None, skip: int = 0, on_bytes: Callable[[int], None] | None = None
) -> Iterator[ReadRecord]:
    """Read the records of a file one by one, in constant memory.

    Args:
        path: File of any of the formats, plain, compressed or an archive.
        how: How to read it.
        skip: Records to pass over at the beginning; they are not looked into.
        on_bytes: called now and then with the position in the file as stored, in bytes.

    Raises:
        InputError: the file is missing, empty, damaged, truncated or of an unknown format; or a record cannot be read
            and is not to be skipped (the error has its line number if the file has lines).
    """
    how = how or Reading()
    if how.format not in FORMATS:
        raise InputError(path, f"unknown format {how.format!r}; formats: {', '.join(FORMATS)}")
    number = 0
    with opened(path) as raw:
        for place, kind, record in _records(path, parts(path, raw), how):
            number += 1
            if number > skip:
                yield ReadRecord(number, tuple(_items(path, place, kind, record, how)))
            if on_bytes and number % _BYTES_EVERY == 0:
                on_bytes(raw.tell())
    if number == 0:
        raise InputError(path, "the file holds no records; expected articles or trials")


def _records(
    path: Path, members: Iterator[ArchiveMember], how: Reading
) -> Iterator[tuple[tuple[str, int], _Kind | None, Any]]:
    """Yield where each record stands, its format and the record; no format for a member whose form is unknown."""
    for part in members:
        # The format of a stream; None for a member of an archive that has none.
        if how.format != "auto":
            kind: _Kind | None = _KINDS[how.format]
        else:
            head = part.stream.peek(_HEAD)[:_HEAD]
            found = _told(head)
            if found is None and not part.name:
                raise _unknown(path, head)
            kind = _KINDS[found] if found else None
        if kind is None:
            yield (part.name, 0), None, None
            continue
        try:
            for number, record in enumerate(kind.records(part.stream), 1):
                yield (part.name, number), kind, record
        except UnicodeDecodeError:
            raise
        except ValueError as error:
            raise InputError(path, f"{part.name}: {error}".removeprefix(": ")) from None


def _told(head: bytes) -> Format | None:
    """Tell a format by the first bytes of a stream."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.lstrip().startswith(b"<"):
        return _ROOTS.get(root_tag(head))
    if b"\0" in head:
        return None
    key = _FIRST_KEY.match(head)
    if key and key[1].decode() in clinicaltrials_json.FIRST_KEYS:
        return "clinicaltrials-json"
    return "jsonl" if head.strip() else None


def _unknown(path: Path, head: bytes) -> InputError:
    if not head.strip():
        return InputError(path, "the file is empty; expected articles or trials")
    if b"\0" in head:
        return InputError(path, "it is no text but data of an unknown kind; export it as XML, JSON or JSONL first")
    known = ", ".join(f"<{root}>" for root in _ROOTS)
    return InputError(path, f"XML of an unknown kind, <{root_tag(head)}>; known: {known}", 1)


def _items(path: Path, place: tuple[str, int], kind: _Kind | None, record: Any, how: Reading) -> list[Item]:
    """Read one record, as leniently as asked."""
    member, number = place
    if kind is None:
        return [Rejected(member, "", "none of the known formats")]
    try:
        return kind.parse(record, not kind.strict if how.clean is None else how.clean)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        where = f"{kind.word} {number}"
        if kind.strict if how.lenient is None else not how.lenient:
            problem = reason if kind.word == "line" else f"{where}: {reason}"
            raise InputError(
                path, f"{member}: {problem}" if member else problem, number if kind.word == "line" else None
            ) from None
        return [Rejected(f"{member}, {where}" if member else where, kind.identifier(record), reason)]
