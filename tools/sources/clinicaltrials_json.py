"""ClinicalTrials.gov's JSON, version 2: a study, several, or a page of the API (`{"studies": […]}`)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kedrec.tools.sources import dates
from kedrec.tools.sources.clinicaltrials import (
    Arm,
    Measure,
    Trial,
    TrialOutcome,
    comparison,
    intervention,
    items,
    reading,
    serious_harm,
)
from kedrec.tools.sources.record_types import Item
from kedrec.tools.streams.json_stream import values

__all__ = ["FIRST_KEYS", "identifier", "parse_record", "records", "trial"]

FIRST_KEYS = (
    "protocolSection", "derivedSection", "resultsSection", "annotationSection", "documentSection", "hasResults",
    "studies", "totalCount", "nextPageToken",
)  # fmt: skip
"""What the first key of such a file may be."""
_COMPARISON = ("paramType", "paramValue", "ciPctValue", "ciLowerLimit", "ciUpperLimit", "pValue", "statisticalMethod")
_HARMS = ("seriousNumAffected", "seriousNumAtRisk", "deathsNumAffected")


def records(stream: io.BufferedReader) -> Iterator[Any]:
    """Yield the studies of a file."""
    yield from values(stream, "studies")


def identifier(record: Any) -> str:
    """Return the NCT number of a study as far as there is one."""
    found = _at(record, "protocolSection", "identificationModule", "nctId")
    return found if isinstance(found, str) else ""


def parse_record(record: Any, clean: bool = True) -> list[Item]:
    """Read one study.

    Args:
        record: As `records` yields it.
        clean: Whether to leave out what has no title or no summary.

    Raises:
        ValueError: it is no study, or its id is not understood.
    """
    return items(trial(record), clean)


def trial(study: Any) -> Trial:
    """Read a study.

    Args:
        study: As the API returns it.

    Raises:
        ValueError: it has not the form of one.
    """
    protocol = _at(study, "protocolSection")
    if not isinstance(protocol, dict):
        raise ValueError("it is no study: no object under `protocolSection`")
    try:
        return _trial(protocol, study)
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"its fields are not of the kind expected ({error})") from None


def _trial(protocol: Mapping[str, Any], study: Mapping[str, Any]) -> Trial:
    named, standing = _at(protocol, "identificationModule") or {}, _at(protocol, "statusModule") or {}
    design, arms = _at(protocol, "designModule") or {}, _at(protocol, "armsInterventionsModule") or {}
    value = design.get("phases") or ()
    phases = tuple(map(str, [value] if isinstance(value, str) else value))
    return Trial(
        id=_words(named.get("nctId")), title=_words(named.get("briefTitle")),
        official_title=_words(named.get("officialTitle")),
        summary=_words(_at(protocol, "descriptionModule", "briefSummary")),
        conditions=tuple(map(_words, _at(protocol, "conditionsModule", "conditions") or ())),
        interventions=tuple(map(_intervention, arms.get("interventions") or ())),
        arms=tuple(map(_arm, arms.get("armGroups") or ())),
        outcomes=tuple(_outcomes(_at(protocol, "outcomesModule") or {})),
        measures=tuple(map(_measure, _at(study, "resultsSection", "outcomeMeasuresModule", "outcomeMeasures") or ())),
        harms=tuple(_harms(_at(study, "resultsSection", "adverseEventsModule", "eventGroups") or ())),
        phases=phases, status=_words(standing.get("overallStatus")),
        why_stopped=_words(standing.get("whyStopped")), start=_date(standing, "startDateStruct"),
        completed=_date(standing, "completionDateStruct"), updated=_date(standing, "lastUpdatePostDateStruct"),
        kind=_words(design.get("studyType")), mesh=tuple(_mesh(study)),
    )  # fmt: skip


def _at(value: Any, *keys: str) -> Any:
    """Return what stands under a path of keys; None where it ends."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _words(value: Any) -> str:
    """Return a text with single blanks; empty if there is none."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"found {type(value).__name__} in place of a text")
    return " ".join(value.split())


def _intervention(row: Mapping[str, Any]) -> str:
    kind = _words(row.get("type")).replace("_", " ").capitalize()
    return intervention(kind, _words(row.get("name")), ", ".join(map(_words, row.get("otherNames") or ())))


def _arm(row: Mapping[str, Any]) -> Arm:
    return Arm(_words(row.get("label")), _words(row.get("type")), _words(row.get("description")))


def _outcomes(module: Mapping[str, Any]) -> Iterator[TrialOutcome]:
    for kind in ("primary", "secondary", "other"):
        for row in module.get(f"{kind}Outcomes") or ():
            yield TrialOutcome(
                kind, _words(row.get("measure")), _words(row.get("timeFrame")), _words(row.get("description"))
            )


def _measure(row: Mapping[str, Any]) -> Measure:
    arms = {group["id"]: _words(group.get("title")) for group in row.get("groups") or ()}
    unit = " ".join(filter(None, [_words(row.get("paramType")).replace("_", " ").lower(),
                                  _words(row.get("unitOfMeasure"))]))  # fmt: skip
    return Measure(
        kind=_words(row.get("type")).lower(), title=_words(row.get("title")), frame=_words(row.get("timeFrame")),
        unit=unit, values=tuple(_values(row, arms)),
        analyses=tuple(filter(None, map(_analysis, row.get("analyses") or ()))),
    )  # fmt: skip


def _values(row: Mapping[str, Any], arms: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for one in row.get("classes") or ():
        for category in one.get("categories") or ():
            part = " ".join(filter(None, [_words(one.get("title")), _words(category.get("title"))]))
            for held in category.get("measurements") or ():
                arm = arms.get(held.get("groupId", ""), "")
                yield (
                    ", ".join(filter(None, [arm, part])),
                    reading(*(_words(held.get(field)) for field in ("value", "spread", "lowerLimit", "upperLimit"))),
                )


def _analysis(row: Mapping[str, Any]) -> str:
    what, value, percent, low, high, p, method = (_words(row.get(field)) for field in _COMPARISON)
    return comparison(what, value, (percent, low, high), p, method)


def _harms(groups: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for group in groups:
        hit, risked, dead = (group.get(field) for field in _HARMS)
        if hit is not None and risked:
            yield serious_harm(_words(group.get("title")), hit, risked, dead)


def _date(standing: Mapping[str, Any], field: str) -> str | None:
    return dates.as_written(_words(_at(standing, field, "date")))


def _mesh(study: Mapping[str, Any]) -> Iterator[str]:
    for module in ("conditionBrowseModule", "interventionBrowseModule"):
        for row in _at(study, "derivedSection", module, "meshes") or ():
            yield _words(row.get("term"))
