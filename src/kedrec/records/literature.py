"""What the literature holds."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from kedrec.records.base import Record

__all__ = ["SETTINGS", "Corpora", "Corpus", "Document", "Passage", "Section"]

Corpus = Literal["pubmed", "pmc", "trials"]
Corpora = Literal["none", "trials", "articles", "both"]
SETTINGS: tuple[Corpora, ...] = get_args(Corpora)
"""Which corpora an answer may use."""


class Section(Record):
    """Where a named part of a document's text begins; it ends where the next one begins."""

    name: str
    """Lower-case letters, digits and hyphens: `abstract`, `methods`, `results`, …"""
    start: int
    """Offset of its first character in the text."""


class Document(Record):
    """One record of literature as its source has it."""

    id: str
    """`PMID:…`, `PMCID:…`, `DOI:…` or `NCT…`."""
    corpus: Corpus
    """Which corpus it belongs to; `pubmed` and `pmc` together are the setting `articles`."""
    title: str
    """Title; may be empty for trials."""
    text: str
    """Abstract, full text or trial text."""
    year: int | None = None
    """Year of publication or start."""
    mesh: tuple[str, ...] = ()
    """MeSH headings, where the source has them."""
    phase: str | None = None
    """Trial phase, normalised: `1`, `1/2`, `2`, `2/3`, `3`, `4`."""
    status: str | None = None
    """Trial status, normalised to lower case: `completed`, `terminated`, `recruiting`, …"""
    note: bool = False
    """True where the text is somebody's note on the record, not the record's own text."""
    date: str | None = None
    """Day, month or year from which on the text was public as it stands, `2015-06-30`, `2015-06` or `2015`:
    publication of an article, last update of a trial."""
    types: tuple[str, ...] = ()
    """Publication types of an article, study type of a trial, as the source names them."""
    retracted: bool = False
    """True where the article was retracted."""
    sections: tuple[Section, ...] = ()
    """Named parts of the text in order, where the source has them."""
    twin: str | None = None
    """Id of the same article in PubMed, for full texts."""
    edition: str = ""
    """Sorts the revisions of one record; an older one never takes the place of a newer. Empty where the source tells
    none."""


class Passage(Record):
    """One chunk of literature."""

    id: str
    """Document id, and `#section-n` where the document has several chunks."""
    document_id: str
    """Id of the document it was cut from."""
    corpus: Corpus
    """`pubmed`, `pmc` or `trials`."""
    title: str
    """Title of the document."""
    section: str
    """Section it was cut from: `title`, `abstract`, `text`, …"""
    text: str
    """The chunk's own text."""
    start: int
    """Offset of the first character in the document's text, or in its title where that is the section."""
    end: int
    """Offset behind the last character."""
    year: int | None = None
    """Year of the document."""
    phase: str | None = None
    """Phase, for trials."""
    status: str | None = None
    """Status, for trials."""
    note: bool = False
    """True where the text is a note on the record."""
    date: str | None = None
    """Date of the document."""
    types: tuple[str, ...] = ()
    """Publication types or study type of the document."""
    retracted: bool = False
    """True where the article was retracted."""
    scores: dict[str, float] = Field(default_factory=dict)
    """Score by stage: `bm25`, `embedding`."""
