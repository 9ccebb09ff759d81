"""Scores with what the drugs are to the disease: the one home of what a role and a direct edge of the graph weigh.

The weights are fitted by `python -m kedrec.eval.role_weights` on labelled pairs and lie beside the model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from kedrec.agents.offline.roles.role import Role
from kedrec.records import CandidateScore, Factor, Record, triples_of

if TYPE_CHECKING:
    from kedrec.agents.offline.weigher import Weighing

__all__ = [
    "GROUP",
    "NAMING_BOTH",
    "UNCOUNTED_HARM",
    "RoleWeights",
    "edge_share",
    "role_share",
    "role_weights",
    "with_roles",
]

GROUP = "role"
"""Group of evidence that a role's share of the score stands under."""
NAMING_BOTH = "Records that name both "
"""Beginning of the notes that say how much was found."""
UNCOUNTED_HARM = -4.0
"""What a harmful role adds to the log-odds where the documents for it are not counted: as much as six of them do."""
FILE = Path(__file__).parent.parent / "model" / "roles.json"
MOST = 10.0
"""Documents beyond which more of them add nothing."""


class RoleWeights(Record):
    """What is added to a candidate's log-odds."""

    edge: dict[str, float]
    """By a visible therapeutic edge, by the database that states it; `other` for one that is not listed."""
    use_each: float
    """By a role of use: by each unit of the logarithm of one and the documents for it."""
    harm: float
    """By a harmful role, at least."""
    harm_each: float
    """By each unit of the logarithm of one and the documents for that."""
    scale: float
    """What the rest of the score is multiplied with: a role says again in part what it says."""
    alone: tuple[float, float]
    """Shift and slope that turn the score of a drug that is asked about alone into log-odds."""
    fitted: dict[str, object] = Field(default_factory=dict)
    """On what, and how well it did in cross-validation."""


@cache
def role_weights(path: Path = FILE) -> RoleWeights:
    """Return the fitted weights, those that are shipped by default."""
    return RoleWeights.model_validate(json.loads(path.read_text(encoding="utf-8")))


def edge_share(edges: Sequence[str]) -> float:
    """Return what the therapeutic edges between a drug and a disease add, given by their source ids; the best counts.

    Args:
        edges: `head|relation|tail`, as cited.
    """
    weights = role_weights().edge
    sources = (triple[1].partition("::")[0] for edge in edges for triple in triples_of(edge))
    best = max((weights.get(source, weights["other"]) for source in sources), default=0.0)
    return best / role_weights().scale


def role_share(role: Role) -> float:
    """Return what a role adds to a candidate's log-odds."""
    weights = role_weights()
    if role.is_harmful:
        return -(weights.harm + weights.harm_each * math.log1p(min(role.support, MOST)))
    return weights.use_each * math.log1p(min(role.support, MOST)) if role.role != "unknown" else 0.0


def with_roles(weighing: Weighing, roles: Sequence[Role], names: Sequence[str]) -> Weighing:
    """Return a weighing with a factor for each role, and its probabilities by all factors.

    Args:
        weighing: what the weigher said.
        roles: one per candidate, in the same order.
        names: of the candidates.
    """
    pairs = zip(weighing.candidates, roles, names, strict=True)
    scores = [_with_role(score, role, name) for score, role, name in pairs]
    chances = _chances([score.score for score in scores])
    told = [
        score.model_copy(update={"probability": round(chance, 6)})
        for score, chance in zip(scores, chances, strict=True)
    ]
    return weighing.model_copy(update={"candidates": tuple(told), "roles": tuple(roles)})


def _with_role(score: CandidateScore, role: Role, name: str) -> CandidateScore:
    scale, share = role_weights().scale, round(role_share(role), 6)
    before = [one.model_copy(update={"share": round(one.share * scale, 6)}) for one in score.factors]
    score = score.model_copy(update={"score": round(score.score * scale, 6), "factors": tuple(before)})
    if not share:
        return score
    sources = tuple(dict.fromkeys(one.source_id for one in role.sources))
    factor = Factor(group=GROUP, share=share, text=f"{name} {told(role)}", sources=sources)
    factors = sorted((*score.factors, factor), key=lambda one: (-abs(one.share), one.group))
    return score.model_copy(update={"score": round(score.score + share, 6), "factors": tuple(factors)})


def told(role: Role) -> str:
    """Return the words for a role, with the disease in place of `it`."""
    return f"{role.words.removesuffix('it')}the disease"


def _chances(scores: Sequence[float]) -> list[float]:
    """Turn log-odds into probabilities; a single candidate is compared with an average one."""
    if len(scores) == 1:
        shift, slope = role_weights().alone
        return [1 / (1 + math.exp(-(shift + slope * scores[0])))]
    raised = [math.exp(score - max(scores)) for score in scores]
    return [one / sum(raised) for one in raised]
