"""Margins of the offline model for diseases that it was not fitted on, fold by fold, kept as they are made.

Each fold is looked at twice, with one half of its diseases cold and then the other. What is kept lies in
HOME/cross-validation; anything that the numbers depend on, the code too, begins them anew.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kedrec.agents.offline.fit import held_out_margins, item_features, no_numbers
from kedrec.agents.offline.items import FOLDS, STATES, LabelledQuestion, fold_of, looks
from kedrec.agents.offline.literature_stats import Derived, open_derived
from kedrec.agents.offline.question_features import corpora_of
from kedrec.agents.resources import Resources
from kedrec.atomic_file import staged
from kedrec.config import load
from kedrec.distill.pairs.pairs_file import Pairs, read_pairs
from kedrec.errors import InputError, NotReady
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.records import Corpora

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HeldOutMaterial", "HeldOutWork", "computed", "held_out", "material_of"]

PLACE = "cross-validation"
"""Where in the home it is kept."""
CODE = ("graphdb/link_prediction", "agents/offline", "tools/text")
"""Folders of the code that makes the numbers and fits."""


@dataclass(frozen=True)
class HeldOutWork:
    """What the processes that hold out and choose have in common."""

    home: Path
    files: tuple[Path, ...]
    folder: Path
    """Where it is kept."""


def computed(
    files: Sequence[Path],
    home: Path,
    settings: Sequence[Corpora],
    processes: int,
    on_progress: Callable[[str], None] | None,
) -> HeldOutWork:
    """Hold out each fold in turn, fit without it and choose for it; what is kept already is not done again."""
    # For what is computed from just these pairs, graph, literature and code; what others left there is removed.
    material = _opened(home, files)
    ready = set(material.derived.corpora) if material.derived else set()
    lacking = {corpus for setting in settings for corpus in corpora_of(setting)} - ready
    if lacking:
        raise NotReady(f"The {min(lacking)} in {home} are not prepared for weighing. Run: kedrec model derive")
    known = [[pairs.sha256 for pairs in material.pairs], material.facts.source, material.literature, _code()]
    folder = home / PLACE / hashlib.sha256(json.dumps(known).encode()).hexdigest()[:24]
    for other in (home / PLACE).glob("*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    work = HeldOutWork(home, tuple(files), folder)
    tell = on_progress or (lambda step: None)
    whole = material_of(work)
    steps = [(_numbers, (look.fold, look.half)) for look in looks(whole.items, whole.facts)]
    folds = sorted(set(fold_of(whole.items).tolist()))
    _all(work, steps, processes, tell)
    _all(work, [(_margins, (setting, fold)) for setting, fold in product(settings, folds)], processes, tell)
    return work


@dataclass(frozen=True)
class HeldOutMaterial:
    """The questions, the graph, and what was prepared from the literature."""

    pairs: tuple[Pairs, ...]
    items: list[LabelledQuestion]
    facts: GraphFacts
    derived: Derived | None
    literature: str


@cache
def material_of(work: HeldOutWork) -> HeldOutMaterial:
    """Open what the questions are answered from, once in a process."""
    return _opened(work.home, work.files)


def _opened(home: Path, files: Sequence[Path]) -> HeldOutMaterial:
    pairs = tuple(read_pairs(path).answered() for path in files)
    items = [_item(one, question.id) for one in pairs for question in one.questions]
    opened = Resources.open(load({"home": home, "store": "embedded"}).settings)
    graph, literature = opened.embedded(), opened.literature().content_sha256
    return HeldOutMaterial(
        pairs, items, GraphFacts(graph), open_derived(home / "derived", graph, literature), literature
    )


def _item(pairs: Pairs, pair_id: str) -> LabelledQuestion:
    number, question = next((n, q) for n, q in enumerate(pairs.questions, 1) if q.id == pair_id)
    ids = [drug.id for drug in question.candidates]
    if len(ids) != 2 or pairs.scoring[pair_id].answer not in ids:
        raise InputError(pairs.path, f"item {pair_id} needs two candidates, one of them its `answer`.", number)
    return LabelledQuestion(question.disease.id, (ids[0], ids[1]), ids.index(pairs.scoring[pair_id].answer or ""))


def _code() -> str:
    """Return a hash of the code that makes the numbers."""
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in sorted(path for folder in CODE for path in (root / folder).glob("*.py")):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


Preparation = tuple[Callable[..., str], tuple[Any, ...]]


def _all(work: HeldOutWork, steps: Sequence[Preparation], processes: int, tell: Callable[[str], None]) -> None:
    """Do steps in so many processes; a step that was done before is not done again."""
    if processes < 2:
        for do, chosen in steps:
            tell(do(work, *chosen))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(steps)), context) as pool:
        for done in as_completed([pool.submit(do, work, *chosen) for do, chosen in steps]):
            tell(done.result())


def _numbers(work: HeldOutWork, fold: int, half: int) -> str:
    """Make the numbers of one look at a fold."""
    path = work.folder / f"numbers-{fold}-{half}.npy"
    if not path.exists():
        material = material_of(work)
        look = next(one for one in looks(material.items, material.facts) if (one.fold, one.half) == (fold, half))
        _save(path, item_features(material.facts, material.derived, material.items, look))
    return f"numbers of fold {fold + 1}, half {half + 1} cold"


@cache
def _features(work: HeldOutWork) -> NDArray[np.float32]:
    material = material_of(work)
    features = no_numbers(len(material.items))
    for look in looks(material.items, material.facts):
        features[look.states, look.rows] = np.load(work.folder / f"numbers-{look.fold}-{look.half}.npy")
    return features


def _margins(work: HeldOutWork, setting: Corpora, fold: int) -> str:
    """Fit without a fold and choose for it."""
    path = work.folder / f"margins-{setting}-{fold}.npy"
    if not path.exists():
        items = material_of(work).items
        right = np.array([item.right for item in items], dtype=np.int64)
        _save(path, held_out_margins(_features(work), right, fold_of(items) == fold, setting))
    return f"{setting}: chosen for fold {fold + 1} of {FOLDS}"


def _save(path: Path, array: NDArray[Any]) -> None:
    with staged(path) as part, part.open("wb") as file:
        np.save(file, array)


def held_out(work: HeldOutWork, setting: Corpora) -> NDArray[np.float64]:
    """Return by how much the right candidate is ahead where its disease was held out, shape (states, questions)."""
    folds = fold_of(material_of(work).items)
    margins = np.zeros((len(STATES), len(folds)))
    for fold in sorted(set(folds.tolist())):
        margins[:, folds == fold] = np.load(work.folder / f"margins-{setting}-{fold}.npy")
    return margins
