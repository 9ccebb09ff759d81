"""What the writers of Table 2 read and are to write: the evidence of a question, and the teacher's rationale."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedrec.eval.tables.agent_rows import rationale_of, traces_of
from kedrec.records import Trace

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["Example", "Words", "examples_of", "tokens_of"]

MOST_WORDS, WORDS_OF_ONE, WRITTEN = 150, 30, 70
"""Words that are read of all evidence, of one piece of it, and that are written."""
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Example:
    """A question for a writer."""

    pair_id: str
    """Id of the question."""
    source: tuple[str, ...]
    """Words of disease, drugs and evidence."""
    target: tuple[str, ...]
    """Words of the teacher's rationale; none where it has none."""


def examples_of(world: World, task: Task, setting: Corpora, teacher: str) -> tuple[list[Example], list[Example]]:
    """What is learnt from, and what is to be written.

    Args:
        world: the stores.
        task: the questions; of those to learn from only the first so many as the options say.
        setting: which corpora the evidence is from.
        teacher: model whose rationales are learnt.
    """
    few = task.train.questions[: world.options.rationale_pairs]
    learnt = traces_of(world, task, setting, teacher, few, part="train")
    asked = traces_of(world, task, setting, teacher, task.test.questions)
    examples = [_example(pair_id, trace) for pair_id, trace in learnt.items()]
    return [one for one in examples if one.target], [_example(pair_id, trace) for pair_id, trace in asked.items()]


def tokens_of(text: str) -> list[str]:
    """Words and signs in lower case."""
    return [found.lower() for found in _TOKEN.findall(text)]


def _example(pair_id: str, trace: Trace) -> Example:
    made = trace.recommendation
    if made is None:
        return Example(pair_id, (), ())
    asked = [made.disease.name, *(drug.name for drug in made.candidates)]
    source = [word for name in asked for word in (*tokens_of(name), ";")]
    for evidence in made.evidence.values():
        source += tokens_of(evidence.text)[:WORDS_OF_ONE]
    return Example(pair_id, tuple(source[:MOST_WORDS]), tuple(tokens_of(rationale_of(trace))[:WRITTEN]))


class Words:
    """Numbers for the most frequent words; four numbers are signs of their own.

    Args:
        texts: what the words are counted in.
        most: how many are kept.
    """

    PAD, START, END, UNKNOWN = range(4)

    def __init__(self, texts: Iterable[Sequence[str]], most: int) -> None:
        counts = Counter(word for text in texts for word in text)
        kept = sorted(counts, key=lambda word: (-counts[word], word))[: most - 4]
        self.words = ["", "", "", "", *kept]
        self._numbers = {word: number for number, word in enumerate(self.words) if number > 3}

    def __len__(self) -> int:
        return len(self.words)

    def number(self, word: str) -> int:
        """The number of a word, that of the unknown for others."""
        return self._numbers.get(word, self.UNKNOWN)

    def numbers(self, text: Sequence[str]) -> list[int]:
        """The numbers of a text."""
        return [self.number(word) for word in text]
