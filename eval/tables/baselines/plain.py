"""Plain rows: a drug's frequency, logistic regression on twelve plain features, boosted trees on the same.

Each feature counts one thing. Who claims that a method reads evidence has to beat these.
"""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.question_features import corpora_of, field_names
from kedrec.errors import MissingExtra
from kedrec.eval.frequency_baseline import by_frequency
from kedrec.eval.tables.baselines.chosen import outcomes_of
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import Task, asked

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["EXTRA", "boosted_trees", "frequency", "logistic", "need"]

EXTRA = "tables"
GRAPH = ("degree", "drug_targets_best", "drug_name_best", "disease_genes_best")
TEXT = ("records", "titles", "surprise", "stopped", "for_disease")
"""Of a corpus; articles have no `stopped`, and trials no sentences counted here: four of each."""
LEFT_OUT = {"articles": "stopped", "trials": "for_disease"}


def need(what: str, *packages: str) -> None:
    """Check that optional packages are installed.

    Raises:
        MissingExtra: one is not.
    """
    if any(importlib.util.find_spec(package) is None for package in packages):
        raise MissingExtra(what, EXTRA)


def plain_fields(setting: Corpora) -> list[str]:
    """The names of the plain features of a setting: four of the graph, and four of each corpus."""
    text = [f"{corpus}.{name}" for corpus in corpora_of(setting) for name in TEXT if name != LEFT_OUT[corpus]]
    return [*GRAPH, *text]


def frequency(world: World, task: Task, setting: Corpora) -> Kept:
    """Choose by how often a drug is an answer rather than a negative in training; the same in every setting."""
    found = by_frequency(task.train, task.test)
    outcomes = [one.model_copy(update={"disease": task.groups[one.pair_id]}) for one in found]
    return Kept(outcomes=tuple(outcomes), note="an artefact of how pairs are drawn; used by no method")


def logistic(world: World, task: Task, setting: Corpora) -> Kept:
    """Logistic regression on the differences of the candidates' plain features, without an intercept.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    need("The row of logistic regression", "sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(with_mean=False), LogisticRegression(fit_intercept=False, max_iter=1000))
    return _fitted(model, world, task, setting, parameters=len(plain_fields(setting)))


def boosted_trees(world: World, task: Task, setting: Corpora) -> Kept:
    """Gradient boosted trees (Friedman 2001, scikit-learn's histogram kind) on the same differences.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    need("The row of boosted trees", "sklearn")
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.05, max_leaf_nodes=8, l2_regularization=10.0, random_state=world.options.seed
    )
    return _fitted(model, world, task, setting, parameters=80 * 8)


def _fitted(model: Any, world: World, task: Task, setting: Corpora, parameters: int) -> Kept:
    """Fit on both orders of every training question and choose for the others, in both orders too."""
    started = time.monotonic()
    gaps = _gaps(world, task, setting)
    learnt = list(asked(task.train))
    first = np.array([one.right == 0 for one in learnt])
    own = gaps[: len(learnt)]
    model.fit(np.concatenate((own, -own)), np.concatenate((first, ~first)))
    ahead = _log_odds(model, gaps[len(learnt) :])
    return Kept(outcomes=outcomes_of(task, ahead), parameters=parameters, seconds=round(time.monotonic() - started, 1))


def _log_odds(model: Any, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of the first candidate, the same but for the sign when the candidates are swapped."""
    one, other = (np.clip(model.predict_proba(sign * gaps)[:, 1], 1e-6, 1 - 1e-6) for sign in (1, -1))
    odds: NDArray[np.float64] = 0.5 * (np.log(one / (1 - one)) - np.log(other / (1 - other)))
    return odds


def _gaps(world: World, task: Task, setting: Corpora) -> NDArray[np.float64]:
    """First candidate less second, what is not known counting as nothing, shape (questions, features)."""
    place = {name: column for column, name in enumerate(field_names("both"))}
    numbers = world.numbers(task)[..., [place[name] for name in plain_fields(setting)]]
    gaps: NDArray[np.float64] = np.nan_to_num(numbers[:, 0].astype(np.float64) - numbers[:, 1])
    return gaps
