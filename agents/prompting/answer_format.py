"""Words and formats that prompts, parser, check and scorers share."""

from __future__ import annotations

import re
from typing import Final

from kedrec.errors import UserError

__all__ = [
    "ABSTAINED",
    "CITATION",
    "KEY",
    "KINDS",
    "LABELS",
    "LETTERS",
    "LONGEST_ANSWER",
    "LONGEST_NAME",
    "LONGEST_QUESTION",
    "LONGEST_RATIONALE",
    "LONGEST_SENTENCE",
    "NO_EVIDENCE",
    "STEP_TITLES",
    "cited",
    "refuse_too_long",
    "too_long",
    "without_citations",
]  # fmt: skip

NO_EVIDENCE: Final = "No evidence was found."
"""What is written where the evidence says nothing: in prompts, answers and scores alike."""

ABSTAINED: Final = "NONE"
"""What stands for a label where no candidate can be chosen."""

KEY: Final = r"[KPT]\d+"
"""An evidence key: K graph, P article, T trial."""

LETTERS: Final = {"graph": "K", "article": "P", "trial": "T"}
"""Kind of a finding -> the letter of its keys."""

KINDS: Final = {letter: kind for kind, letter in LETTERS.items()}
"""Letter of a key -> what it is a key to."""

CITATION: Final = re.compile(rf"\[({KEY}(?:\s*[,;]\s*{KEY})*)\]")
"""A citation in text: `[K3]`; `[K3, P2]` is understood too."""

LABELS: Final = "ABCDEFGHIJ"
"""Labels of the candidates, in the order asked; as many as candidates are allowed."""

STEP_TITLES: Final = {
    "resolve": "names to entities",
    "gather": "the same look-ups whatever the model",
    "investigate": "the model looks further",
    "answer": "the domain questions",
    "decide": "the choice and its reasons",
    "repair": "the model mends its decision",
}
"""Step that makes calls -> what it is for, in words."""

LONGEST_QUESTION: Final = 4_000
"""Characters of a question in plain words, and of a message in a chat."""

LONGEST_NAME: Final = 500
"""Characters of the name of a drug or a disease; the longest in DRKG's vocabularies are about half of that."""

LONGEST_ANSWER: Final = 20_000
"""Characters of a model's answer that are read; the rest is cut."""

LONGEST_SENTENCE: Final = 90
"""Words of one sentence of a rationale."""

LONGEST_RATIONALE: Final = 12
"""Sentences of a rationale."""


def refuse_too_long(text: str, longest: int, what: str) -> None:
    """Refuse a text before anything is opened or looked up for it.

    Args:
        text: what was given.
        longest: characters that are allowed.
        what: what it should be, for people: `The question`.

    Raises:
        UserError: it is longer.
    """
    if len(text) > longest:
        raise UserError(too_long(text, longest, what))


def too_long(text: str, longest: int, what: str) -> str:
    """What is said of a text that is too long."""
    start = " ".join(text[:40].split())
    return f"{what} ({start} …) has {len(text):,} characters; at most {longest:,} are read. Shorten it."


def cited(text: str) -> tuple[str, ...]:
    """The evidence keys that a text cites, in order, each once."""
    keys = (key for group in CITATION.findall(text) for key in re.findall(KEY, group))
    return tuple(dict.fromkeys(keys))


def without_citations(text: str) -> str:
    """A text without its citation marks."""
    return re.sub(r"\s+([.,;:])", r"\1", re.sub(r"\s+", " ", CITATION.sub(" ", text))).strip()
