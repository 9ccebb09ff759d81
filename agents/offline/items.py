"""Questions with a known answer, and how they are shared out for fitting and measuring.

Diseases fall into folds and each fold into halves, by a hash of their ids. A fold is looked at twice: its own pairs are
hidden both times, and one half of its diseases is cold each time: the graph has no use of any drug for them, as for a
new indication or a rare disease. So each question is seen once warm and once cold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import InputError
from kedrec.graphdb.store import HiddenPairs

if TYPE_CHECKING:
    from kedrec.graphdb.link_prediction.treatments import GraphFacts

__all__ = [
    "FOLDS",
    "STATES",
    "LabelledQuestion",
    "Look",
    "cold_pairs",
    "fold_of",
    "half_of",
    "looks",
    "pairs_of",
    "read_items",
]

FOLDS = 5
"""Folds of diseases in cross-validation."""
STATES = ("warm", "cold")
"""Whether other drugs of the disease are visible; the order of what is kept for both."""


@dataclass(frozen=True)
class LabelledQuestion:
    """A question with its answer."""

    disease: str
    """Disease id."""
    candidates: tuple[str, str]
    """Compound ids, in the order of the file."""
    right: int
    """Which of the two is right."""


@dataclass(frozen=True)
class Look:
    """One look at a fold: its questions, and what is hidden for them."""

    fold: int
    """Number of the fold."""
    half: int
    """The half of its diseases that is cold."""
    rows: NDArray[np.int64]
    """Places of its questions among all."""
    states: NDArray[np.int64]
    """For each of them its place in ``STATES``."""
    hidden: HiddenPairs
    """Pairs whose direct edges count as never loaded."""

    @property
    def name(self) -> str:
        """A name for people and files."""
        return f"fold-{self.fold + 1}-half-{self.half + 1}"


def read_items(path: Path) -> list[LabelledQuestion]:
    """Read pairs.

    Args:
        path: JSON lines with ``disease``, ``candidates`` and ``answer``.

    Raises:
        InputError: The file cannot be read, or a line as a pair.
    """
    items = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            one, other = (candidate["id"] for candidate in row["candidates"])
            items.append(LabelledQuestion(row["disease"]["id"], (one, other), (one, other).index(row["answer"])))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                path, f"expected an item with disease, two candidates and answer, found {error!r}", number
            ) from error
    return items


def pairs_of(items: Iterable[LabelledQuestion]) -> HiddenPairs:
    """Return the (candidate, disease) pairs of items, whose edges are to be hidden."""
    return frozenset(frozenset((drug, item.disease)) for item in items for drug in item.candidates)


def cold_pairs(facts: GraphFacts, diseases: Iterable[str]) -> HiddenPairs:
    """Return the pairs of diseases, under all ids, with every drug that the graph says is used for them."""
    found: set[frozenset[str]] = set()
    for disease in diseases:
        column = facts.disease_row.get(disease)
        rows = [] if column is None else facts.treats[:, [column]].nonzero()[0].tolist()
        found |= {frozenset((facts.drug_ids[row], disease)) for row in rows}
    return facts.groups.spread(frozenset(found))


def fold_of(items: Sequence[LabelledQuestion]) -> NDArray[np.int64]:
    """Return the fold of each item; all items of a disease share one, by a hash of its id, shape (items,)."""
    return np.array([_digest(item)[0] % FOLDS for item in items], dtype=np.int64)


def half_of(items: Sequence[LabelledQuestion]) -> NDArray[np.int64]:
    """Return the half of its fold that each item's disease is in, by the same hash, shape (items,)."""
    return np.array([_digest(item)[1] % 2 for item in items], dtype=np.int64)


def looks(
    items: Sequence[LabelledQuestion], facts: GraphFacts, also_hidden: HiddenPairs = frozenset()
) -> Iterator[Look]:
    """Yield what is to be looked at: each fold twice, with one half of its diseases cold and then the other.

    Args:
        items: The questions.
        facts: The graph.
        also_hidden: Further pairs whose edges are hidden throughout.
    """
    folds, halves = fold_of(items), half_of(items)
    for fold, half in product(range(FOLDS), range(2)):
        rows = np.flatnonzero(folds == fold)
        chosen = [items[i] for i in rows.tolist()]
        cold = {item.disease for item, own in zip(chosen, halves[rows].tolist(), strict=True) if own == half}
        hidden = pairs_of(chosen) | cold_pairs(facts, cold) | also_hidden
        if chosen:
            yield Look(fold, half, rows, (halves[rows] == half).astype(np.int64), hidden)


def _digest(item: LabelledQuestion) -> bytes:
    return hashlib.sha256(item.disease.encode()).digest()
