"""ClinicalTrials.gov's older XML: `clinical_study`, one a file, as in its downloads up to 2024."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

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
from kedrec.tools.streams.xml_stream import elements, parse, text_of

__all__ = ["ROOTS", "identifier", "parse_record", "records", "trial"]

ROOTS = ("clinical_study", "search_results")
"""Outermost tags of such files."""
_COMPARISON = (
    "param_type", "param_value", "ci_percent", "ci_lower_limit", "ci_upper_limit", "p_value", "method",
)  # fmt: skip
_NCT = re.compile(rb"<nct_id>\s*(NCT\d{8})\s*</nct_id>")


def records(stream: io.BufferedReader) -> Iterator[bytes]:
    """Yield the studies of a file, unparsed."""
    yield from elements(stream, ("clinical_study",))


def identifier(record: bytes) -> str:
    """Return the NCT number of a study as far as it can be made out without parsing it."""
    found = _NCT.search(record)
    return found[1].decode() if found else ""


def parse_record(record: bytes, clean: bool = True) -> list[Item]:
    """Read one study.

    Args:
        record: As `records` yields it.
        clean: Whether to leave out what has no title or no summary.

    Raises:
        ValueError: it is not well-formed, or its id is not understood.
    """
    return items(trial(parse(record)), clean)


def trial(root: Element) -> Trial:
    """Read a study.

    Args:
        root: `clinical_study`.
    """
    return Trial(
        id=_at(root, "id_info/nct_id"), title=_at(root, "brief_title"), official_title=_at(root, "official_title"),
        summary=_at(root, "brief_summary/textblock"), conditions=_all(root, "condition"),
        interventions=tuple(map(_intervention, root.findall("intervention"))),
        arms=tuple(map(_arm, root.findall("arm_group"))), outcomes=tuple(_outcomes(root)),
        measures=tuple(map(_measure, root.findall("clinical_results/outcome_list/outcome"))),
        harms=tuple(_harms(root)), phases=_all(root, "phase"), status=_at(root, "overall_status"),
        why_stopped=_at(root, "why_stopped"), start=dates.as_written(_at(root, "start_date")),
        completed=dates.as_written(_at(root, "completion_date")), kind=_at(root, "study_type"),
        updated=dates.as_written(_at(root, "last_update_posted") or _at(root, "lastchanged_date")),
        mesh=_all(root, "condition_browse/mesh_term") + _all(root, "intervention_browse/mesh_term"),
    )  # fmt: skip


def _at(element: Element, path: str) -> str:
    return text_of(element.find(path))


def _all(element: Element, path: str) -> tuple[str, ...]:
    return tuple(text for found in element.findall(path) if (text := text_of(found)))


def _intervention(row: Element) -> str:
    kind, name = _at(row, "intervention_type").capitalize(), _at(row, "intervention_name")
    return intervention(kind, name, ", ".join(_all(row, "other_name")))


def _arm(row: Element) -> Arm:
    return Arm(_at(row, "arm_group_label"), _at(row, "arm_group_type"), _at(row, "description"))


def _outcomes(root: Element) -> Iterator[TrialOutcome]:
    for kind in ("primary", "secondary", "other"):
        for row in root.findall(f"{kind}_outcome"):
            yield TrialOutcome(kind, _at(row, "measure"), _at(row, "time_frame"), _at(row, "description"))


def _measure(row: Element) -> Measure:
    arms = {group.get("group_id", ""): _at(group, "title") for group in row.findall("group_list/group")}
    measure = row.find("measure")
    kept = Element("measure") if measure is None else measure
    unit = " ".join(filter(None, [_at(kept, "param").lower(), _at(kept, "units")]))
    return Measure(
        kind=_at(row, "type").lower(), title=_at(row, "title"), frame=_at(row, "time_frame"), unit=unit,
        values=tuple(_values(kept, arms)),
        analyses=tuple(filter(None, map(_analysis, row.findall("analysis_list/analysis")))),
    )  # fmt: skip


def _values(measure: Element, arms: dict[str, str]) -> Iterator[tuple[str, str]]:
    for one in measure.findall("class_list/class"):
        for category in one.findall("category_list/category"):
            part = " ".join(filter(None, [_at(one, "title"), _at(category, "title")]))
            for held in category.findall("measurement_list/measurement"):
                yield (
                    ", ".join(filter(None, [arms.get(held.get("group_id", ""), ""), part])),
                    reading(*(held.get(field, "") for field in ("value", "spread", "lower_limit", "upper_limit"))),
                )


def _analysis(row: Element) -> str:
    what, value, percent, low, high, p, method = (_at(row, field) for field in _COMPARISON)
    return comparison(what, value, (percent, low, high), p, method)


def _harms(root: Element) -> Iterator[str]:
    """The serious adverse events of each arm; the schema has no deaths (`reported_events_struct`)."""
    reported = root.find("clinical_results/reported_events")
    if reported is None:
        return
    arms = {group.get("group_id", ""): _at(group, "title") for group in reported.findall("group_list/group")}
    event = reported.find("serious_events/category_list/category/event_list/event")
    for counts in [] if event is None or not _at(event, "sub_title").startswith("Total") else event.findall("counts"):
        hit, risked = counts.get("subjects_affected"), counts.get("subjects_at_risk")
        if hit and risked:
            yield serious_harm(arms.get(counts.get("group_id", ""), ""), hit, risked)
