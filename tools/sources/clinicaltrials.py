"""A trial as its text: the same words whether it came as JSON or as XML.

The text has five parts, each a section: the summary, the design (conditions, interventions, arms), the outcomes
measured, the results and where the trial stands. Criteria of eligibility are not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kedrec.records import Document
from kedrec.tools.markup.escapes import unescaped
from kedrec.tools.markup.sections import joined
from kedrec.tools.sources.record_types import Dropped, Item, LeftOut
from kedrec.tools.sources.trial_vocabulary import normal_phase, normal_status, understood

__all__ = ["Arm", "Measure", "Trial", "TrialOutcome", "comparison", "intervention", "items", "reading", "serious_harm"]

_MOST_VALUES = 60
"""Values given of one measure; some have thousands."""


@dataclass(frozen=True)
class Arm:
    """An arm of a trial."""

    name: str
    """Label."""
    kind: str
    """`EXPERIMENTAL`, `Placebo Comparator`, …"""
    description: str
    """What is done in it."""


@dataclass(frozen=True)
class TrialOutcome:
    """What is to be measured."""

    kind: str
    """`primary`, `secondary` or `other`."""
    measure: str
    """What."""
    frame: str
    """When."""
    description: str
    """How."""


@dataclass(frozen=True)
class Measure:
    """What was measured."""

    kind: str
    """`primary`, `secondary`, …"""
    title: str
    """What."""
    frame: str
    """When."""
    unit: str
    """Kind of the values and their unit."""
    values: tuple[tuple[str, str], ...]
    """Arm, with what of it was measured where there is more than one thing, and value with its spread."""
    analyses: tuple[str, ...]
    """Comparisons in words: `p = 0.03 (ANCOVA)`."""


@dataclass(frozen=True)
class Trial:
    """A trial as its record has it."""

    id: str
    """NCT number."""
    title: str
    """Brief title."""
    official_title: str
    """Official title."""
    summary: str
    """Brief summary."""
    conditions: tuple[str, ...]
    """What it is about."""
    interventions: tuple[str, ...]
    """As `intervention` writes them."""
    arms: tuple[Arm, ...]
    """Arms."""
    outcomes: tuple[TrialOutcome, ...]
    """What is to be measured."""
    measures: tuple[Measure, ...]
    """What was measured."""
    harms: tuple[str, ...]
    """As `serious_harm` writes them."""
    phases: tuple[str, ...]
    """As the source spells them."""
    status: str
    """As the source spells it."""
    why_stopped: str
    """In the sponsor's words."""
    start: str | None
    """ISO date of the first participant."""
    completed: str | None
    """ISO date of the last visit."""
    updated: str | None
    """ISO date of the last update of the record."""
    kind: str
    """`INTERVENTIONAL`, `Observational`, …"""
    mesh: tuple[str, ...]
    """MeSH terms of conditions and interventions."""


def items(trial: Trial, clean: bool) -> list[Item]:
    """Make a document of a trial, and a note of each field that is not understood; its date is that of its last update.

    Args:
        trial: The trial.
        clean: Whether to leave out what has no title or no summary.

    Raises:
        ValueError: its id is not understood.
    """
    if not re.fullmatch(r"NCT\d{8}", trial.id):
        raise ValueError(f"it has no NCT number, found {trial.id[:40]!r}")
    title = unescaped(trial.title or trial.official_title)
    if clean and not (title and trial.summary):
        return [LeftOut(trial.id, "no abstract" if title else "no title")]
    text, sections = joined((name, unescaped(part)) for name, part in _parts(trial))
    dropped = list[Dropped]()
    document = Document(
        id=trial.id, corpus="trials", title=title, text=text, sections=sections, mesh=trial.mesh, date=trial.updated,
        year=int(trial.start[:4]) if trial.start else None, status=normal_status(trial.status),
        phase=understood(normal_phase, "phase", trial.phases, dropped), edition=trial.updated or "",
        types=tuple(filter(None, [" ".join(trial.kind.lower().split("_"))])),
    )  # fmt: skip
    return [document, *(replace(one, id=trial.id) for one in dropped)]


def intervention(kind: str, name: str, others: str) -> str:
    """Write an intervention: `Drug: baricitinib (Olumiant)`."""
    return (f"{kind}: {name}" if kind else name) + (f" ({others})" if others else "")


def reading(value: str, spread: str, low: str, high: str) -> str:
    """Write a value with its spread or limits."""
    return value + (f" ± {spread}" if spread else f" ({low} to {high})" if low or high else "")


def comparison(what: str, value: str, limits: tuple[str, str, str], p: str, method: str) -> str:
    """Write a comparison of arms: `Hazard ratio 0.7 (95 % CI 0.5 to 0.9), p = 0.01 (log rank)`.

    Args:
        what: What was estimated.
        value: The estimate.
        limits: Percentage, lower and upper end of its interval.
        p: Probability, with or without `<` or `=`.
        method: Test.
    """
    percent, low, high = limits
    interval = f" ({percent} % CI {low} to {high})" if low and high else ""
    chance = f"p {p if p[:1] in '<>=' else f'= {p}'}" + (f" ({method})" if method else "") if p else ""
    return ", ".join(filter(None, [f"{what} {value}{interval}" if what and value else "", chance]))


def serious_harm(arm: str, hit: Any, risked: Any, dead: Any = None) -> str:
    """Write an arm's serious adverse events: `placebo 3 of 50 with serious adverse events, 1 died`."""
    return f"{arm} {hit} of {risked} with serious adverse events" + (f", {dead} died" if dead else "")


def _parts(trial: Trial) -> list[tuple[str, str]]:
    official = trial.official_title if trial.official_title != trial.title else ""
    said = [
        ("Status", trial.status.replace("_", " ").lower()), ("Why stopped", trial.why_stopped.rstrip(". ")),
        ("Started", trial.start), ("Completed", trial.completed), ("Last updated", trial.updated),
    ]  # fmt: skip
    return [
        ("summary", _lines([official, trial.summary])),
        ("design", _lines([_listed("Conditions", trial.conditions), _listed("Interventions", trial.interventions),
                           *map(_arm, trial.arms)])),
        ("outcomes", _lines(map(_outcome, trial.outcomes))),
        ("results", _lines([*map(_measure, trial.measures), _listed("Harms", trial.harms)])),
        ("status", _lines([" ".join(f"{what}: {value}." for what, value in said if value)])),
    ]  # fmt: skip


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line)


def _listed(what: str, names: Sequence[str]) -> str:
    return f"{what}: {'; '.join(names)}." if names else ""


def _arm(arm: Arm) -> str:
    kind = f" ({arm.kind.replace('_', ' ').lower()})" if arm.kind else ""
    return f"Arm {arm.name}{kind}{': ' if arm.description else '.'}{arm.description}"


def _outcome(outcome: TrialOutcome) -> str:
    frame = f" ({outcome.frame})" if outcome.frame else ""
    return f"{outcome.kind.capitalize()} outcome: {outcome.measure}{frame}. {outcome.description}".strip()


def _measure(measure: Measure) -> str:
    frame = f" ({measure.frame})" if measure.frame else ""
    told = [f"{name} {value}" for name, value in measure.values[:_MOST_VALUES]]
    more = len(measure.values) - len(told)
    values = "; ".join(told) + (f"; and {more} more values" if more > 0 else "")
    unit = f" [{measure.unit}]" if measure.unit else ""
    head = f"{measure.kind.capitalize()} result: {measure.title}{frame}{unit}: {values}."
    return " ".join([head, *(f"{analysis}." for analysis in measure.analyses)])
