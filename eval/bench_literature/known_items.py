"""How well and how fast documents are found that are known to answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kedrec.tools.literature import Literature

__all__ = ["KnownItemScores", "known_items", "measured"]


@dataclass(frozen=True)
class KnownItemScores:
    """How known items were found."""

    mrr10: float
    """Mean reciprocal rank among the first 10 documents."""
    recall80: float
    """Share found among the first 80."""
    seconds: tuple[float, ...]
    """Wall-clock of each search."""


def known_items(literature: Literature, queries: Sequence[dict[str, Any]]) -> KnownItemScores:
    """Search the articles of a library.

    Args:
        literature: The library.
        queries: `query` and `relevant`, the id of the document.
    """
    return measured(
        queries, lambda text: [hit.document_id for hit in literature.search(text, "articles", limit=80).hits]
    )


def measured(queries: Sequence[dict[str, Any]], search: Callable[[str], list[str]]) -> KnownItemScores:
    """Search by any engine.

    Args:
        queries: `query` and `relevant`, the id of the document.
        search: Returns the ids of up to 80 documents, best first.
    """
    ranks, seconds = [], []
    search(queries[0]["query"])
    for row in queries:
        started = time.perf_counter()
        ids = search(row["query"])
        seconds.append(time.perf_counter() - started)
        ranks.append(ids.index(row["relevant"]) + 1 if row["relevant"] in ids else 0)
    mrr = sum(1 / rank for rank in ranks if 0 < rank <= 10) / len(ranks)
    return KnownItemScores(mrr, sum(rank > 0 for rank in ranks) / len(ranks), tuple(seconds))
