"""Keeping only what names a known drug, as the paper does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from kedrec.records import Document
from kedrec.tools.text.mention_finder import MentionFinder
from kedrec.tools.text.tokens import tokenise

__all__ = ["DrugFilter"]


class DrugFilter:
    """Says which documents name at least one drug in title, text or MeSH headings.

    Args:
        names: ``(id, name, synonyms)`` of the graph's entities; only compounds count.
    """

    def __init__(self, names: Iterable[tuple[str, str, Sequence[str]]]) -> None:
        drugs = sorted(row for row in names if row[0].startswith("Compound::"))
        self.drugs = len(drugs)
        """How many drugs are known."""
        self._finder = MentionFinder(drugs)
        self.name = hashlib.sha256(repr(drugs).encode()).hexdigest()[:16]
        """Names this filter: another list of drugs makes another one."""

    def __call__(self, documents: Sequence[Document]) -> list[bool]:
        """Say of each document whether it names a drug."""
        stream = tokenise(f"{document.title}\n{document.text}\n{'; '.join(document.mesh)}" for document in documents)
        found = self._finder.scan(stream)
        naming = np.zeros(len(documents), dtype=bool)
        naming[stream.text_of()[found.first]] = True
        return naming.tolist()
