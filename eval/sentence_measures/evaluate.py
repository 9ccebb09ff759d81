"""Precision, recall and F1 of each answer, and their mean, for a file of labelled sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kedrec.eval.sentence_measures.labels import Home, LabelledSentence, LabelTask, read_labels
from kedrec.records import Record

__all__ = ["AnswerScores", "PartScores", "SentenceReport", "Turned", "evaluate_sentences"]

WINNERS_SAID = "not_said"
"""The label that says that nothing is told; the others are counted apart."""


class AnswerScores(Record):
    """How well one answer is read."""

    label: str
    """The answer."""
    n: int
    """Sentences with this label."""
    precision: float
    """Of those read so, the share that is right."""
    recall: float
    """Of those that are so, the share that is read so."""
    f1: float
    """Their harmonic mean; 0 where none is right."""


class Turned(Record):
    """Sentences read the opposite way, the worst kind of error."""

    label: str
    """What is right."""
    read: str
    """What was read."""
    n: int
    """Sentences."""


class PartScores(Record):
    """The scores of one part of a file."""

    part: str
    """As the file names it, or `all`."""
    n: int
    """Sentences."""
    macro_f1: float
    """Mean F1 of the answers that occur."""
    accuracy: float
    """Share read right."""
    told: float | None
    """Where `not_said` is an answer: share read right of the sentences with another label."""
    turned: tuple[Turned, ...]
    """Those read the opposite way: harm as benefit, the loser as the winner, increased as decreased."""
    answers: tuple[AnswerScores, ...]
    """By answer."""


class SentenceReport(Record):
    """How well the sentences of a file are read."""

    task: str
    """What was asked."""
    missing: int
    """Sentences that the loaded literature does not hold, or whose names the graph does not know; left out."""
    parts: tuple[PartScores, ...]
    """By part of the file."""


def evaluate_sentences(path: Path, home: Home) -> SentenceReport:
    """Read the sentences of a file and compare with their labels.

    Args:
        path: the labels, as `labels` says.
        home: where sentences and names are looked up.

    Raises:
        InputError: the file cannot be read.
    """
    task, found = read_labels(path, home)
    known = [one for one in found if one.read is not None]
    names = sorted({one.part for one in known if one.part})
    parts = [(name, [one for one in known if one.part == name]) for name in names] or [("all", known)]
    scores = tuple(_scores(name, rows, task) for name, rows in parts if rows)
    return SentenceReport(task=task.name, missing=len(found) - len(known), parts=scores)


def _scores(part: str, rows: Sequence[LabelledSentence], task: LabelTask) -> PartScores:
    counts = Counter((one.label, one.read) for one in rows)
    answers = tuple(_answer(label, counts) for label in task.labels if any(label in pair for pair in counts))
    occurring = [answer.f1 for answer in answers if answer.n]
    right = sum(n for (label, read), n in counts.items() if label == read)
    said = [one for one in rows if one.label != WINNERS_SAID]
    told = sum(one.label == one.read for one in said) / len(said) if WINNERS_SAID in task.labels and said else None
    mean = sum(occurring) / len(occurring)
    ways = (task.opposite, task.opposite[::-1])
    turned = tuple(Turned(label=one, read=other, n=counts[one, other]) for one, other in ways)
    accuracy = right / len(rows)
    return PartScores(
        part=part, n=len(rows), macro_f1=mean, accuracy=accuracy, told=told, turned=turned, answers=answers
    )


def _answer(label: str, counts: Counter[tuple[str, str | None]]) -> AnswerScores:
    right = counts[label, label]
    read = sum(n for (_, got), n in counts.items() if got == label)
    wanted = sum(n for (own, _), n in counts.items() if own == label)
    precision, recall = right / read if read else 0.0, right / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return AnswerScores(label=label, n=wanted, precision=precision, recall=recall, f1=f1)
