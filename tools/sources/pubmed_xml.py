"""PubMed's XML: the yearly baseline, the daily updates, and what E-utilities' `efetch` returns.

A citation's text is its abstract, with the labels of a structured one (`METHODS: …`), a line each. It is retracted
where its publication types say so or a comment of type `RetractionIn` names the notice. Revisions are distinguished by
the citation's version and the day of its last revision.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kedrec.records import Document
from kedrec.tools.markup.inline import written
from kedrec.tools.sources import dates
from kedrec.tools.sources.record_types import Deleted, Item, LeftOut
from kedrec.tools.streams.xml_stream import elements, parse, text_of

__all__ = ["ROOTS", "citation", "identifier", "parse_record", "records"]

ROOTS = ("PubmedArticleSet", "MedlineCitationSet", "PubmedArticle", "PubmedBookArticle", "MedlineCitation")
"""Outermost tags of such files."""
_RECORDS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
_FORMER = ("MedlineCitation", "DeleteCitation")
"""Tags of the records up to 2016, and in excerpts."""
_PMID = re.compile(rb"<PMID[^>]*>\s*(\d{1,9})\s*</PMID>")
_NO_TITLE = re.compile(r"(?i)\W*not available\W*")
"""What stands in place of an English title if there is none."""
_RETRACTED = "Retracted Publication"
_NOTICES = "CommentsCorrectionsList/CommentsCorrections[@RefType='RetractionIn']"


def records(stream: io.BufferedReader) -> Iterator[bytes]:
    """Yield the citations and lists of deletions of a file, unparsed."""
    head = bytes(stream.peek(1 << 16))
    former = re.search(rb"<(MedlineCitationSet|MedlineCitation)[\s>]", head) and b"<PubmedArticle" not in head
    yield from elements(stream, _FORMER if former else _RECORDS)


def identifier(record: bytes) -> str:
    """Return the id of a record as far as it can be made out without parsing it."""
    found = _PMID.search(record)
    return f"PMID:{found[1].decode()}" if found else ""


def parse_record(record: bytes, clean: bool = True) -> list[Item]:
    """Read one record.

    Args:
        record: As `records` yields it.
        clean: Whether to leave out what has no title or no abstract.

    Raises:
        ValueError: it is not well-formed or has no PMID.
    """
    root = parse(record)
    if root.tag == "DeleteCitation":
        return [Deleted(f"PMID:{text_of(element)}") for element in root.findall("PMID")]
    document = citation(root)
    # What is missing that would be needed; empty where nothing is.
    if clean and not document.title:
        missing = "no title"
    else:
        missing = "no abstract" if not document.text and (clean or not document.title) else ""
    return [LeftOut(document.id, missing)] if missing else [document]


def citation(root: Element) -> Document:
    """Read a citation.

    Args:
        root: `PubmedArticle`, `PubmedBookArticle` or `MedlineCitation`.

    Raises:
        ValueError: it has no PMID.
    """
    body = root if root.tag == "MedlineCitation" else root[0] if len(root) else root
    pmid = body.find("PMID")
    number = text_of(pmid)
    if pmid is None or not re.fullmatch(r"\d{1,9}", number):
        raise ValueError("it has no PMID")
    article = body.find("Article") if body.tag == "MedlineCitation" else body
    if article is None:
        raise ValueError("it has no Article")
    types = _texts(article, "PublicationTypeList/PublicationType") or _texts(article, "PublicationType")
    # The title: the English one, else that in the article's language, else that of its book.
    english = written(article.find("ArticleTitle"))
    named = "" if _NO_TITLE.fullmatch(english) else english
    title = named or written(article.find("VernacularTitle")) or written(article.find("Book/BookTitle"))
    # The abstract, a line for each of its parts.
    parts = article.findall("Abstract/AbstractText")
    lines = [(part.get("Label", "").strip().rstrip(":"), written(part)) for part in parts]
    abstract = "\n".join(f"{label}: {text}" if label else text for label, text in lines if text)
    return Document(
        id=f"PMID:{number}", corpus="pubmed", title=title, text=abstract, year=_year(article),
        mesh=_texts(body, "MeshHeadingList/MeshHeading/DescriptorName"), date=_date(article), types=types,
        retracted=_RETRACTED in types or bool(body.findall(_NOTICES)), edition=_edition(body, pmid),
    )  # fmt: skip


def _texts(element: Element, path: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for found in element.findall(path) if (text := text_of(found))))


def _published(article: Element) -> Element | None:
    found = article.find("Journal/JournalIssue/PubDate")
    return article.find("Book/PubDate") if found is None else found


def _year(article: Element) -> int | None:
    """Return the year of the issue, the first of several."""
    issue = _published(article)
    told = "" if issue is None else text_of(issue.find("Year")) or text_of(issue.find("MedlineDate"))
    found = re.search(r"(?<!\d)(1[5-9]|2[01])\d\d(?!\d)", told)
    return int(found[0]) if found else None


def _date(article: Element) -> str | None:
    """Return the date of the electronic version, else of the issue."""
    for element in (article.find("ArticleDate"), _published(article)):
        if element is not None and (date := _day(element)):
            return date
    return None


def _day(element: Element) -> str | None:
    free = element.find("MedlineDate")
    if free is not None:
        return dates.medline(text_of(free))
    return dates.iso(*(text_of(element.find(part)) for part in ("Year", "Month", "Day")))


def _edition(body: Element, pmid: Element) -> str:
    """Return what sorts the revisions of a citation: its version, then the day of its revision."""
    revised = next((body.find(tag) for tag in ("DateRevised", "DateCompleted") if body.find(tag) is not None), None)
    day = "" if revised is None else _day(revised) or ""
    version = pmid.get("Version", "1")
    return f"{version if version.isdecimal() else '1':0>3} {day}".rstrip()
