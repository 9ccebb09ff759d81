"""Making the fitted model from pairs with a known answer.

Only the disease and the two candidates of an item become numbers; its answer is the label; nothing else is read. The
direct
edges of the items are hidden while their numbers are made, a fold of diseases at a time, as they are when questions are
asked.
How often a drug is an answer or a negative is never counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.features import SETTINGS, Transfer, field_names, question_features
from kedrec.agents.offline.literature_stats import Derived, LiteratureSource, build
from kedrec.agents.offline.ranker import Ranker, train_forests
from kedrec.errors import InputError
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Setting

if TYPE_CHECKING:
    import lightgbm

__all__ = ["FitReport", "Item", "fit", "item_features", "pairs_of", "read_items"]

FOLDS = 5
"""Folds of diseases in cross-validation."""


@dataclass(frozen=True)
class Item:
    """A question with its answer."""

    disease: str
    """Disease id."""
    candidates: tuple[str, str]
    """Compound ids, in the order of the file."""
    right: int
    """Which of the two is right."""


@dataclass(frozen=True)
class FitReport:
    """What was fitted and how well it did on diseases that it was not fitted on."""

    items: int
    """Number of questions."""
    diseases: int
    """Number of diseases."""
    accuracy: dict[str, float]
    """Cross-validated accuracy by setting."""
    surer: dict[str, float]
    """The same on the surer 80 % of the questions."""
    slopes: dict[str, float]
    """Calibration by setting."""


def read_items(path: Path) -> list[Item]:
    """Read pairs.

    Args:
        path: JSON lines with ``disease``, ``candidates`` and ``answer``.

    Raises:
        InputError: The file cannot be read, or a line as a pair.
    """
    items = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            one, other = (candidate["id"] for candidate in row["candidates"])
            items.append(Item(row["disease"]["id"], (one, other), (one, other).index(row["answer"])))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                path, f"expected an item with disease, two candidates and answer, found {error!r}", number
            ) from error
    return items


def pairs_of(items: Iterable[Item]) -> HiddenPairs:
    """Return the (candidate, disease) pairs of items, whose edges are to be hidden."""
    return frozenset(frozenset((drug, item.disease)) for item in items for drug in item.candidates)


def fold_of(items: Sequence[Item]) -> NDArray[np.int64]:
    """Return the fold of each item; all items of a disease share one, by a hash of its id, shape (items,)."""
    digests = [hashlib.sha256(item.disease.encode()).digest()[0] for item in items]
    return np.array([digest % FOLDS for digest in digests], dtype=np.int64)


def item_features(
    facts: GraphFacts, derived: Derived | None, items: Sequence[Item], hidden: HiddenPairs
) -> NDArray[np.float32]:
    """Return items as numbers with some pairs hidden, columns as for ``both``, shape (items, 2, fields)."""
    link = LinkModel(facts, hidden)
    held = derived.corpora.items() if derived else ()
    transfers = {name: Transfer(corpus, derived.index, link) for name, corpus in held} if derived else {}
    rows = [
        question_features(link, derived, transfers, disease=item.disease, drugs=item.candidates, setting="both")
        for item in items
    ]
    return np.stack(rows)


def fit(
    pairs_path: Path,
    arrays: GraphArrays,
    literature: LiteratureSource,
    out_dir: Path,
    derived_dir: Path,
    *,
    also_hidden: HiddenPairs = frozenset(),
    progress: Callable[[str, float], None] | None = None,
) -> FitReport:
    """Fit the model of all four settings and write it.

    Args:
        pairs_path: Pairs to fit on.
        arrays: The graph.
        literature: Articles and trials.
        out_dir: Where the model goes.
        derived_dir: Where what is derived from the literature is kept.
        also_hidden: Further pairs whose edges are hidden throughout (those of a held-out file).
        progress: Called with what is being done and the share done.

    Returns:
        Cross-validated figures.
    """
    items = read_items(pairs_path)
    derived = build(derived_dir, arrays, literature, progress)
    folds, right = fold_of(items), np.array([item.right for item in items], dtype=np.int64)
    features = _fold_features(GraphFacts(arrays), derived, items, folds, also_hidden=also_hidden, progress=progress)
    fitted = {setting: _fit_setting(features, right, folds, setting) for setting in SETTINGS}
    report = FitReport(
        items=len(items),
        diseases=len({item.disease for item in items}),
        accuracy={name: held.accuracy for name, held in fitted.items()},
        surer={name: held.surer for name, held in fitted.items()},
        slopes={name: held.slope for name, held in fitted.items()},
    )
    card = _card(pairs_path, arrays, literature, report)
    Ranker({name: held.forests for name, held in fitted.items()}, report.slopes, card).save(out_dir)
    return report


def _fold_features(
    facts: GraphFacts,
    derived: Derived,
    items: Sequence[Item],
    folds: NDArray[np.int64],
    *,
    also_hidden: HiddenPairs,
    progress: Callable[[str, float], None] | None,
) -> NDArray[np.float32]:
    """Return the items' numbers, each fold with its own pairs hidden."""
    features = np.zeros((len(items), 2, len(field_names("both"))), np.float32)
    for fold in range(FOLDS):
        if progress:
            progress(f"numbers of fold {fold + 1}", fold / FOLDS)
        rows = np.flatnonzero(folds == fold)
        chosen = [items[i] for i in rows.tolist()]
        if chosen:
            features[rows] = item_features(facts, derived, chosen, pairs_of(chosen) | also_hidden)
    return features


