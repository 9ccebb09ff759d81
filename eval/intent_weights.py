"""Fit the weights by which the wording of a message tells its intent: a softmax regression on labelled questions.

`python -m kedrec.eval.intent_weights tests/data/questions.tsv` prints how well weights do on questions that they were
not fitted on, in parts that share no near-duplicates, with what a message means and without, and writes
`agents/chat/intents/learned.npz`. A line of the table holds an intent, a tab, and a question with its names marked:
`{drug}`, `<disease>`, `~another name of the same~`.
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
from scipy.sparse import csr_matrix, hstack
from scipy.sparse.csgraph import connected_components

from kedrec.agents.chat.intents.features import FEATURES, features_of
from kedrec.agents.chat.intents.learned import FILE, LEARNED, IntentWeights, likeliest, meaning_of
from kedrec.agents.chat.intents.reading import with_class, wording_of
from kedrec.agents.chat.intents.wording import NamedSpan
from kedrec.arrays import Vectors

__all__ = ["Labelled", "fit", "held_out", "main", "meanings", "read_table"]

_NAMED = re.compile(r"\{([^}]+)\}|<([^>]+)>|~([^~]+)~")
_KINDS = {"{": "Compound", "<": "Disease", "~": "Repeated"}
STRENGTH = 0.1
"""L2; 0.03 to 0.3 do alike on questions held out."""
ALIKE = 0.92
"""Cosine from which two questions are near-duplicates, and are held out together."""
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
    def read(self) -> tuple[str, int, int]:
        """Its wording, and how many drugs (or classes) and diseases it names."""
        kinds = [kind for *_, kind in self.spans]
        wording, drugs = with_class(wording_of(self.text, self.spans), kinds.count("Compound"))
        return wording, drugs, kinds.count("Disease")


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


def meanings(rows: Sequence[Labelled]) -> Vectors:
    """Return what each question means, shape (questions, 384); about 7 ms each."""
    return np.stack([meaning_of(row.read[0]) for row in rows])


def fit(rows: Sequence[Labelled], meant: Vectors | None = None) -> IntentWeights:
    """Return the weights under which the labels are most likely, each intent counted alike.

    Args:
        rows: questions of learned intents.
        meant: what they mean, where that is to be weighed.
    """
    words, labels = _table(rows), np.array([LEARNED.index(row.intent) for row in rows])
    table = words if meant is None else hstack([words, csr_matrix(meant.astype(np.float64))]).tocsr()
    shape = (table.shape[1], len(LEARNED))
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
    unit = float(np.abs(weights[:FEATURES]).max()) / 127 or 1.0
    of = np.rint(weights[:FEATURES] / unit).astype(np.int8)
    return IntentWeights(of, unit, None if meant is None else weights[FEATURES:].astype(np.float16))


def _table(rows: Sequence[Labelled]) -> csr_matrix:
    asked = [row.read for row in rows]
    found = [features_of(wording, drugs=drugs, diseases=diseases) for wording, drugs, diseases in asked]
    places = [(row, feature, weight) for row, one in enumerate(found) for feature, weight in one.items()]
    row, column, weight = zip(*places, strict=True)
    return csr_matrix((weight, (row, column)), shape=(len(rows), FEATURES))


def held_out(rows: Sequence[Labelled], meant: Vectors, *, meaning: bool = True, folds: int = FOLDS) -> float:
    """Return the share read right by weights fitted without the question and without any near-duplicate of it.

    Args:
        rows: questions of learned intents.
        meant: what they mean.
        meaning: whether that is weighed.
        folds: parts that are held out in turn.
    """
    lengths = np.linalg.norm(meant, axis=1, keepdims=True)
    count, group = connected_components(csr_matrix((meant / lengths) @ (meant / lengths).T > ALIKE))
    fold = (np.random.default_rng(SEED).permutation(count) % folds)[group]
    right = 0
    for part in range(folds):
        kept = [place for place, own in enumerate(fold) if own != part]
        weights = fit([rows[place] for place in kept], meant[kept] if meaning else None)
        for row in (row for row, own in zip(rows, fold, strict=True) if own == part):
            wording, drugs, diseases = row.read
            told, _ = likeliest(wording, drugs=drugs, diseases=diseases, weights=weights)
            right += told == row.intent
    return right / len(rows)


def main(arguments: Sequence[str]) -> None:
    """Fit on tables and write the weights."""
    rows = [row for path in arguments for row in read_table(Path(path)) if row.intent in LEARNED]
    meant = meanings(rows)
    shares = [held_out(rows, meant, meaning=meaning) for meaning in (True, False)]
    with_, plain = fit(rows, meant), fit(rows)
    np.savez_compressed(FILE, of=with_.of, unit=np.float64(with_.unit), meaning=np.asarray(with_.meaning),
                        plain=plain.of, plain_unit=np.float64(plain.unit))  # fmt: skip
    sys.stdout.write(
        f"{len(rows)} questions, held out in {FOLDS} parts: right {shares[0]:.3f}; without their meaning"
        f" {shares[1]:.3f}\nwritten: {FILE.name}, {FILE.stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
