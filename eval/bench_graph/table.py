"""The table of the graph benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["PAIRS", "QUESTIONS", "Loaded", "Measured", "table"]

QUESTIONS = ("direct", "neighbours", "shared", "paths")
"""What is asked."""
PAIRS = 10_000
"""Pairs whose evidence is gathered."""


@dataclass(frozen=True)
class Loaded:
    """How a load went."""

    seconds: float
    """Wall-clock of the whole process; extrapolated where only a part was loaded."""
    peak_mib: int
    """Most memory of the process, of one that it started, or of the server that it loaded into."""
    disk_mib: int | None
    """What the store takes on disk; None where it keeps nothing."""
    part: int | None
    """Triples that were loaded, where not all of them were."""


@dataclass(frozen=True)
class Measured:
    """How questions were answered."""

    open_seconds: float
    """Until the store could be asked."""
    milliseconds: dict[str, list[float]]
    """Wall-clock of each answer, by question."""
    answers: dict[str, list[Any]]
    """The first answers, by question."""
    evidence_seconds: float
    """For the evidence of all pairs; extrapolated where fewer were asked."""
    evidence_pairs: int
    """Pairs that were asked."""


def table(titles: dict[str, str], loaded: dict[str, Loaded | str], measured: dict[str, Measured]) -> str:
    """Return the table in Markdown.

    Args:
        titles: head of each contender's column, by name, in order.
        loaded: how its load went, or why it did not.
        measured: how it answered, where it was asked.
    """
    rows = [["", *titles.values()], ["---"] * (len(titles) + 1)]
    rows += [[what, *(_cell(loaded[name], tell) for name in titles)] for what, tell in ABOUT_LOADS.items()]
    asked = {name: measured.get(name) for name in titles}
    rows.append(["open, s", *(_number(found.open_seconds) if found else "-" for found in asked.values())])
    for question in QUESTIONS:
        rows.append([f"{question}, p50 / p99 ms", *(_spread(found, question) for found in asked.values())])
        rows.append([f"{question}, same answers", *(_agreement(found, asked, question) for found in asked.values())])
    rows.append([f"evidence of {PAIRS:,} pairs, s", *map(_told_evidence, asked.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _cell(loaded: Loaded | str, tell: Callable[[Loaded], str]) -> str:
    return loaded if isinstance(loaded, str) else tell(loaded)


def _told_load(loaded: Loaded) -> str:
    return f"{loaded.seconds:,.1f}" if loaded.part is None else f"~{loaded.seconds:,.0f} (from {loaded.part:,})"


ABOUT_LOADS: dict[str, Callable[[Loaded], str]] = {
    "load, whole process, s": _told_load,
    "peak memory of the load, MiB": lambda loaded: f"{loaded.peak_mib:,}",
    "on disk, MiB": lambda loaded: "-" if loaded.disk_mib is None else f"{loaded.disk_mib:,}",
}


def _spread(found: Measured | None, question: str) -> str:
    if found is None:
        return "-"
    middle, slow = (float(np.percentile(found.milliseconds[question], share)) for share in (50, 99))
    return f"{_number(middle)} / {_number(slow)}"


def _agreement(found: Measured | None, asked: dict[str, Measured | None], question: str) -> str:
    """Say how many of the first answers are those of the first contender that was asked."""
    first = next((other for other in asked.values() if other), None)
    if found is None or first is None or found is first:
        return "-"
    same = sum(one == other for one, other in zip(found.answers[question], first.answers[question], strict=True))
    return f"{same} of {len(found.answers[question])}"


def _told_evidence(found: Measured | None) -> str:
    if found is None:
        return "-"
    if found.evidence_pairs == PAIRS:
        return f"{found.evidence_seconds:,.1f}"
    return f"~{found.evidence_seconds:,.0f} (from {found.evidence_pairs:,})"


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"
