"""Steps of a long computation: what is done is kept in a file each and not done again."""

from __future__ import annotations

import ast
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from kedrec.atomic_file import write_whole
from kedrec.errors import KedrecError
from kedrec.eval.machine import where
from kedrec.eval.metrics import Outcome
from kedrec.records import Record

__all__ = ["Kept", "Step", "Steps", "Turn", "code_of"]

Say = Callable[[str], None]


class Turn(IntEnum):
    """The order of the work: what is cheap and tells much comes first."""

    QUICK = 0
    TEACHER = 1
    STUDENT = 2
    FURTHER = 3
    RATIONALES = 4
    NETWORKS = 5
    PATIENTS = 6
    WRITERS = 7
    HONESTY = 8
    READING = 9
    BETWEEN = 10


class Kept(Record):
    """What a step came to, as it is kept."""

    name: str = ""
    """The step."""
    key: str = ""
    """Hash of all that the numbers depend on."""
    outcomes: tuple[Outcome, ...] = ()
    """Choices, one for each question."""
    texts: dict[str, str] = Field(default_factory=dict)
    """Question id -> a rationale that was written."""
    figures: dict[str, Any] = Field(default_factory=dict)
    """Other figures, in JSON types."""
    parameters: int | None = None
    """Numbers that were learnt; null where nothing was."""
    seconds: float = 0.0
    """Wall-clock of learning and answering."""
    processor: float = 0.0
    """Seconds of processor time of the whole step, what it had to prepare for itself and for others included."""
    note: str = ""
    """What had to be adapted, left out or made small."""
    made: str = ""
    """Date, commit and machine."""


@dataclass(frozen=True)
class Step:
    """A part of the work."""

    name: str
    """Its name, and that of its file."""
    key: str
    """Hash of what it depends on."""
    work: Callable[[], Kept]
    """Does it."""
    minutes: float = 0.1
    """About how long it takes on two cores; what it shares with others counts where it comes first."""
    turn: Turn = Turn.QUICK
    """Steps of lower turns are done first."""


class Steps:
    """Steps in a folder.

    Args:
        folder: where what was done is kept.
        say: called with a line for each step.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder, self._say = folder, say
        self.failed: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, step: Step) -> Kept | None:
        """What a step came to; None where it is not done, or was done from something else."""
        try:
            kept = Kept.model_validate_json((self._folder / f"{step.name}.json").read_text("utf-8"))
        except (OSError, ValidationError):
            return None
        return kept if kept.key == step.key else None

    def todo(self, steps: Sequence[Step]) -> list[Step]:
        """The steps that are not done, in the order in which they would be."""
        return sorted((step for step in steps if self.read(step) is None), key=lambda step: step.turn)

    def run(self, steps: Sequence[Step]) -> None:
        """Do what is not done yet; a step that fails is named and the others go on."""
        todo = self.todo(steps)
        ahead, spent, worked = sum(step.minutes for step in todo), 0.0, 0.0
        for number, step in enumerate(todo, len(steps) - len(todo) + 1):
            started = time.monotonic()
            told = self._do(step)
            spent, worked = spent + time.monotonic() - started, worked + step.minutes
            left = spent / worked * (ahead - worked)
            self._say(f"[{number}/{len(steps)}] {step.name}: {told}; about {left / 60:.0f} min left")

    def _do(self, step: Step) -> str:
        started, worked = time.monotonic(), time.process_time()
        try:
            kept = step.work()
        except KedrecError as error:
            self.failed[step.name] = f"{type(error).__name__}: {error}"
            return f"failed, {self.failed[step.name]}"
        seconds = kept.seconds or round(time.monotonic() - started, 1)
        told = {"seconds": seconds, "processor": round(time.process_time() - worked, 1), "made": where()[2:]}
        found = kept.model_copy(update={"name": step.name, "key": step.key, **told})
        write_whole(self._folder / f"{step.name}.json", [found.model_dump_json()])
        return f"{time.monotonic() - started:.0f} s"


def code_of(*modules: str) -> str:
    """Hash of what modules do, named as files below the folder of the tables; their words and imports do not count."""
    digest = hashlib.sha256()
    for name in modules:
        tree = ast.parse((Path(__file__).parent / name).read_bytes())
        digest.update(ast.dump(_Done().generic_visit(tree)).encode())
    return digest.hexdigest()


class _Done(ast.NodeTransformer):
    """Leaves out of a module where it takes things from and what it says of itself."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        return None if said or isinstance(node, ast.Import | ast.ImportFrom) else self.generic_visit(node)
