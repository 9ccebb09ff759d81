"""DOIs as ids of documents: `DOI:10.1371/journal.pone.0000001`."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["DOI_ID", "doi_id"]

_DOI = re.compile(r"(?i)(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}(?:\.\d+)*/\S{1,200})")
DOI_ID = re.compile(r"(?i)DOI:\s*10\.\d{4,9}(?:\.\d+)*/\S{1,200}")
"""What an id by DOI looks like as given."""


def doi_id(text: str) -> str:
    """Return the id of a document by its DOI; empty where the text is none.

    A DOI has no case; `#`, which parts a passage from its document, and `|` are written by their number.

    Args:
        text: A DOI, with or without `doi:` or the address of its resolver in front.
    """
    found = _DOI.fullmatch(text.strip())
    return "DOI:" + re.sub(r"[#|]", lambda mark: quote(mark[0]), found[1].lower()) if found else ""
