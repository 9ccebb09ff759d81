"""What a method must beat: choosing by how often a drug is an answer or a negative, and nothing else.

It is an artefact of how pairs are drawn, reported beside every result and used by no method.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Baseline", "frequency_baseline"]


@dataclass(frozen=True)
class Baseline:
    """How far frequency alone gets."""

    n: int
    """Items evaluated."""
    accuracy: float
    """Share of right choices; a tie counts half."""
    by_kind: dict[str, float]
    """The same by kind of negative."""


def frequency_baseline(train: Path, dev: Path) -> Baseline:
    """Choose the candidate that is more often an answer than a negative in the training pairs.

    Args:
        train: Pairs to count in, JSON lines.
        dev: Pairs to evaluate on, JSON lines.

    Returns:
        Accuracy, overall and by kind of negative.
    """
    balance, seen = _balance(_rows(train))
    hits = [(row.get("negative_kind", ""), _hit(row, balance, seen)) for row in _rows(dev)]
    kinds = sorted({kind for kind, _ in hits})
    by_kind = {kind: _mean([hit for other, hit in hits if other == kind]) for kind in kinds}
    return Baseline(len(hits), _mean([hit for _, hit in hits]), by_kind)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _balance(rows: Iterable[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Count answers, and appearances, of each drug."""
    answers: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for row in rows:
        answers[row["answer"]] += 1
        seen.update(candidate["id"] for candidate in row["candidates"])
    return answers, seen


def _hit(row: dict[str, Any], answers: Counter[str], seen: Counter[str]) -> float:
    """Return 1 for a right choice, 0 for a wrong one, one half where frequency does not decide."""
    rate = {
        drug: (answers[drug] + 1) / (seen[drug] + 2) for drug in (candidate["id"] for candidate in row["candidates"])
    }
    right = rate.pop(row["answer"])
    wrong = max(rate.values(), default=0.0)
    return 1.0 if right > wrong else 0.5 if right == wrong else 0.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