def columns_of(setting: Setting) -> list[int]:
    """Return where a setting's fields stand among those of ``both``."""
    place = {name: i for i, name in enumerate(field_names("both"))}
    return [place[name] for name in field_names(setting)]


@dataclass(frozen=True)
class _Fitted:
    """One setting: forests, cross-validated accuracy, the same on the surer 80 %, slope of the calibration."""

    forests: list[lightgbm.Booster]
    accuracy: float
    surer: float
    slope: float


def _fit_setting(
    features: NDArray[np.float32], right: NDArray[np.int64], folds: NDArray[np.int64], setting: Setting
) -> _Fitted:
    """Fit one setting, and cross-validate it."""
    own = features[:, :, columns_of(setting)]
    margin = np.zeros(len(right))
    for fold in np.unique(folds):
        inside = folds == fold
        forests = train_forests(own[~inside], right[~inside], setting)
        flat = own[inside].reshape(-1, own.shape[2])
        scores = np.mean([np.asarray(forest.predict(flat)) for forest in forests], axis=0).reshape(-1, 2)
        margin[inside] = np.where(right[inside] == 0, scores[:, 0] - scores[:, 1], scores[:, 1] - scores[:, 0])
    hits = (margin > 0) + 0.5 * (margin == 0)
    surest = np.argsort(-np.abs(margin))[: int(len(margin) * 0.8)]
    return _Fitted(train_forests(own, right, setting), float(hits.mean()), float(hits[surest].mean()), _slope(margin))


def _slope(margin: NDArray[np.float64]) -> float:
    """Return the slope that makes the logistic function of held-out margins most likely (Newton's method)."""
    slope = 1.0
    for _ in range(50):
        wrong = 1 / (1 + np.exp(np.clip(slope * margin, -50, 50)))
        gradient = float((margin * wrong).sum())
        curvature = float((margin**2 * wrong * (1 - wrong)).sum()) + 1e-6
        slope = max(slope + float(np.clip(gradient / curvature, -1, 1)), 0.05)
    return slope


def _card(pairs_path: Path, arrays: GraphArrays, literature: LiteratureSource, report: FitReport) -> dict[str, object]:
    """Return what the model says of itself."""
    digest = hashlib.sha256(pairs_path.read_bytes()).hexdigest()
    return {
        "fitted": datetime.now(UTC).date().isoformat(),
        "pairs": {"file": pairs_path.name, "sha256": digest,
                  "items": report.items, "diseases": report.diseases},
        "graph_sha256": arrays.source_sha256,
        "literature_sha256": literature.content_sha256,
        "cross_validation": {"folds": FOLDS, "by": "disease", "accuracy": report.accuracy,
                             "accuracy_surer_80": report.surer},
        "versions": {name: version(name) for name in ("lightgbm", "numpy", "scipy")},
        "not_used": "how often a drug is an answer or a negative; any field of an item but disease and candidates; "
        "how many targets a drug has",
    }  # fmt: skip
