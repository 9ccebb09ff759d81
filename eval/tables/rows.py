"""The rows of Table 1, in order: what each is, where it comes from, and what chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kedrec.eval.tables.agent_rows import agent_row
from kedrec.eval.tables.baselines import plain
from kedrec.eval.tables.options import TablesOptions
from kedrec.eval.tables.steps import Kept, Turn
from kedrec.eval.tables.task import Task
from kedrec.records import Corpora

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World

__all__ = ["TEACHER", "Row", "rows_of"]

TEACHER = "offline"
Choose = Callable[["World", Task, Corpora], Kept]
PAIRS = ("task.py", "baselines/chosen.py")


@dataclass(frozen=True)
class Row:
    """A row."""

    name: str
    """In names of files."""
    title: str
    """For people."""
    source: str
    """Where the method was published, or what it is."""
    choose: Choose
    """Answers the test questions of a task in a setting."""
    code: tuple[str, ...]
    """Modules whose code its numbers depend on, below the folder of the tables."""
    ours: bool = False
    """Whether it is compared with the best of the others."""
    learns: bool = True
    """Whether it learns from the training answers; else drawing them by lot changes only what counts as right."""
    settings_alike: bool = False
    """Whether it is the same in every setting, so that it is measured in the first alone."""
    reads: bool = False
    """Whether it reads the literature as vectors, which have to be made first."""
    minutes: tuple[float, float, float] = (0.1, 0.1, 0.1)
    """About how long it takes on two cores without literature, with one corpus and with both, over 1,615 questions."""
    turn: Turn = Turn.QUICK
    """When it is measured."""


def rows_of(options: TablesOptions) -> list[Row]:
    """All rows that there are with these options."""
    found = [*_plain(), *_published(), _agent("teacher", TEACHER, Turn.TEACHER, (1.5, 6, 8))]
    if options.student:
        found.append(_agent("student", options.student, Turn.STUDENT, (12, 15, 18)))
    return [row for row in found if options.has_row(row.name)]


def _plain() -> list[Row]:
    code = (*PAIRS, "baselines/plain.py")
    counted = "a count over the training pairs"
    return [
        Row("frequency", "a drug's frequency", counted, plain.frequency, code, settings_alike=True),
        Row("logistic", "logistic regression, 4 to 12 plain features", "scikit-learn", plain.logistic, code),
        Row("trees", "boosted trees, the same features", "Friedman 2001; scikit-learn", plain.boosted_trees, code),
    ]


def _published() -> list[Row]:
    shared = (*PAIRS, "baselines/pair_network.py", "baselines/text_vectors.py")
    sets = (*shared, "baselines/medication_sets.py")
    rgcn = "Schlichtkrull et al. 2018, on PyTorch Geometric"
    return [
        Row(
            "gnn",
            "GNN",
            rgcn,
            _gnn,
            (*shared, "baselines/gnn.py"),
            reads=True,
            minutes=(4, 8, 8),
            turn=Turn.NETWORKS,
        ),
        Row(
            "safedrug",
            "SafeDrug",
            "Yang et al. 2021",
            _safedrug,
            (*sets, "baselines/safedrug.py", "baselines/drug_matcher.py", "baselines/molecules.py"),
            reads=True,
            minutes=(3, 3, 3),
            turn=Turn.NETWORKS,
        ),
        Row(
            "4sdrug",
            "4SDrug",
            "Tan et al. 2022",
            _four_s_drug,
            (*sets, "baselines/four_s_drug.py"),
            reads=True,
            minutes=(1, 1, 1),
            turn=Turn.NETWORKS,
        ),
    ]


def _gnn(world: World, task: Task, setting: Corpora) -> Kept:
    plain.need("The row of the GNN", "torch", "torch_geometric")
    from kedrec.eval.tables.baselines.gnn import gnn

    return gnn(world, task, setting)


def _safedrug(world: World, task: Task, setting: Corpora) -> Kept:
    plain.need("The row of SafeDrug", "torch", "rdkit")
    from kedrec.eval.tables.baselines.safedrug import safedrug

    return safedrug(world, task, setting)


def _four_s_drug(world: World, task: Task, setting: Corpora) -> Kept:
    plain.need("The row of 4SDrug", "torch")
    from kedrec.eval.tables.baselines.four_s_drug import four_s_drug

    return four_s_drug(world, task, setting)


def _agent(name: str, model: str, turn: Turn, minutes: tuple[float, float, float]) -> Row:
    return Row(
        name,
        f"KEDRec {name} (`{_short(model)}`)",
        "this project",
        partial(agent_row, model=model),
        ("agent_rows.py", "recorded_runs.py"),
        ours=True,
        learns=False,
        minutes=minutes,
        turn=turn,
    )


def _short(model: str) -> str:
    kind, _, rest = model.partition(":")
    return f"{kind}:…/{rest.rstrip('/').rpartition('/')[2]}" if "/" in rest else model
