"""JSONL: one object a line.

An article is ``{id: "PMID:…", title, abstract, year?, mesh?}`` (also ``PMC:…`` with ``text`` or ``abstract``, and
articles of other catalogues as ``SOURCE:…``), a trial ``{id: "NCT…", text, phase?, status?, title?}``; either may have
``date``, ``types``, ``retracted: true``, and ``note: true`` where the text is somebody's note on the record. Other
fields are ignored.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kedrec.records import Corpus, Document
from kedrec.tools import dates
from kedrec.tools.sources.escapes import unescaped
from kedrec.tools.sources.items import Item, LeftOut
from kedrec.tools.sources.spelling import normal_phase, normal_status

__all__ = ["identifier", "parse_record", "records"]

_IDS: tuple[tuple[re.Pattern[str], re.Pattern[str], Corpus], ...] = (
    (re.compile(r"(?i)pmc"), re.compile(r"(PMCID:(PMC)?|PMC:?)\d{1,9}"), "pmc"),
    (re.compile(r"(?i)pmid|\d"), re.compile(r"PMID:\d{1,9}"), "pubmed"),
    (re.compile(r"(?i)nct"), re.compile(r"NCT\d{8}"), "trials"),
    (re.compile(r""), re.compile(r"[A-Z][A-Z0-9]*:[A-Za-z0-9][\w.-]*"), "pubmed"),
)
"""How an id begins, what all of it must look like then, and the corpus it tells."""
_HINT = re.compile(rb'"id"\s*:\s*"([\w:.-]{1,60})"')


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
    document = _document(_row(record))
    if clean and (not document.text.strip() or not document.title):
        return [LeftOut(document.id, "no title" if document.text.strip() else "no abstract")]
    return [document]


def _row(line: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise ValueError("not valid UTF-8; convert the file first") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON ({error}); expected one JSON object a line") from None
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, found {_kind(row)}")
    return row


def _document(row: Mapping[str, Any]) -> Document:
    identifier = _text(row, "id", needed=True)
    corpus = _corpus(identifier)
    field = "abstract" if corpus == "pubmed" or (corpus == "pmc" and "text" not in row) else "text"
    title, text = _text(row, "title").strip(), _text(row, field, needed=True)
    if not title and not text.strip():
        raise ValueError(f"{identifier}: neither title nor {field} holds any text")
    if corpus == "trials":
        title, text = unescaped(title), unescaped(text)
    return Document(
        id=identifier, corpus=corpus, title=title, text=text, year=_year(row), mesh=_strings(row, "mesh"),
        phase=normal_phase(row.get("phase")), status=normal_status(row.get("status")), note=_truth(row, "note"),
        date=_date(row), types=_strings(row, "types"), retracted=_truth(row, "retracted"),
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


def _date(row: Mapping[str, Any]) -> str | None:
    value = row.get("date")
    if value is None or value == "":
        return None
    date = dates.as_written(str(value))
    if date is None or isinstance(value, bool):
        raise ValueError(f"field `date` should be such as 2015-06-30, 2015-06 or 2015, found {str(value)[:40]!r}")
    return date


def _strings(row: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = row.get(field) or ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(term, str) for term in value):
        raise ValueError(f"field `{field}` should be a list of strings")
    return tuple(term.strip() for term in value if term.strip())


def _truth(row: Mapping[str, Any], field: str) -> bool:
    value = row.get(field, False)
    if not isinstance(value, bool):
        raise ValueError(f"field `{field}` should be true or false, found {_kind(value)}")
    return value
