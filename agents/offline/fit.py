"""Making the fitted model from pairs with a known answer.

Only the disease and the two candidates of an item become numbers; its answer is the label; nothing else is read. The
direct edges of the items are hidden while their numbers are made, a fold of diseases at a time, as they are when
questions are asked; each item is learnt from twice, with other drugs of its disease visible and with none.
How often a drug is an answer or a negative is never counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.items import FOLDS, STATES, LabelledQuestion, Look, fold_of, looks, read_items
from kedrec.agents.offline.literature_build import LiteratureSource, build
from kedrec.agents.offline.literature_stats import Derived
from kedrec.agents.offline.question_features import Transfer, field_names, question_features
from kedrec.agents.offline.ranker import Ranker, train_forests
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import SETTINGS, Corpora

if TYPE_CHECKING:
    import lightgbm

__all__ = ["FitReport", "fit", "held_out_margins", "item_features", "no_numbers", "slope_of"]


@dataclass(frozen=True)
class FitReport:
    """What was fitted and how well it did on diseases that it was not fitted on."""

    items: int
    """Number of questions."""
    diseases: int
    """Number of diseases."""
    accuracy: dict[str, float]
    """Cross-validated accuracy by setting, other drugs of the disease visible."""
    cold: dict[str, float]
    """The same where no drug of the disease is."""
    surer: dict[str, float]
    """Accuracy on the surer 80 % of the questions."""
    surer_cold: dict[str, float]
    """The same where no drug of the disease is visible."""
    slopes: dict[str, float]
    """Calibration by setting."""


def no_numbers(items: int) -> NDArray[np.float32]:
    """Return room for the numbers of items, columns as for ``both``, shape (states, items, 2, fields)."""
    return np.zeros((len(STATES), items, 2, len(field_names("both"))), np.float32)


def item_features(
    facts: GraphFacts, derived: Derived | None, items: Sequence[LabelledQuestion], look: Look
) -> NDArray[np.float32]:
    """Return the items of a look as numbers, columns as for ``both``, shape (rows, 2, fields)."""
    link = LinkModel(facts, look.hidden)
    held = derived.corpora.items() if derived else ()
    transfers = {name: Transfer(corpus, derived.index, link) for name, corpus in held} if derived else {}
    chosen = [items[i] for i in look.rows.tolist()]
    rows = [
        question_features(link, derived, transfers, disease=item.disease, drugs=item.candidates, setting="both")
        for item in chosen
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
    items, facts = read_items(pairs_path), GraphFacts(arrays)
    derived = build(derived_dir, arrays, literature, progress)
    folds, right = fold_of(items), np.array([item.right for item in items], dtype=np.int64)
    features = no_numbers(len(items))
    for look in looks(items, facts, also_hidden):
        if progress:
            progress(f"numbers of {look.name}", (2 * look.fold + look.half) / (2 * FOLDS))
        features[look.states, look.rows] = item_features(facts, derived, items, look)
    fitted = {setting: _fit_setting(features, right, folds, setting) for setting in SETTINGS}
    report = FitReport(
        items=len(items),
        diseases=len({item.disease for item in items}),
        accuracy={name: held.accuracy["warm"] for name, held in fitted.items()},
        cold={name: held.accuracy["cold"] for name, held in fitted.items()},
        surer={name: held.surer["warm"] for name, held in fitted.items()},
        surer_cold={name: held.surer["cold"] for name, held in fitted.items()},
        slopes={name: held.slope for name, held in fitted.items()},
    )
    card = _card(pairs_path, arrays, literature, report)
    Ranker({name: held.forests for name, held in fitted.items()}, report.slopes, card).save(out_dir)
    return report


def columns_of(setting: Corpora) -> list[int]:
    """Return where a setting's fields stand among those of ``both``."""
    place = {name: i for i, name in enumerate(field_names("both"))}
    return [place[name] for name in field_names(setting)]


@dataclass(frozen=True)
class _Fitted:
    """One setting: forests, cross-validated accuracy by state, the same on the surer 80 %, slope of the calibration."""

    forests: list[lightgbm.Booster]
    accuracy: dict[str, float]
    surer: dict[str, float]
    slope: float


def _fit_setting(
    features: NDArray[np.float32], right: NDArray[np.int64], folds: NDArray[np.int64], setting: Corpora
) -> _Fitted:
    """Fit one setting, and cross-validate it."""
    margins = np.zeros((len(STATES), len(right)))
    for fold in np.unique(folds):
        margins[:, folds == fold] = held_out_margins(features, right, folds == fold, setting)
    forests = _forests(features, right, np.ones(len(right), bool), setting)
    accuracy = {state: _accuracy(margin) for state, margin in zip(STATES, margins, strict=True)}
    surer = {state: _accuracy(_surest(margin)) for state, margin in zip(STATES, margins, strict=True)}
    return _Fitted(forests, accuracy, surer, slope_of(margins.ravel()))


def _forests(
    features: NDArray[np.float32], right: NDArray[np.int64], chosen: NDArray[np.bool_], setting: Corpora
) -> list[lightgbm.Booster]:
    """Fit forests on the chosen questions, each of them once warm and once cold."""
    own = features[:, chosen][..., columns_of(setting)]
    return train_forests(own.reshape(-1, *own.shape[2:]), np.tile(right[chosen], len(STATES)), setting)


def held_out_margins(
    features: NDArray[np.float32], right: NDArray[np.int64], held_out: NDArray[np.bool_], setting: Corpora
) -> NDArray[np.float64]:
    """Fit on all other questions and choose for those held out.

    Args:
        features: Numbers as in ``no_numbers``.
        right: Which candidate is right, shape (items,).
        held_out: Which questions are held out, shape (items,).
        setting: Which corpora may be used.

    Returns:
        By how much the raw score of the right candidate is higher, shape (states, held out).
    """
    forests = _forests(features, right, ~held_out, setting)
    own = features[:, held_out][..., columns_of(setting)]
    flat = own.reshape(-1, own.shape[-1])
    scores = np.mean([np.asarray(forest.predict(flat)) for forest in forests], axis=0).reshape(own.shape[:3])
    ahead = scores[..., 0] - scores[..., 1]
    return np.asarray(np.where(right[held_out] == 0, ahead, -ahead), np.float64)


def _accuracy(margin: NDArray[np.float64]) -> float:
    """Return the share of right choices; a tie is half of one."""
    return float(((margin > 0) + 0.5 * (margin == 0)).mean())


def _surest(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    return margin[np.argsort(-np.abs(margin))[: int(len(margin) * 0.8)]]


def slope_of(margin: NDArray[np.float64]) -> float:
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
                             "accuracy_surer_80": report.surer, "accuracy_cold": report.cold,
                             "accuracy_cold_surer_80": report.surer_cold},
        "versions": {name: version(name) for name in ("lightgbm", "numpy", "scipy")},
        "not_used": "how often a drug is an answer or a negative; any field of an item but disease and candidates; "
        "how many targets a drug has",
    }  # fmt: skip
