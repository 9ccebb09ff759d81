"""The chat row: what one trace teaches about one task. Records and files only, no model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from kedrec.errors import InputError, NotReady
from kedrec.records import Corpora, Record

__all__ = ["ChatRow", "Manifest", "RowTask", "Selection", "TrainTurn", "read_jsonl", "read_manifest", "read_rows"]

RowTask = Literal["investigate", "answer", "decide", "choose"]
MANIFEST = "manifest.json"
_R = TypeVar("_R", bound=Record)


class Selection(Record):
    """What the selection loss needs."""

    labels: tuple[str, ...]
    """Labels of the candidates, in the order asked: `A`, `B`, …"""
    label: str
    """The label to be chosen."""
    sure: tuple[float, ...] = ()
    """How probable the teacher found each candidate, in the same order; empty where it was not said."""


class TrainTurn(Record):
    """One assistant message that is trained on."""

    index: int
    """Position in `messages`."""
    rationale: str | None = None
    """The part of its text that the rationale loss compares; a literal part of the message."""


class ChatRow(Record):
    """One conversation to learn from."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    id: str
    """`TRACE_ID/TASK` and a number where a trace holds a task several times."""
    trace_id: str
    """The trace it was made from."""
    pair_id: str
    """The pair of the run."""
    task: RowTask
    """What the model was asked to do."""
    setting: Corpora
    """Which corpora the teacher saw."""
    teacher: str
    """Model specification of the teacher."""
    disease: str
    """Disease id; the split is by it."""
    messages: tuple[dict[str, Any], ...]
    """In OpenAI's chat form, tool calls and their results included."""
    tools: tuple[dict[str, Any], ...] = ()
    """Schemas of the tools offered."""
    train: tuple[TrainTurn, ...]
    """Which assistant messages are trained on."""
    selection: Selection | None = None
    """Only where the last message makes the choice."""


class Manifest(Record):
    """What a data set is made of; written last, so that its existence means the data set is whole."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    runs: tuple[dict[str, Any], ...]
    """The runs it was built from, as their own `run.json` has them."""
    labels: Literal["teacher", "answers"]
    """Whose choice the rows teach."""
    answers_sha256: str | None
    """Hash of the file with the answers, where they are the labels."""
    traces: int
    """Traces looked at."""
    rows: dict[str, int]
    """Rows per split."""
    pairs: dict[str, int] = Field(default_factory=dict)
    """Pairs per split; empty in older data sets."""
    tasks: dict[str, int]
    """Rows per task."""
    diseases: dict[str, int]
    """Diseases per split."""
    alike: tuple[tuple[str, ...], ...] = ()
    """Diseases whose rows nearly repeat each other; each group stays in one split."""
    dropped: dict[str, int]
    """Traces left out, by reason."""
    sha256: dict[str, str]
    """Hash of each file."""


def read_rows(path: Path) -> Iterator[ChatRow]:
    """Conversations of a file of the data set, in order.

    Raises:
        NotReady: if the file is not there.
        InputError: at the first line that is no row.
    """
    return read_jsonl(path, ChatRow)


def read_jsonl(path: Path, record: type[_R]) -> Iterator[_R]:
    """Rows of a file, in order; raises as `read_rows` does."""
    if not path.is_file():
        raise NotReady(
            f"{path} is not there. Build the data set first: kedrec dataset build RUN_DIR --out {path.parent}"
        )
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield record.model_validate_json(line)
            except ValidationError as error:
                raise InputError(path, f"not a row of a data set: {error.errors()[0]['msg']}", number) from None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a data set.

    Raises:
        NotReady: if there is no whole data set in the folder.
        InputError: if the manifest cannot be read.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotReady(f"No data set in {folder}. Build one: kedrec dataset build RUN_DIR --out {folder}")
    try:
        return Manifest.model_validate(json.loads(path.read_text("utf-8")))
    except (ValueError, ValidationError) as error:
        raise InputError(path, f"not a manifest ({error}). Build the data set again.") from None
