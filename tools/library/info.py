"""What a library of literature holds, counted."""

from __future__ import annotations

from kedrec.records import Corpus, Record
from kedrec.tools.library.filters import Cut

__all__ = ["LiteratureInfo"]


class LiteratureInfo(Record):
    """What the library holds."""

    documents: dict[Corpus, int]
    """Documents of each corpus."""
    passages: dict[Corpus, int]
    """Passages of each corpus."""
    embedded: int
    """Passages with an embedding."""
    bytes: int
    """Size on disk."""
    content_sha256: str
    """Hash of all documents; empty if there are none."""
    retracted: int = 0
    """Documents that were retracted."""
    undated: int = 0
    """Documents without a date that a cut could go by."""
    rejected: int = 0
    """Records that could not be read; they are listed in `rejected.tsv`."""
    cut: Cut | None = None
    """What the cut of the settings leaves."""
