"""Pairs files: the questions, and apart from them what is known of the answers.

Only `disease` and `candidates` of an item are the question. Everything else is for scoring; it is read into a
record of its own that no agent, prompt or feature is ever given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, model_validator

from kedrec.distill.pairs.lines import EXPECTED, content_of, items_of
from kedrec.distill.pairs.names import OpenGraph, PairNames, names_something, with_ids
from kedrec.errors import InputError
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Record

__all__ = ["Named", "OnPair", "Pair", "Pairs", "Scoring", "read_pairs"]

OnPair = Callable[[int, int], None]
"""Called with how many pairs of how many are done."""
MOST_CANDIDATES = 10
MADE = "pair-"
"""What an id begins with that was made for a question without one."""


class Named(Record):
    """An entity as a pairs file names it."""

    id: str = Field(min_length=1)
    """Entity id."""
    name: str = ""
    """Its name, for people."""


class Pair(Record):
    """A question: which of these candidates for this disease?"""

    id: str = Field(min_length=1)
    """Id of the item."""
    disease: Named
    """The disease."""
    candidates: tuple[Named, ...] = Field(min_length=1, max_length=MOST_CANDIDATES)
    """The drugs, in the order asked."""

    @model_validator(mode="after")
    def _each_once(self) -> Pair:
        if len({drug.id for drug in self.candidates}) < len(self.candidates):
            raise ValueError("a candidate stands there twice")
        return self


class Scoring(Record):
    """What is known of the answer; never shown to anything that answers."""

    model_config = ConfigDict(extra="ignore")

    answer: str | None = None
    """Id of the relevant candidate; null where it is not known."""
    negative_kind: str = "unknown"
    """Where the irrelevant candidate comes from."""
    split: str = ""
    """Which split the item belongs to."""


class Pairs(Record):
    """A pairs file."""

    path: str
    """Where it was read from."""
    sha256: str
    """Hash of its content."""
    questions: tuple[Pair, ...]
    """The questions, in order."""
    scoring: dict[str, Scoring]
    """Item id -> what is known of its answer."""
    left_out: tuple[str, ...] = ()
    """Names for which lines were left out, each with its lines and why."""

    def hidden(self) -> HiddenPairs:
        """Every (candidate, disease) of every question: the pairs whose direct edges would give the answers away."""
        return frozenset(frozenset((drug.id, q.disease.id)) for q in self.questions for drug in q.candidates)

    def names(self) -> dict[str, str]:
        """Return id -> name of whatever the file gives a name to."""
        named = [one for question in self.questions for one in (question.disease, *question.candidates)]
        return {one.id: one.name for one in named if one.name.strip()}

    def answered(self) -> Pairs:
        """The same file, for scoring.

        Raises:
            InputError: if the answer of an item is not known.
        """
        for number, question in enumerate(self.questions, 1):
            if self.scoring[question.id].answer is None:
                raise InputError(self.path, f"item {question.id} has no `answer`, so it cannot be scored.", number)
        return self

    def of_split(self, split: str) -> Pairs:
        """The items of one split."""
        kept = tuple(question for question in self.questions if self.scoring[question.id].split == split)
        return self.model_copy(update={"questions": kept})


def read_pairs(path: Path, open_graph: OpenGraph | None = None, *, skip_unknown: bool = False) -> Pairs:
    """Read a pairs file: JSON lines or a table, plain or .gz; what is neither question nor scoring is left alone.

    Args:
        path: the file.
        open_graph: opens the graph in which names without ids are looked up; not called if there are none.
        skip_unknown: leave out lines with names that are not found or ambiguous.

    Raises:
        InputError: with the line number, if the file is missing, empty or holds a line that is no item; with all lines
            and names, if names are not found or ambiguous.
    """
    content, names = content_of(path), PairNames(open_graph)
    try:
        found, left_out = _resolved(path, content, names)
        problems = tuple(names.problems())
    finally:
        names.close()
    if problems and not (skip_unknown and found):
        raise InputError(path, _refusal(problems, left_out))
    if not found:
        raise InputError(path, f"the file holds no pairs. {EXPECTED}.")
    scoring: dict[str, Scoring] = {}
    lines: dict[str, int] = {}
    for number, (question, known) in found:
        if question.id in scoring:
            if question.id.startswith(MADE):
                twice = f"asks the same as line {lines[question.id]}. Leave one of them out, or give each an `id`."
            else:
                twice = f"the id {question.id!r} stands there twice."
            raise InputError(path, twice, number)
        scoring[question.id], lines[question.id] = known, number
    questions = tuple(question for _, (question, _) in found)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Pairs(path=str(path), sha256=digest, questions=questions, scoring=scoring, left_out=problems)


def _resolved(path: Path, content: str, names: PairNames) -> tuple[list[tuple[int, tuple[Pair, Scoring]]], int]:
    """The items, and how many were left out as a name of theirs is not known."""
    found, left_out = [], 0
    for number, written in items_of(path, content):
        item: dict[str, Any] | None = with_ids(written)
        if item is not None and names_something(item):
            if not names.can_look:
                raise InputError(path, "names without ids, and no graph to look them up in.", number)
            item = names.resolved(item, number)
        if item is None:
            left_out += 1
        else:
            found.append((number, _item(path, number, item)))
    return found, left_out


def _refusal(problems: Sequence[str], left_out: int) -> str:
    names = "1 name is" if len(problems) == 1 else f"{len(problems)} names are"
    pairs = "the pair" if left_out == 1 else f"the {left_out} pairs"
    listed = "".join(f"\n  {problem}" for problem in problems)
    return (
        f"{names} not clear, and nothing was begun.{listed}\nGive another name or the id; or leave out {pairs} with"
        " --skip-unknown."
    )


def _item(path: Path, number: int, row: dict[str, Any]) -> tuple[Pair, Scoring]:
    try:
        asked = {key: row[key] for key in ("id", "disease", "candidates") if row.get(key) is not None}
        # The same question gets the same id.
        identity = json.dumps([asked.get("disease"), asked.get("candidates")], sort_keys=True)
        question = Pair.model_validate({"id": MADE + hashlib.sha256(identity.encode()).hexdigest()[:12], **asked})
        known = Scoring.model_validate({key: row[key] for key in Scoring.model_fields if row.get(key) is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "item"
        raise InputError(path, f"`{where}`: {first['msg'].removeprefix('Value error, ')}.", number) from None
    if known.answer is not None and known.answer not in {drug.id for drug in question.candidates}:
        raise InputError(path, f"the answer {known.answer} is not one of the candidates.", number)
    return question, known
