"""Labelled sentences, read from JSON lines of one of three forms.

- What a drug did in a disease: `{document, start, end, sha256, drug, disease, label, part}`; the sentence is looked
  up in the loaded literature by document id and offsets, so that the file holds no text.
- Who came off better: the same with `other`, the second drug.
- What became of an outcome: `{text, intervention, comparator, outcome, label}`, as Evidence Inference has it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kedrec.distill.pairs.lines import content_of
from kedrec.errors import InputError
from kedrec.records import Document, Entity
from kedrec.tools.findings.effects import EFFECTS, effect_of
from kedrec.tools.findings.trial_outcomes import CHANGES, change_of
from kedrec.tools.findings.winners import WINNERS, winner_of

__all__ = ["Home", "LabelTask", "LabelledSentence", "read_labels"]


class Home(NamedTuple):
    """Where sentences and names are looked up."""

    document: Callable[[str], Document | None]
    """A document by its id."""
    entity: Callable[[str], Entity | None]
    """A drug or disease by its id."""


class LabelTask(NamedTuple):
    """What is asked of the sentences of a file."""

    name: str
    """In words."""
    labels: tuple[str, ...]
    """What may be answered."""
    needed: tuple[str, ...]
    """Fields of a row."""
    opposite: tuple[str, str]
    """Two answers that are each other's opposite."""


class LabelledSentence(NamedTuple):
    """A sentence with what is right and what was read."""

    part: str
    """Which part of the file it belongs to, as the file names it, or empty."""
    label: str
    """What is right."""
    read: str | None
    """What was read; None where the literature does not hold the sentence, or the graph not its names."""


_PLACED = ("document", "start", "end", "drug", "disease", "label")
_TASKS = (
    LabelTask(
        "what became of an outcome",
        CHANGES,
        ("text", "intervention", "comparator", "outcome", "label"),
        ("increased", "decreased"),
    ),
    LabelTask("who came off better", WINNERS, (*_PLACED, "other"), ("first", "second")),
    LabelTask("what a drug did in a disease", EFFECTS, _PLACED, ("harm", "benefit")),
)


def read_labels(path: Path, home: Home) -> tuple[LabelTask, list[LabelledSentence]]:
    """Read a file and what its sentences say.

    Args:
        path: the labels.
        home: where sentences and names are looked up.

    Raises:
        InputError: with the line number, where the file cannot be read as one of the three forms.
    """
    text = content_of(path)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    rows = [_row(path, number, line) for number, line in lines]
    task = next((one for one in _TASKS if rows and set(one.needed) <= rows[0].keys()), None)
    if task is None:
        forms = " or ".join(", ".join(one.needed) for one in _TASKS)
        raise InputError(path, f"no labelled sentences: expected rows with {forms}.", 1)
    return task, [_labelled(path, number, row, task, home) for number, row in enumerate(rows, 1)]


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(path, f"not JSON: {error.msg}.", number) from None
    if not isinstance(row, dict):
        raise InputError(path, "expected an object a line.", number)
    return row


def _labelled(path: Path, number: int, row: dict[str, Any], task: LabelTask, home: Home) -> LabelledSentence:
    lacking = [name for name in task.needed if name not in row]
    if lacking or row["label"] not in task.labels:
        found = f"no {', '.join(lacking)}" if lacking else f"label {row['label']!r}"
        raise InputError(path, f"{found}: expected {', '.join(task.needed)}, the label one of {task.labels}.", number)
    return LabelledSentence(str(row.get("part", "")), row["label"], _read(row, home))


def _read(row: dict[str, Any], home: Home) -> str | None:
    if "outcome" in row:
        return change_of(row["text"], row["intervention"], row["comparator"], row["outcome"])
    # The sentence, where the document is loaded and still holds it.
    document = home.document(row["document"])
    found = document.text[row["start"] : row["end"]] if document else ""
    same = hashlib.sha256(found.encode()).hexdigest().startswith(row.get("sha256", ""))
    sentence, drug = found if found and same else None, home.entity(row["drug"])
    other = home.entity(row["other"] if "other" in row else row["disease"])
    if sentence is None or drug is None or other is None:
        return None
    return winner_of(sentence, drug, other) if "other" in row else effect_of(sentence, drug, other)
