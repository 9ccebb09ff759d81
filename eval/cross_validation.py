"""How well the offline model chooses for diseases it was not fitted on, warm and cold: cross-validation by disease.

`python -m kedrec.eval.cross_validation train.jsonl dev.jsonl --home HOME` fits on four fifths of the diseases of all
files together and chooses for the rest, five times. The direct edges of the pairs chosen for are hidden always. Each
fold is looked at twice, with one half of its diseases cold and then the other: every Compound-Disease edge of theirs is
hidden, as for a disease without any known treatment. So every pair is answered once warm and once cold.

What was computed is kept in HOME/cross-validation; the same command goes on from there. Anything that the numbers
depend on, the code too, begins them anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kedrec.agents.offline.features import SETTINGS, corpora_of
from kedrec.agents.offline.fit import held_out_margins, item_features, no_numbers, slope_of
from kedrec.agents.offline.items import FOLDS, STATES, LabelledQuestion, fold_of, looks
from kedrec.agents.offline.literature_stats import Derived, open_derived
from kedrec.agents.resources import Resources
from kedrec.atomic_file import staged
from kedrec.config import load
from kedrec.distill.pairs.pairs_file import Pairs, read_pairs
from kedrec.errors import InputError, NotReady, UserError
from kedrec.eval.machine import where
from kedrec.eval.metrics import Outcome, Scores, score
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.records import Corpora

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SettingScores", "cross_validate", "main", "margins_of"]

PLACE = "cross-validation"
"""Where in the home it is kept."""
CODE = ("graphdb/link_prediction", "agents/offline", "tools/text")
"""Folders of the code that makes the numbers and fits."""
DEFAULT: tuple[Corpora, ...] = ("none", "both")
ONE_CANDIDATE_AHEAD = 1e-12
"""Margins below this are a tie, in which the first candidate is taken, as the offline model does."""


@dataclass(frozen=True)
class SettingScores:
    """The scores of one setting in one state."""

    setting: Corpora
    """Which corpora were used."""
    state: str
    """One of ``STATES``: whether other drugs of the disease are visible."""
    scores: Scores
    """F1 and all else."""


@dataclass(frozen=True)
class _Task:
    """What the processes have in common."""

    home: Path
    files: tuple[Path, ...]
    work: Path


def cross_validate(
    files: Sequence[Path],
    home: Path,
    settings: Sequence[Corpora] = DEFAULT,
    processes: int = 1,
    on_progress: Callable[[str], None] | None = None,
) -> list[SettingScores]:
    """Fit and choose in turn, fold by fold.

    Args:
        files: Pairs files with answers; their pairs are taken together.
        home: Holds graph and literature.
        settings: Which settings to measure.
        processes: How many processes work.
        on_progress: Called with each step that is done.

    Raises:
        InputError: A pair has no answer, or not two candidates.
        NotReady: There is no graph, or the literature of a setting is not prepared.
    """
    task = _computed(files, home, settings, processes, on_progress)
    return [found for setting in settings for found in _measured(task, setting)]


def margins_of(
    files: Sequence[Path], home: Path, setting: Corpora
) -> tuple[list[LabelledQuestion], NDArray[np.float64]]:
    """Return all questions, and by how much the right candidate is ahead where its disease was held out.

    Args:
        files: Pairs files with answers; their pairs are taken together.
        home: Holds graph and literature.
        setting: Which corpora are used.

    Returns:
        The questions, and raw margins, shape (states, questions).
    """
    task = _computed(files, home, [setting], 1, None)
    return _world(task).items, _held_out(task, setting)


def _computed(
    files: Sequence[Path],
    home: Path,
    settings: Sequence[Corpora],
    processes: int,
    on_progress: Callable[[str], None] | None,
) -> _Task:
    """Compute what is not kept yet."""
    task = _Task(home, tuple(files), _prepared(_opened(home, files), home, settings))
    tell = on_progress or (lambda step: None)
    whole = _world(task)
    steps = [(_numbers, (look.fold, look.half)) for look in looks(whole.items, whole.facts)]
    folds = sorted(set(fold_of(whole.items).tolist()))
    _all(task, steps, processes, tell)
    _all(task, [(_margins, (setting, fold)) for setting, fold in product(settings, folds)], processes, tell)
    return task


@dataclass(frozen=True)
class _World:
    """The questions, the graph, and what was prepared from the literature."""

    pairs: tuple[Pairs, ...]
    items: list[LabelledQuestion]
    facts: GraphFacts
    derived: Derived | None
    literature: str


@cache
def _world(task: _Task) -> _World:
    return _opened(task.home, task.files)


def _opened(home: Path, files: Sequence[Path]) -> _World:
    pairs = tuple(read_pairs(path).answered() for path in files)
    items = [_item(one, question.id) for one in pairs for question in one.questions]
    opened = Resources.open(load({"home": home, "store": "embedded"}).settings)
    graph, literature = opened.embedded(), opened.literature().content_sha256
    return _World(pairs, items, GraphFacts(graph), open_derived(home / "derived", graph, literature), literature)


def _item(pairs: Pairs, pair_id: str) -> LabelledQuestion:
    number, question = next((n, q) for n, q in enumerate(pairs.questions, 1) if q.id == pair_id)
    ids = [drug.id for drug in question.candidates]
    if len(ids) != 2 or pairs.scoring[pair_id].answer not in ids:
        raise InputError(pairs.path, f"item {pair_id} needs two candidates, one of them its `answer`.", number)
    return LabelledQuestion(question.disease.id, (ids[0], ids[1]), ids.index(pairs.scoring[pair_id].answer or ""))


def _prepared(world: _World, home: Path, settings: Sequence[Corpora]) -> Path:
    """Return the folder for what is computed from just these pairs, graph, literature and code; others are removed."""
    ready = set(world.derived.corpora) if world.derived else set()
    lacking = {corpus for setting in settings for corpus in corpora_of(setting)} - ready
    if lacking:
        raise NotReady(f"The {min(lacking)} in {home} are not prepared for weighing. Run: kedrec model derive")
    known = [[pairs.sha256 for pairs in world.pairs], world.facts.source, world.literature, _code()]
    work = home / PLACE / hashlib.sha256(json.dumps(known).encode()).hexdigest()[:24]
    for other in (home / PLACE).glob("*"):
        if other != work:
            shutil.rmtree(other, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    return work


def _code() -> str:
    """Return a hash of the code that makes the numbers."""
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in sorted(path for folder in CODE for path in (root / folder).glob("*.py")):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


Preparation = tuple[Callable[..., str], tuple[Any, ...]]


def _all(task: _Task, steps: Sequence[Preparation], processes: int, tell: Callable[[str], None]) -> None:
    """Do steps in so many processes; a step that was done before is not done again."""
    if processes < 2:
        for do, chosen in steps:
            tell(do(task, *chosen))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(steps)), context) as pool:
        for done in as_completed([pool.submit(do, task, *chosen) for do, chosen in steps]):
            tell(done.result())


def _numbers(task: _Task, fold: int, half: int) -> str:
    """Make the numbers of one look at a fold."""
    path = task.work / f"numbers-{fold}-{half}.npy"
    if not path.exists():
        world = _world(task)
        look = next(one for one in looks(world.items, world.facts) if (one.fold, one.half) == (fold, half))
        _save(path, item_features(world.facts, world.derived, world.items, look))
    return f"numbers of fold {fold + 1}, half {half + 1} cold"


@cache
def _features(task: _Task) -> NDArray[np.float32]:
    world = _world(task)
    features = no_numbers(len(world.items))
    for look in looks(world.items, world.facts):
        features[look.states, look.rows] = np.load(task.work / f"numbers-{look.fold}-{look.half}.npy")
    return features


def _margins(task: _Task, setting: Corpora, fold: int) -> str:
    """Fit without a fold and choose for it."""
    path = task.work / f"margins-{setting}-{fold}.npy"
    if not path.exists():
        items = _world(task).items
        right = np.array([item.right for item in items], dtype=np.int64)
        _save(path, held_out_margins(_features(task), right, fold_of(items) == fold, setting))
    return f"{setting}: chosen for fold {fold + 1} of {FOLDS}"


def _save(path: Path, array: NDArray[Any]) -> None:
    with staged(path) as part, part.open("wb") as file:
        np.save(file, array)


def _measured(task: _Task, setting: Corpora) -> list[SettingScores]:
    world, margins = _world(task), _held_out(task, setting)
    chances = 1 / (1 + np.exp(-np.abs(margins) * slope_of(margins.ravel())))
    found = []
    for state, ahead, sure in zip(STATES, margins, chances, strict=True):
        outcomes = [_outcome(*one) for one in zip(_questions(world), world.items, ahead, sure, strict=True)]
        found.append(SettingScores(setting, state, score(outcomes)))
    return found


def _held_out(task: _Task, setting: Corpora) -> NDArray[np.float64]:
    folds = fold_of(_world(task).items)
    margins = np.zeros((len(STATES), len(folds)))
    for fold in sorted(set(folds.tolist())):
        margins[:, folds == fold] = np.load(task.work / f"margins-{setting}-{fold}.npy")
    return margins


def _questions(world: _World) -> list[tuple[str, str]]:
    """Return id and kind of each pair; ids of several files may be the same."""
    return [
        (f"{number}:{question.id}", pairs.scoring[question.id].negative_kind)
        for number, pairs in enumerate(world.pairs)
        for question in pairs.questions
    ]


def _outcome(question: tuple[str, str], item: LabelledQuestion, ahead: float, sure: float) -> Outcome:
    right = item.right == 0 if abs(ahead) < ONE_CANDIDATE_AHEAD else ahead > 0
    answer, other = item.candidates[item.right], item.candidates[1 - item.right]
    return Outcome(
        pair_id=question[0],
        disease=item.disease,
        kind=question[1],
        answer=answer,
        choice=answer if right else other,
        confidence=float(sure),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cross-validation and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="+", help="pairs files with answers, taken together")
    parser.add_argument("--home", type=Path, help="home with graph and literature (KEDREC_HOME)")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(DEFAULT))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    given = parser.parse_args(arguments)
    home = load({"home": given.home} if given.home else {}).settings.home
    try:
        found = cross_validate(given.pairs, home, given.settings, given.processes, _say)
    except UserError as error:
        sys.exit(f"{error}")
    sys.stdout.write(_as_json(found) if given.json else f"{_table(found)}\n{where()}\n")


def _as_json(found: Sequence[SettingScores]) -> str:
    return json.dumps([{**asdict(one), "scores": one.scores.model_dump()} for one in found], indent=1) + "\n"


def _table(found: Sequence[SettingScores]) -> str:
    kinds = list(found[0].scores.by_kind)
    head = ["setting", "disease", "F1", "95 % by diseases", *kinds, "surer 80 %", "ECE"]
    rows = [head, ["---"] * len(head), *(_row(one, kinds) for one in found)]
    scores = found[0].scores
    title = f"{scores.n} pairs of {scores.diseases} diseases, {FOLDS} folds by disease; edges of the pairs hidden\n\n"
    return title + "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(one: SettingScores, kinds: Sequence[str]) -> list[str]:
    scores, figures = one.scores, one.scores.calibration
    low, high = scores.f1_ci95_by_disease
    by_kind = [f"{scores.by_kind[kind].f1:.3f}" for kind in kinds]
    sure = [f"{figures.surer_accuracy:.3f}", f"{figures.ece:.3f}"] if figures else ["-", "-"]
    return [one.setting, one.state, f"**{scores.f1:.3f}**", f"[{low:.3f}, {high:.3f}]", *by_kind, *sure]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
