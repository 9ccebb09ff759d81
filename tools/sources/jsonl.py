"""JSONL: one object a line.

An article is ``{id: "PMID:…", title, abstract, year?, mesh?}`` (also ``PMC:…`` with ``text`` or ``abstract``, and
articles of other catalogues as ``DOI:…`` or ``SOURCE:…``), a trial ``{id: "NCT…", text, phase?, status?, title?}``;
either may have ``date``, ``types``, ``retracted: true``, and ``note: true`` where the text is somebody's note on the
record. Other fields are ignored. A year, date, phase, status or list that is not understood is left out, the rest kept.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kedrec.characters import mended
from kedrec.records import Corpus, Document
from kedrec.tools.markup.escapes import unescaped
from kedrec.tools.sources import dates
from kedrec.tools.sources.dois import DOI_ID, doi_id
from kedrec.tools.sources.record_types import Dropped, Item, LeftOut
from kedrec.tools.sources.trial_vocabulary import normal_phase, normal_status, understood

__all__ = ["identifier", "parse_record", "records"]

_IDS: tuple[tuple[re.Pattern[str], re.Pattern[str], Corpus], ...] = (
    (re.compile(r"(?i)pmc"), re.compile(r"(PMCID:(PMC)?|PMC:?)\d{1,9}"), "pmc"),
    (re.compile(r"(?i)pmid|\d"), re.compile(r"PMID:\d{1,9}"), "pubmed"),
    (re.compile(r"(?i)nct"), re.compile(r"NCT\d{8}"), "trials"),
    (re.compile(r"(?i)doi:"), DOI_ID, "pubmed"),
    (re.compile(r""), re.compile(r"[A-Z][A-Z0-9]*:[A-Za-z0-9][\w.-]*"), "pubmed"),
)
"""How an id begins, what all of it must look like then, and the corpus it tells."""
_HINT = re.compile(rb'"id"\s*:\s*"([^"\\\s]{1,200})"')


def records(stream: io.BufferedReader) -> Iterator[bytes]:
    """Yield the lines of a file."""
    first = True
    for line in stream:
        yield line.removeprefix(b"\xef\xbb\xbf") if first else line
        first = False


def identifier(record: bytes) -> str:
    """Return the id of a line as far as it can be made out without reading it."""
    found = _HINT.search(record)
    return found[1].decode() if found else ""


def parse_record(record: bytes, clean: bool = False) -> list[Item]:
    """Read one line; a blank one holds nothing.

    Args:
        record: The line, UTF-8.
        clean: Whether to leave out what has no title or no text.

    Raises:
        ValueError: the line is no object of a known form.
    """
    if not record.strip():
        return []
    try:
        row = mended(json.loads(record.decode("utf-8")))
    except UnicodeError:
        raise ValueError("not valid UTF-8; convert the file first") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON ({error}); expected one JSON object a line") from None
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, found {_kind(row)}")
    document, dropped = _document(row)
    if clean and (not document.text.strip() or not document.title):
        return [LeftOut(document.id, "no title" if document.text.strip() else "no abstract")]
    return [document, *(replace(one, id=document.id) for one in dropped)]


def _document(row: Mapping[str, Any]) -> tuple[Document, list[Dropped]]:
    """Read a row, and note each field that is not understood."""
    identifier = _text(row, "id", needed=True)
    corpus = _corpus(identifier)
    identifier = doi_id(identifier) or identifier
    field = "abstract" if corpus == "pubmed" or (corpus == "pmc" and "text" not in row) else "text"
    title, text = _text(row, "title").strip(), _text(row, field, needed=True)
    if not title and not text.strip():
        raise ValueError(f"{identifier}: neither title nor {field} holds any text")
    if corpus == "trials":
        title, text = unescaped(title), unescaped(text)
    dropped = list[Dropped]()

    def optional(name: str, read: Callable[[Any], Any]) -> Any:
        return understood(read, name, row.get(name), dropped)

    document = Document(
        id=identifier, corpus=corpus, title=title, text=text, year=optional("year", _year),
        mesh=optional("mesh", _strings) or (), phase=optional("phase", normal_phase),
        status=optional("status", normal_status), note=_truth(row, "note"), date=optional("date", _date),
        types=optional("types", _strings) or (), retracted=_truth(row, "retracted"),
    )  # fmt: skip
    return document, dropped


def _corpus(identifier: str) -> Corpus:
    for beginning, whole, corpus in _IDS:
        if beginning.match(identifier):
            if whole.fullmatch(identifier):
                return corpus
            break
    expected = "expected PMID:12345678, PMC:1234567, NCT01234567 or, for an article, DOI:10.1000/x or SOURCE:id"
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


def _year(value: Any) -> int | None:
    if value is None or value == "":
        return None
    years = set(re.findall(r"(?<!\d)(?:1[5-9]|2[01])\d\d(?!\d)", str(value)))
    if len(years) != 1 or not isinstance(value, (int, float, str)):
        raise ValueError("not one year")
    return int(years.pop())


def _date(value: Any) -> str | None:
    if value is None or value == "":
        return None
    date = dates.as_written(str(value))
    if date is None:
        raise ValueError("no date")
    return date


def _strings(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    listed = re.split(r"[;|]", value) if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)) or not all(isinstance(term, str) for term in listed):
        raise ValueError("no list of strings")
    return tuple(term.strip() for term in listed if term.strip())


def _truth(row: Mapping[str, Any], field: str) -> bool:
    value = False if row.get(field) is None else row[field]
    if not isinstance(value, bool):
        raise ValueError(f"field `{field}` should be true or false, found {_kind(value)}")
    return value
