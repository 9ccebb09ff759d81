"""The fitted model: one small forest per setting, its calibration, and what it was fitted on.

A forest is LightGBM's lambdarank on questions of two candidates. Its raw score times the fitted slope is a log-odds:
for two candidates the logistic function of the difference is the calibrated probability.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.question_features import field_groups, field_names
from kedrec.errors import DamagedData, NotReady
from kedrec.records import Corpora

if TYPE_CHECKING:
    import lightgbm

__all__ = ["MODEL_FOLDER", "Ranker", "chances", "load_ranker", "train_forests"]

MODEL_FOLDER = Path(__file__).parent / "model"
"""Where the shipped model lies."""

PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank", "lambdarank_truncation_level": 2, "learning_rate": 0.04, "num_leaves": 7,
    "min_data_in_leaf": 30, "feature_fraction": 0.3, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10,
    "verbose": -1, "deterministic": True, "force_row_wise": True, "num_threads": 2,
}  # fmt: skip
"""Small trees, strongly held back: there are about a thousand questions."""
ROUNDS, SEEDS = 150, (0, 1, 2)
"""Trees per forest, and the seeds of the forests that are averaged."""


@cache
def _lightgbm() -> ModuleType:
    """LightGBM without scikit-learn and pandas, which it imports where they are found and which nothing here uses.

    They take 2.2 of the 2.5 seconds of its import.
    """
    absent = [name for name in ("sklearn", "pandas") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: not to be imported
    try:
        import lightgbm
    finally:
        for name in absent:
            del sys.modules[name]
    library: ModuleType = lightgbm
    return library


def train_forests(features: NDArray[np.float32], right: NDArray[np.int64], setting: Corpora) -> list[lightgbm.Booster]:
    """Fit the forests of one setting.

    Args:
        features: Numbers of both candidates, shape (questions, 2, fields).
        right: Which candidate is right, shape (questions,).
        setting: The setting, for the names of the fields.

    Returns:
        One booster per seed.
    """
    labels = np.zeros((len(right), 2), dtype=np.int32)
    labels[np.arange(len(right)), right] = 1
    names = [name.replace(".", "_") for name in field_names(setting)]
    flat = features.reshape(-1, features.shape[2])
    boosters, library = [], _lightgbm()
    for seed in SEEDS:
        data = library.Dataset(flat, labels.ravel(), group=[2] * len(right), feature_name=names, free_raw_data=False)
        boosters.append(library.train({**PARAMETERS, "seed": seed}, data, ROUNDS))
    return boosters


class _Forests(Mapping[str, "list[lightgbm.Booster]"]):
    """The forests in a folder, those of a setting read when first asked for: a question needs one setting's."""

    def __init__(self, folder: Path, counts: dict[Corpora, int]) -> None:
        self._folder, self._counts = folder, counts
        self._read: dict[str, list[lightgbm.Booster]] = {}

    def __getitem__(self, setting: str) -> list[lightgbm.Booster]:
        if setting not in self._read:
            paths = [self._folder / f"{setting}-{number}.txt" for number in range(self._counts[setting])]  # type: ignore[index]
            forests = [_lightgbm().Booster(model_file=str(path)) for path in paths]
            _check(forests, setting, self._folder)  # type: ignore[arg-type]
            self._read[setting] = forests
        return self._read[setting]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)


@dataclass(frozen=True)
class Ranker:
    """The fitted model of all settings."""

    boosters: Mapping[str, list[lightgbm.Booster]]
    """Forests by setting."""
    slopes: dict[str, float]
    """What turns a difference of raw scores into log-odds, by setting."""
    card: dict[str, Any]
    """What it was fitted on, and how well it did in cross-validation."""

    def shares(self, features: NDArray[np.float32], setting: Corpora) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """Split the candidates' scores by group of evidence.

        Args:
            features: Columns as in ``field_names``, shape (candidates, fields).
            setting: The setting.

        Returns:
            Log-odds that each group adds, shape (candidates, groups), and the groups; rows sum to the score up to a
            constant that
            is the same for all candidates.
        """
        forests = self.boosters[setting]
        parts = np.mean(
            [np.asarray(booster.predict(features, pred_contrib=True, num_threads=1)) for booster in forests], axis=0
        )[:, :-1]
        groups = field_groups(setting)
        names = tuple(dict.fromkeys(groups))
        summed = np.stack([parts[:, [g == name for g in groups]].sum(axis=1) for name in names], axis=1)
        return summed * self.slopes[setting], names

    def scores(self, features: NDArray[np.float32], setting: Corpora) -> NDArray[np.float64]:
        """Return the candidates' scores in log-odds, shape (candidates,)."""
        raw = np.mean(
            [np.asarray(booster.predict(features, num_threads=1)) for booster in self.boosters[setting]], axis=0
        )
        return np.asarray(raw * self.slopes[setting], np.float64)

    def save(self, folder: Path) -> None:
        """Write the model into a folder; the card last."""
        folder.mkdir(parents=True, exist_ok=True)
        for setting, forests in self.boosters.items():
            for number, booster in enumerate(forests):
                text = booster.model_to_string().split("\nparameters:")[0] + "\n"
                (folder / f"{setting}-{number}.txt").write_text(text, encoding="utf-8")
        card = {
            **self.card,
            "slopes": self.slopes,
            "forests": {name: len(held) for name, held in self.boosters.items()},
        }
        (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


@cache
def load_ranker(folder: Path = MODEL_FOLDER) -> Ranker:
    """Read a fitted model; the one that is shipped by default.

    Args:
        folder: Folder that ``Ranker.save`` wrote.

    Raises:
        NotReady: There is no model in the folder.
        DamagedData: When the forests of a setting are first asked for: they were fitted on other fields than this
            version computes.
    """
    if not (folder / "card.json").exists():
        raise NotReady(f"{folder} holds no fitted model; make one with: kedrec model fit PAIRS.jsonl")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return Ranker(_Forests(folder, card["forests"]), card["slopes"], card)


def _check(forests: Sequence[lightgbm.Booster], setting: Corpora, folder: Path) -> None:
    """Refuse forests that were fitted on other fields."""
    names = [name.replace(".", "_") for name in field_names(setting)]
    if any(forest.feature_name() != names for forest in forests):
        raise DamagedData(f"the model in {folder} was fitted on other numbers than this version computes; fit it again")


def chances(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log-odds into probabilities of being the choice; a single candidate is compared with an average one."""
    if len(scores) == 1:
        return np.asarray(1 / (1 + np.exp(-scores)))
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())
