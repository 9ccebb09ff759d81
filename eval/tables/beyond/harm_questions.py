"""Questions of harm: which of two similar drugs has a side effect? One asks about a drug that has it by the graph.

They are drawn as in `adverse_effects`. Effects fall into two halves by a hash: on one weights are chosen, with every
fifth of its edges held out in turn; of the other the fifth that `adverse_effects` holds out is asked once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from scipy import sparse

from kedrec.eval.metrics import Outcome
from kedrec.eval.tables.beyond import adverse_effects
from kedrec.graphdb.store import HiddenPairs

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World

__all__ = ["HarmQuestion", "HarmQuestions", "is_learnt"]


@dataclass(frozen=True)
class HarmQuestion:
    """Which of two drugs has an effect?"""

    effect: str
    """Id of the side effect."""
    drugs: tuple[str, str]
    """The drug that has it, and the most similar one that is listed with others and not with it."""
    rows: tuple[int, int]
    """Their rows in the facts."""
    held_out: int
    """Which fifth of the edges is held out."""

    @property
    def id(self) -> str:
        """Its id, by which lots are drawn."""
        return f"{self.rows[0]} {self.rows[1]} {self.effect}"

    def outcome(self, ahead: float) -> Outcome:
        """What a method chooses that is so much for the first drug; where it is for none, by lot."""
        first = ahead > 0 if ahead else hashlib.sha256(self.id.encode()).digest()[0] % 2 == 0
        return Outcome(
            pair_id=self.id, disease=self.effect, kind="side effect", answer=self.drugs[0],
            choice=self.drugs[0 if first else 1],
        )  # fmt: skip


def is_learnt(effect: str) -> bool:
    """Whether an effect is of the half on which weights are chosen."""
    return hashlib.sha256(effect.encode()).digest()[1] % 2 == 0


class HarmQuestions:
    """All questions of harm over one graph.

    Args:
        world: the graph.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._table, self._effects = adverse_effects.effects_of(world)

    @cached_property
    def _likeness(self) -> sparse.csr_matrix:
        return adverse_effects.likeness_of(self._world)

    def learnt(self) -> list[HarmQuestion]:
        """The questions on which weights are chosen, of all fifths."""
        fifths = range(adverse_effects.HELD_OUT)
        return [one for fifth in fifths for one in self._drawn(fifth, None) if is_learnt(one.effect)]

    def asked(self) -> list[HarmQuestion]:
        """The questions that are asked in the end: those of `adverse_effects` about the other effects."""
        return [one for one in self._drawn(0, adverse_effects.QUESTIONS) if not is_learnt(one.effect)]

    def also_held_out(self) -> list[HarmQuestion]:
        """What is held out beside them, so that the edges of the same fifth are hidden as in `adverse_effects`."""
        asked = set(self.asked())
        return [one for one in self._drawn(0, None) if one not in asked]

    def by_likeness(self, question: HarmQuestion) -> float:
        """How much more alike the first drug is than the second to those that are listed with the effect."""
        column = self._shown(question.held_out)[:, [self._effects.index(question.effect)]]
        own, other = (float((self._likeness[[row]] @ column).sum()) for row in question.rows)
        return own - other

    def by_count(self, question: HarmQuestion) -> float:
        """With how many effects more the first drug is listed than the second, whichever they are."""
        shown = self._shown(question.held_out)
        own, other = (float(shown[[row]].sum()) for row in question.rows)
        return own - other

    def hidden(self, fifth: int) -> HiddenPairs:
        """The pairs of drug and effect whose edges are held out."""
        rows, columns = self._held(fifth).nonzero()
        drugs = self._world.facts.drug_ids
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        return frozenset(frozenset((drugs[row], self._effects[column])) for row, column in pairs)

    def _held(self, fifth: int) -> sparse.csr_matrix:
        return adverse_effects.held_out_of(self._table, self._effects, fifth)

    def _shown(self, fifth: int) -> sparse.csr_matrix:
        return sparse.csr_matrix(self._table - self._held(fifth))

    def _drawn(self, fifth: int, most: int | None) -> Iterator[HarmQuestion]:
        drugs = self._world.facts.drug_ids
        for own, other, column in adverse_effects.questions_of(self._table, self._held(fifth), self._likeness, most):
            yield HarmQuestion(self._effects[column], (drugs[own], drugs[other]), (own, other), fifth)
