"""What the rows of Table 1 are asked: questions to learn from, questions to answer, and what is hidden meanwhile."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kedrec.distill.pairs.pairs_file import Pair, Pairs, read_pairs
from kedrec.errors import InputError
from kedrec.eval.metrics import Outcome
from kedrec.graphdb.store import HiddenPairs

__all__ = ["Asked", "Task", "asked", "drkg_task"]


@dataclass(frozen=True)
class Asked:
    """A question and its answer."""

    pair: Pair
    """The question."""
    right: int
    """Which of the two candidates is right."""
    kind: str
    """Where the other comes from."""

    @property
    def disease(self) -> str:
        """Disease id."""
        return self.pair.disease.id

    @property
    def drugs(self) -> tuple[str, str]:
        """Compound ids, in the order asked."""
        one, other = self.pair.candidates
        return one.id, other.id


@dataclass(frozen=True)
class Task:
    """One column of Table 1."""

    name: str
    """`drkg` or `mimic`; stands in file names."""
    title: str
    """For people."""
    train: Pairs
    """Learnt from."""
    test: Pairs
    """Answered; its diseases (or patients) are not among those of `train`."""
    groups: dict[str, str]
    """Test id -> what intervals resample: the disease, or the patient as a number."""
    grouped_by: str = "diseases"
    """What they are."""
    hides: bool = True
    """Whether the direct edges of all pairs are hidden; they are the answers."""

    @property
    def hidden(self) -> HiddenPairs:
        """The pairs whose direct edges are hidden: all of both files, so that all rows stand on the same ground."""
        return self.train.hidden() | self.test.hidden() if self.hides else frozenset()

    @property
    def questions_sha256(self) -> str:
        """Hash of the questions and of what is hidden; no answer changes it."""
        told = [(pair.id, pair.disease.id, [drug.id for drug in pair.candidates]) for pair in self.questions]
        return hashlib.sha256(f"{told}{self.hides}".encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Hash of questions, answers, groups and what is hidden."""
        answers = [(one.pair.id, one.right) for one in self.both()]
        told = f"{self.questions_sha256}{answers}{sorted(self.groups.items())}"
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def questions(self) -> tuple[Pair, ...]:
        """All questions, those to learn from first."""
        return *self.train.questions, *self.test.questions

    def both(self) -> list[Asked]:
        """All questions, those to learn from first."""
        return [*asked(self.train), *asked(self.test)]

    def shuffled(self, seed: int) -> Task:
        """The same questions with every answer drawn by lot."""
        return replace(self, train=_by_lot(self.train, seed), test=_by_lot(self.test, seed + 1))

    def shown(self) -> Task:
        """The same with nothing hidden: the graph may give the answers away."""
        return replace(self, hides=False)

    def outcome(self, one: Asked, choice: str | None, confidence: float) -> Outcome:
        """What was chosen for a test question, beside what is right."""
        return Outcome(
            pair_id=one.pair.id,
            disease=self.groups[one.pair.id],
            kind=one.kind,
            answer=one.drugs[one.right],
            choice=choice,
            confidence=confidence,
        )


def asked(pairs: Pairs) -> Iterator[Asked]:
    """The questions of a file with their answers.

    Raises:
        InputError: a question has no answer, or not two candidates.
    """
    for number, pair in enumerate(pairs.questions, 1):
        known, ids = pairs.scoring[pair.id], [drug.id for drug in pair.candidates]
        if len(ids) != 2 or known.answer not in ids:
            raise InputError(pairs.path, f"item {pair.id} needs two candidates, one of them its `answer`.", number)
        yield Asked(pair, ids.index(known.answer), known.negative_kind)


def drkg_task(train: Path, test: Path, limit: int | None = None) -> Task:
    """The pairs of the graph: two pairs files whose diseases differ.

    Raises:
        InputError: a file cannot be read, or both ask about one disease.
    """
    one, other = (read_pairs(path) for path in (train, test))
    shared = {q.disease.id for q in one.questions} & {q.disease.id for q in other.questions}
    if shared:
        raise InputError(test, f"asks about {min(shared)}, as {train} does. The tables need diseases of their own.")
    one, other = (pairs.model_copy(update={"questions": pairs.questions[:limit]}) for pairs in (one, other))
    groups = {question.id: question.disease.id for question in other.questions}
    return Task("drkg", "pairs of the graph", one, other, groups)


def _by_lot(pairs: Pairs, seed: int) -> Pairs:
    drawn = random.Random(seed)
    scoring = {
        one.pair.id: pairs.scoring[one.pair.id].model_copy(update={"answer": drawn.choice(one.drugs)})
        for one in asked(pairs)
    }
    return pairs.model_copy(update={"scoring": scoring})
