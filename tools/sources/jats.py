"""Full texts as PubMed Central publishes them: JATS XML, its forerunners included.

The text is the abstract and the body, section by section. Left out are tables and figures with their captions, the
references and the marks that point at them, formulas in TeX, supplements, footnotes, sections about the publication
(contributions, competing interests, funding, …) and whatever belongs to another article (`sub-article`, `response`).
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kedrec.records import Document
from kedrec.tools.markup.inline import REFERENCE, running
from kedrec.tools.markup.sections import joined
from kedrec.tools.sources import dates
from kedrec.tools.sources.dois import doi_id
from kedrec.tools.sources.record_types import Item, LeftOut
from kedrec.tools.streams.xml_stream import elements, parse, text_of

__all__ = ["ROOTS", "article", "identifier", "parse_record", "records"]

ROOTS = ("article", "pmc-articleset", "articles", "OAI-PMH")
"""Outermost tags of such files."""
_LEFT_OUT = {
    "table-wrap", "table-wrap-group", "table", "fig", "fig-group", "ref-list", "ref", "tex-math", "graphic", "media",
    "inline-graphic", "supplementary-material", "fn", "fn-group", "ack", "object-id", "notes", "floats-group", "label",
    "sec-meta", "permissions", "related-article", "related-object",
}  # fmt: skip
_BLOCKS = {
    "p", "sec", "title", "list", "list-item", "def-list", "def-item", "disp-quote", "disp-formula", "boxed-text",
    "statement", "verse-group", "verse-line", "speech", "preformat", "term", "def", "caption", "abstract", "body",
}  # fmt: skip
_IDS = re.compile(rb"""<article-id[^>]*pub-id-type=["'](?:pmc|pmcid|pmcaid)["'][^>]*>\s*(?:PMC)?(\d{1,9})""")
_DOIS = re.compile(rb"""<article-id[^>]*pub-id-type=["']doi["'][^>]*>\s*([^<\s]+)""")
_POINTERS = ("bibr", "fn", "table-fn", "aff", "corresp")
"""What a cross reference points at where its own text is no part of the sentence."""
_MARKS = re.compile(r"\s*[\[(][\s,;–—-]*[\])]")
_NAMES = (
    ("introduction", re.compile(r"(?i)introduc|^background$|^intro$")),
    ("results-discussion", re.compile(r"(?i)results? (?:and|&) discussion")),
    ("methods", re.compile(r"(?i)method|materials|patients and|subjects")),
    ("results", re.compile(r"(?i)^results?\b|^findings")),
    ("discussion", re.compile(r"(?i)^discussion|^comment")),
    ("conclusions", re.compile(r"(?i)^conclu|^summary")),
    ("case", re.compile(r"(?i)^case\b|^case (?:report|presentation)|^cases\b")),
)
_NOT_PUBLICATION = {"pmc-release", "nihms-submitted", "epreprint", "ecorrected", "preprint", "corrected"}
_NUMBER = re.compile(r"^(?:\d+|[IVX]+)(?:\.\d+)*[.):]?\s+")
_FORMAL = re.compile(
    r"(?i)competing|conflicts? of interest|contributions?$|pre-publication|supplement|supporting information|funding"
    r"|additional (?:data )?files?|acknowledge?ments?|authors.? information|^disclosures?$|^abbreviations"
)
"""Titles of sections that are about the publication, not of it."""
_RETRACTED = re.compile(r"(?i)^\W*retracted(?: article| paper)?\W*:")


def records(stream: io.BufferedReader) -> Iterator[bytes]:
    """Yield the articles of a file, unparsed."""
    yield from elements(stream, ("article",))


def identifier(record: bytes) -> str:
    """Return the id of a record as far as it can be made out without parsing it."""
    found = _IDS.search(record)
    if found:
        return f"PMCID:PMC{found[1].decode()}"
    doi = _DOIS.search(record)
    return doi_id(html.unescape(doi[1].decode("utf-8", "replace"))) if doi else ""


def parse_record(record: bytes, clean: bool = True) -> list[Item]:
    """Read one record.

    Args:
        record: As `records` yields it.
        clean: Whether to leave out what has no title, or neither an abstract nor a body.

    Raises:
        ValueError: it is not well-formed or has no id.
    """
    document = article(parse(record))
    if clean and not document.title:
        return [LeftOut(document.id, "no title")]
    return [document] if document.text or (document.title and not clean) else [LeftOut(document.id, "no text")]


def article(root: Element) -> Document:
    """Read an article.

    Args:
        root: `article`.

    Raises:
        ValueError: it has neither a PMC id nor a DOI nor a PMID.
    """
    meta = root.find("front/article-meta")
    # The id of an article: by PubMed Central, else by its DOI, else by PubMed; empty where it has none.
    number = _id(meta, "pmc", "pmcid", "pmcaid").removeprefix("PMC")
    pmc = f"PMCID:PMC{number}" if re.fullmatch(r"\d{1,9}", number) else ""
    name = pmc or doi_id(_id(meta, "doi")) or _pmid(meta) or ""
    if meta is None or not name:
        raise ValueError("it has neither a PMC id nor a DOI nor a PMID to be known by")
    text, sections = joined(_parts(meta, root.find("body")))
    # The dates of publication, the first last; those of other events only where there are no others.
    found = [
        (element.get("pub-type", element.get("date-type", "")) in _NOT_PUBLICATION, date)
        for element in meta.findall("pub-date")
        if (date := dates.iso(*(text_of(element.find(part)) for part in ("year", "month", "day"))))
    ]
    best = min((other for other, _ in found), default=False)
    published = sorted((date for other, date in found if other == best), key=dates.last_day, reverse=True)
    pmid = _pmid(meta)
    return Document(
        id=name, corpus="pmc", title=_title(meta), text=text, sections=sections,
        year=int(published[0][:4]) if published else None, date=published[-1] if published else None,
        types=tuple(filter(None, [root.get("article-type", "").replace("-", " ")])),
        retracted=_is_retracted(root, meta), twin=pmid if pmid != name else None,
    )  # fmt: skip


def _pmid(meta: Element | None) -> str | None:
    number = _id(meta, "pmid")
    return f"PMID:{number}" if re.fullmatch(r"\d{1,9}", number) else None


def _id(meta: Element | None, *kinds: str) -> str:
    """Return the first id of one of the kinds."""
    listed = [] if meta is None else meta.findall("article-id")
    found = {element.get("pub-id-type", ""): text_of(element) for element in reversed(listed)}
    return next((found[kind] for kind in kinds if kind in found), "")


def _title(meta: Element) -> str:
    paths = ("title-group/article-title", "title-group/trans-title-group/trans-title", "title-group/trans-title")
    titles = (" ".join(_lines(meta.find(path)).split()) for path in paths)
    return next(filter(None, titles), "")


def _is_retracted(root: Element, meta: Element) -> bool:
    """Whether the article itself says that it was retracted; a notice of retraction is about another one."""
    related = {element.get("related-article-type") for element in meta.findall("related-article")}
    if root.get("article-type") == "retraction":
        return False
    said = root.get("article-type") == "retracted-article" or "retraction-forward" in related
    return said or bool(_RETRACTED.match(_title(meta)))


def _parts(meta: Element, body: Element | None) -> Iterator[tuple[str, str]]:
    """Yield name and text of each section: the abstract, then those of the body."""
    plain = [a for a in meta.findall("abstract") if a.get("abstract-type", "") in ("", "section", "summary")]
    for abstract in plain[:1] or meta.findall("abstract")[:1]:
        yield "abstract", _lines(abstract)
    if body is None:
        return
    loose = Element("body")
    loose.extend([child for child in body if child.tag != "sec"])
    yield "text", _lines(loose)
    for section in body.findall("sec"):
        heading, text = _lines(section.find("title")), _lines(section)
        if text != heading and not _FORMAL.search(heading or section.get("sec-type", "")):
            yield _name(section), text


def _name(section: Element) -> str:
    """Name a section by its title, else by its type."""
    title = _NUMBER.sub("", text_of(section.find("title")))
    for words in (title, section.get("sec-type", "").replace("|", " ")):
        for name, pattern in _NAMES:
            if pattern.search(words.strip()):
                return name
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].rstrip("-")
    return slug or "text"


def _lines(element: Element | None) -> str:
    """Return the running text of an element, a line for each paragraph and heading; empty if there is none."""
    text = "" if element is None else _MARKS.sub("", running(element, _instead, _BLOCKS))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _instead(element: Element) -> str | None:
    """Say what is written in place of an element; None where its own text is."""
    if element.tag == "xref" and element.get("ref-type") in _POINTERS:
        return REFERENCE
    return "" if element.tag in _LEFT_OUT else None
