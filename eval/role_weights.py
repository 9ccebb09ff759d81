"""Fit what a role of use, and a direct edge, add to a score: a logistic regression on labelled pairs, folds by disease.

`python -m kedrec.eval.role_weights train.jsonl dev.jsonl --home HOME` takes the margins of cross-validation, found with
all edges of the pairs hidden, reads the role of each candidate, and prints weights and how well they do. What it prints
goes into `agents/offline/model/roles.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kedrec.agents.offline.items import LabelledQuestion, fold_of, pairs_of
from kedrec.agents.resources import Resources
from kedrec.config import load
from kedrec.errors import UserError
from kedrec.eval.cross_validation import margins_of
from kedrec.records import Corpora, triples_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit_weights", "held_out_log_odds", "main", "role_differences"]

FIELDS = ("margin", "use", "DRUGBANK", "Hetionet")
"""Columns; the last two by the edges that are visible where no pair is hidden."""
TRIES = 60
STRENGTH = {"use": 0.01, "edge": 1.0}
"""L2 by what is fitted: without any, edges that the labels were drawn from would weigh without limit."""


def role_differences(
    items: Sequence[LabelledQuestion], home: Path, setting: Corpora, first: int | None = None
) -> NDArray[np.float64]:
    """Return what the right candidate has more of than the wrong one, columns as `FIELDS` without the margin.

    Args:
        items: the questions; the edges of all of them are hidden while roles are read.
        home: holds graph and literature.
        setting: which corpora are used.
        first: how many of them; the others get NaN.
    """
    settings = load({"home": home, "store": "embedded"}).settings
    hidden, open_graph = Resources.open(settings, pairs_of(items)), Resources.open(settings).weigher()
    reader, rows = hidden.role_reader(setting), np.full((len(items), len(FIELDS) - 1), np.nan)
    for place, item in enumerate(items[:first]):
        ill, drugs = hidden.store.get(item.disease), [hidden.store.get(drug) for drug in item.candidates]
        known = [drug for drug in drugs if drug is not None]
        if ill is not None and len(known) == len(drugs):
            uses = [float(reader.role(drug, ill).role in ("treats", "prevents")) for drug in known]
            edges = [_databases(open_graph.stated(ill.id, drug.id)) for drug in known]
            columns = np.array([[use, *edge] for use, edge in zip(uses, edges, strict=True)])
            rows[place] = columns[item.right] - columns[1 - item.right]
    return rows


def _databases(edges: Sequence[str]) -> tuple[float, float]:
    """Whether DrugBank states an edge, and whether another database alone does."""
    found = {relation.partition("::")[0] for edge in edges for _, relation, _ in triples_of(edge)}
    return float("DRUGBANK" in found), float(bool(found) and "DRUGBANK" not in found)


def fit_weights(rows: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Return the weights that make the right candidates most likely (Newton's method).

    Args:
        rows: what the right candidate has more of, shape (questions, columns); the first column is the margin.
        strength: of the L2 on all weights but that of the margin.
    """
    weights = np.zeros(rows.shape[1])
    weights[0] = 1.0
    ridge = np.diag([0.0, *[strength] * (rows.shape[1] - 1)])
    for _ in range(TRIES):
        wrong = 1 / (1 + np.exp(np.clip(rows @ weights, -40, 40)))
        slope = rows.T @ wrong - ridge @ weights
        bend = (rows * (wrong * (1 - wrong))[:, None]).T @ rows + ridge + 1e-9 * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def held_out_log_odds(rows: NDArray[np.float64], folds: NDArray[np.int64], strength: float) -> NDArray[np.float64]:
    """Return the log-odds of the right candidate of each question by weights fitted on all other folds."""
    found = np.zeros(len(rows))
    for fold in np.unique(folds):
        found[folds == fold] = rows[folds == fold] @ fit_weights(rows[folds != fold], strength)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="+", help="pairs files with answers, taken together")
    parser.add_argument("--home", type=Path, help="home with graph and literature (KEDREC_HOME)")
    parser.add_argument("--first", type=int, help="read the roles of so many pairs only")
    given = parser.parse_args(arguments)
    home = load({"home": given.home} if given.home else {}).settings.home
    try:
        items, margins = margins_of(given.pairs, home, "both")
        differences = role_differences(items, home, "both", given.first)
    except UserError as error:
        sys.exit(f"{error}")
    known = ~np.isnan(differences[:, 0])
    rows = np.concatenate([np.column_stack([margin[known], differences[known]]) for margin in margins])
    folds = np.tile(fold_of(items)[known], len(margins))
    steps = {"margin": (1, 0.0), "use": (2, STRENGTH["use"]), "edge": (4, STRENGTH["edge"])}
    report = [_fitted(name, rows[:, :columns], folds, strength) for name, (columns, strength) in steps.items()]
    sys.stdout.write("".join(f"{json.dumps(line)}\n" for line in report))


def _fitted(name: str, rows: NDArray[np.float64], folds: NDArray[np.int64], strength: float) -> dict[str, object]:
    ahead = held_out_log_odds(rows, folds, strength)
    return {
        "step": name,
        "questions": len(rows),
        "weights": dict(zip(FIELDS, np.round(fit_weights(rows, strength), 3).tolist(), strict=False)),
        "log_loss": round(float(np.log1p(np.exp(-ahead)).mean()), 4),
        "accuracy": round(float((ahead > 0).mean()), 4),
    }


if __name__ == "__main__":
    main()
