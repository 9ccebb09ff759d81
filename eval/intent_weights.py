"""Fit the weights by which the wording of a message tells its intent: a softmax regression on labelled questions.

`python -m kedrec.eval.intent_weights tests/data/questions.tsv` prints how well weights do on questions that they were
not fitted on, parts drawn by lot, and writes `agents/chat/intents/learned.npz`. A line of the table holds an intent, a
tab, and a question with its names marked: `{drug}`, `<disease>`, `~another name of the same~`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from kedrec.agents.chat.intents.features import BUCKETS, features_of
from kedrec.agents.chat.intents.learned import FILE, LEARNED, SURER, IntentWeights, likeliest
from kedrec.agents.chat.intents.wording import NamedSpan, normal

__all__ = ["Labelled", "fit", "held_out", "main", "read_table"]

_NAMED = re.compile(r"\{([^}]+)\}|<([^>]+)>|~([^~]+)~")
_KINDS = {"{": "Compound", "<": "Disease", "~": "Repeated"}
STRENGTH = 0.1
"""L2; 0.03 to 0.3 do alike on questions held out."""
FOLDS = 10
SEED = 20261129


class Labelled(NamedTuple):
    """A question with what it wants."""

    intent: str
    """What it wants."""
    text: str
    """The question without marks."""
    spans: tuple[NamedSpan, ...]
    """Where its names stand."""

    @property
    def counts(self) -> dict[str, int]:
        """How many drugs and diseases it names."""
        kinds = [kind for *_, kind in self.spans]
        return {"drugs": kinds.count("Compound"), "diseases": kinds.count("Disease")}


def read_table(path: Path) -> list[Labelled]:
    """Return the questions of a table.

    Raises:
        OSError: the file cannot be read.
    """
    return [_labelled(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _labelled(line: str) -> Labelled:
    intent, marked = line.split("\t")
    text, spans, last = "", list[NamedSpan](), 0
    for found in _NAMED.finditer(marked):
        name = next(filter(None, found.groups()))
        text += marked[last : found.start()]
        spans.append((len(text), len(text) + len(name), _KINDS[found.group()[0]]))
        text, last = text + name, found.end()
    return Labelled(intent, text + marked[last:], tuple(spans))


def fit(rows: Sequence[Labelled]) -> IntentWeights:
    """Return the weights under which the labels are most likely, each intent counted alike.

    Args:
        rows: questions of learned intents.
    """
    table, labels = _table(rows), np.array([LEARNED.index(row.intent) for row in rows])
    shape = (BUCKETS, len(LEARNED))
    wanted = np.eye(shape[1])[labels]
    each = (len(rows) / shape[1] / np.maximum(wanted.sum(0), 1))[labels]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        odds = table @ weights
        raised = np.exp(odds - odds.max(1, keepdims=True))
        chances = raised / raised.sum(1, keepdims=True)
        told = -(each * np.log(chances[np.arange(len(rows)), labels] + 1e-12)).sum()
        slope = table.T @ (each[:, None] * (chances - wanted)) + STRENGTH * weights
        return float(told + STRENGTH / 2 * (flat**2).sum()), np.asarray(slope).ravel()

    found = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights = np.asarray(found.x).reshape(shape)
    unit = float(np.abs(weights).max()) / 127 or 1.0
    return IntentWeights(np.rint(weights / unit).astype(np.int8), unit)


def _table(rows: Sequence[Labelled]) -> csr_matrix:
    found = [features_of(normal(row.text, row.spans), **row.counts) for row in rows]
    places = [(row, bucket, weight) for row, one in enumerate(found) for bucket, weight in one.items()]
    row, column, weight = zip(*places, strict=True)
    return csr_matrix((weight, (row, column)), shape=(len(rows), BUCKETS))


def held_out(rows: Sequence[Labelled], folds: int = FOLDS) -> tuple[float, float, float]:
    """Return the share read right by weights fitted without the question, the share that is sure, and right of these.

    Args:
        rows: questions of learned intents.
        folds: parts that are held out in turn.
    """
    fold = np.random.default_rng(SEED).permutation(len(rows)) % folds
    told = [("", 0.0)] * len(rows)
    for part in range(folds):
        weights = fit([row for row, own in zip(rows, fold, strict=True) if own != part])
        for place in np.flatnonzero(fold == part):
            row = rows[int(place)]
            told[int(place)] = likeliest(normal(row.text, row.spans), weights=weights, **row.counts)
    right = np.array([one == row.intent for (one, _), row in zip(told, rows, strict=True)])
    sure = np.array([chance >= SURER for _, chance in told])
    return float(right.mean()), float(sure.mean()), float(right[sure].mean())


def main(arguments: Sequence[str]) -> None:
    """Fit on tables and write the weights."""
    rows = [row for path in arguments for row in read_table(Path(path)) if row.intent in LEARNED]
    right, sure, of_these = held_out(rows)
    told = f"{len(rows)} questions, held out in {FOLDS} parts: right {right:.3f}; sure {sure:.3f}, right {of_these:.3f}"
    weights = fit(rows)
    np.savez_compressed(FILE, of=weights.of, unit=np.float64(weights.unit))
    sys.stdout.write(f"{told}\nwritten: {FILE.name}, {FILE.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
