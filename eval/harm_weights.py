"""Fit what speaks for a side effect of a drug: a logistic regression on questions of harm, folds by effect.

`python -m kedrec.eval.harm_weights --home HOME` draws the questions about one half of the side effects, whose edges are
hidden, counts what is known of both drugs, and prints weights and how well they do in cross-validation; the other half
of the effects is not looked at. `agents/offline/model/harms.json` holds the weight that is used, and says why.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kedrec.agents.offline.harms.weigher import FIELDS, HarmWeigher
from kedrec.config import load
from kedrec.errors import UserError
from kedrec.eval.tables.beyond.harm_questions import HarmQuestion, HarmQuestions
from kedrec.eval.tables.options import TablesOptions
from kedrec.eval.tables.world import World
from kedrec.records import Entity
from kedrec.tools.harm_toolbox import HarmToolbox

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["differences", "fit_harm_weights", "main"]

FOLDS, RIDGE = 5, 1.0


def differences(world: World, questions: Sequence[HarmQuestion]) -> NDArray[np.float64]:
    """Return what the drug with the effect has more of than the other, columns as `FIELDS`.

    Args:
        world: graph and literature.
        questions: the questions; the edges of their fifth are hidden.
    """
    weigher = HarmWeigher(world.store, world.resources.literature())
    names, drawn = HarmToolbox(world.store, None, None, "none").graph, HarmQuestions(world)
    held = {fifth: drawn.hidden(fifth) for fifth in {one.held_out for one in questions}}
    rows = []
    for one in questions:
        asked = [names.entity(one.effect, "disease"), *(names.entity(drug, "drug") for drug in one.drugs)]
        effect, *drugs = [found for found in asked if isinstance(found, Entity)]
        first, second = (weigher.known(effect, drug, "both", held[one.held_out]).counts for drug in drugs)
        rows.append(np.subtract(first, second))
    return np.array(rows, float).reshape(-1, len(FIELDS))


def fit_harm_weights(table: NDArray[np.float64], strength: float = RIDGE) -> NDArray[np.float64]:
    """Return the weights that best tell the first drug from the second, by Newton's method.

    Args:
        table: differences, shape (questions, fields).
        strength: of the penalty on squared weights.
    """
    weights = np.zeros(table.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (1 - chance) - strength * weights
        bend = (table * (chance * (1 - chance))[:, None]).T @ table + strength * np.eye(len(weights))
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def cross_validated(table: NDArray[np.float64], effects: Sequence[str]) -> tuple[float, float]:
    """Return the share of questions that are right, ties as half, and the mean log loss, folds by effect."""
    folds = np.array([hashlib.sha256(effect.encode()).digest()[2] % FOLDS for effect in effects])
    odds = np.zeros(len(table))
    for fold in range(FOLDS):
        odds[folds == fold] = table[folds == fold] @ fit_harm_weights(table[folds != fold])
    right = float(((odds > 0) + 0.5 * (odds == 0)).mean())
    return round(right, 4), round(float(np.log1p(np.exp(-odds)).mean()), 4)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the weights, and how well they do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="home with graph and literature (KEDREC_HOME)")
    given = parser.parse_args(arguments)
    try:
        settings = load({"store": "embedded", **({"home": given.home} if given.home else {})}).settings
        world = World(settings, TablesOptions(data=settings.home), settings.home)
        questions = HarmQuestions(world).learnt()
        table, effects = differences(world, questions), [one.effect for one in questions]
    except UserError as error:
        sys.exit(f"{error}")
    right, loss = cross_validated(table, effects)
    weights = dict(zip(FIELDS, fit_harm_weights(table).round(3).tolist(), strict=True))
    found = {"questions": len(table), "effects": len(set(effects)), "right": right, "log_loss": loss}
    sys.stdout.write(f"{json.dumps({'weights': weights, **found})}\n")


if __name__ == "__main__":
    main()
