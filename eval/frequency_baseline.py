"""What a method must beat: choosing by how often a drug is an answer or a negative, and nothing else.

It is an artefact of how pairs are drawn, reported beside every result and used by no method.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from kedrec.distill.pairs.pairs_file import Pairs
from kedrec.eval.metrics import Outcome

__all__ = ["by_frequency"]


def by_frequency(train: Pairs, dev: Pairs) -> list[Outcome]:
    """Choices by nothing but how often a drug is an answer rather than a negative in the training pairs.

    No method here may use this; it shows how much of a score the drawing of the pairs alone would give. Where two drugs
    were drawn alike, a hash decides as a coin would.
    """
    wins: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for pair in train.answered().questions:
        wins[train.scoring[pair.id].answer or ""] += 1
        seen.update(drug.id for drug in pair.candidates)
    outcomes = []
    for pair in dev.answered().questions:
        shares = {drug.id: (wins[drug.id] + 1) / (seen[drug.id] + 2) for drug in pair.candidates}
        choice, share = max(shares.items(), key=lambda item: item[1] + 1e-9 * _coin(item[0]))
        known = dev.scoring[pair.id]
        confidence = share / sum(shares.values())
        outcomes.append(
            Outcome(
                pair_id=pair.id,
                disease=pair.disease.id,
                kind=known.negative_kind,
                answer=known.answer or "",
                choice=choice,
                confidence=confidence,
            )
        )
    return outcomes


def _coin(drug: str) -> float:
    """A number from 0 to 1 that says nothing of the drug."""
    return hashlib.sha256(drug.encode()).digest()[0] / 255
