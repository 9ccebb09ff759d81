"""Which of the candidates came off better where articles and trials compare them directly."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from kedrec.records import CandidateScore, Entity, Evidence
from kedrec.tools.findings.animals_or_people import in_animals
from kedrec.tools.findings.winners import Winner, winner_of
from kedrec.tools.literature_tools import is_retracted, mentions
from kedrec.tools.text.sentence_cues import sentences_of

__all__ = ["WEIGHT", "Comparison", "comparisons", "with_comparisons"]

WEIGHT = 0.3
"""Log-odds that one comparison adds for who came off better and takes from the other; enough to break a near tie.

Not fitted: the pairs with known answers set a treatment against a drug that is none, and hold next to no comparisons.
"""
MOST = 2
"""Comparisons of one pair of drugs that count."""
_NOT_CLINICAL = re.compile(r"\b(?:excretion|potency|potent)\b")


class Comparison(NamedTuple):
    """A sentence that compares two candidates."""

    key: str
    """Key of the evidence."""
    sentence: str
    """The sentence, word for word."""
    drugs: tuple[Entity, Entity]
    """The two, in the order asked."""
    winner: Winner
    """Who came off better, of the two."""

    @property
    def better(self) -> Entity | None:
        """Who came off better; None where neither did."""
        return {"first": self.drugs[0], "second": self.drugs[1]}.get(self.winner)


def comparisons(evidence: Iterable[Evidence], drugs: Sequence[Entity], disease: Entity) -> list[Comparison]:
    """Return the sentences shown that say how two candidates compare in people, those with a winner first.

    Args:
        evidence: what was found.
        drugs: the candidates.
        disease: the disease; evidence that does not name it compares them in another one.
    """
    found = []
    for item in evidence:
        if item.key[0] in "PT" and not is_retracted(item.text) and mentions(item.text, disease):
            named = [drug for drug in drugs if mentions(item.text, drug)]
            for pair in combinations(named, 2):
                found += [one for sentence in sentences_of(item.text) if (one := _compared(item.key, sentence, pair))]
    return sorted(found, key=lambda one: one.better is None)


def _compared(key: str, sentence: str, pair: tuple[Entity, Entity]) -> Comparison | None:
    if not all(mentions(sentence, drug) for drug in pair) or _NOT_CLINICAL.search(sentence.lower()):
        return None
    if in_animals(sentence):
        return None
    winner = winner_of(sentence, *pair)
    return Comparison(key, sentence, pair, winner) if winner != "not_said" else None


def with_comparisons(scores: Sequence[CandidateScore], told: Iterable[Comparison]) -> list[CandidateScore]:
    """Return the scores with what direct comparisons add.

    Args:
        scores: one per candidate.
        told: what `comparisons` returned.
    """
    balance = {score.id: 0 for score in scores}
    for one in told:
        for drug in one.drugs if one.better else ():
            balance[drug.id] += 1 if drug is one.better else -1
    shifts = [WEIGHT * max(-MOST, min(MOST, balance[score.id])) for score in scores]
    if not any(shifts):
        return list(scores)
    odds = [score.probability * math.exp(shift) for score, shift in zip(scores, shifts, strict=True)]
    return [
        score.model_copy(update={"score": score.score + shift, "probability": one / sum(odds)})
        for score, shift, one in zip(scores, shifts, odds, strict=True)
    ]
