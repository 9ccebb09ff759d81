"""Pairs files: the questions, and apart from them what is known of the answers.

Only `disease` and `candidates` of an item are the question. Everything else is for scoring; it is read into a
record of its own that no agent, prompt or feature is ever given.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError, model_validator

from kedrec.characters import mended
from kedrec.errors import InputError
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Record

__all__ = ["Named", "Pair", "Pairs", "Scoring", "read_pairs"]

MOST_CANDIDATES = 10


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

    def hidden(self) -> HiddenPairs:
        """Every (candidate, disease) of every question: the pairs whose direct edges would give the answers away."""
        return frozenset(frozenset((drug.id, q.disease.id)) for q in self.questions for drug in q.candidates)

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


def read_pairs(path: Path) -> Pairs:
    """Read a pairs file: JSON lines, plain or .gz; fields that are neither question nor scoring are left alone.

    Raises:
        InputError: with the line number, if the file is missing, empty or holds a line that is no item.
    """
    raw = _content(path)
    items = [_item(path, number, line) for number, line in enumerate(raw.splitlines(), 1) if line.strip()]
    if not items:
        raise InputError(path, "the file holds no pairs. Expected JSON lines with `id`, `disease` and `candidates`.")
    scoring: dict[str, Scoring] = {}
    for number, (question, known) in items:
        if question.id in scoring:
            raise InputError(path, f"the id {question.id!r} stands there twice.", number)
        scoring[question.id] = known
    questions = tuple(question for _, (question, _) in items)
    return Pairs(path=str(path), sha256=hashlib.sha256(raw.encode()).hexdigest(), questions=questions, scoring=scoring)


def _content(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except FileNotFoundError:
        raise InputError(path, "there is no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(path, f"cannot be read as JSON lines: {reason}") from None


def _item(path: Path, number: int, line: str) -> tuple[int, tuple[Pair, Scoring]]:
    try:
        row = mended(json.loads(line))
    except json.JSONDecodeError as error:
        raise InputError(path, f"not JSON: {error.msg}.", number) from None
    if not isinstance(row, dict):
        raise InputError(path, "not an object with `id`, `disease` and `candidates`.", number)
    try:
        question = Pair.model_validate({key: row[key] for key in ("id", "disease", "candidates") if key in row})
        known = Scoring.model_validate({key: row[key] for key in Scoring.model_fields if row.get(key) is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "item"
        raise InputError(path, f"`{where}`: {first['msg'].removeprefix('Value error, ')}.", number) from None
    if known.answer is not None and known.answer not in {drug.id for drug in question.candidates}:
        raise InputError(path, f"the answer {known.answer} is not one of the candidates.", number)
    return number, (question, known)
