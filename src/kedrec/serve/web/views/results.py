"""The view Results: what was measured, as plots with the same figures in a table under each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import Html, tag, wide_table
from kedrec.serve.kept_runs import RunAgreement
from kedrec.serve.recorded.saved_reports import FOLDER, SavedReport, read_reports
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views.plots import PlotRow, bars, dots

__all__ = ["router"]

router = APIRouter()
MOST_DRAWN = 12
"""Batches beside another one in the picture; the table has all."""
COMMAND = f"kedrec eval selection PAIRS.jsonl --hide-pairs --json > HOME/{FOLDER}/NAME.json"


@router.get("/results")
def results(service: Served) -> HTMLResponse:
    """All that was measured in this home."""
    home = service.settings.home
    reports = read_reports(home)
    ordered = sorted(reports.measured, key=lambda one: one.report.pairs_sha256)
    groups = [list(group) for _, group in groupby(ordered, lambda one: one.report.pairs_sha256)]
    parts = [part for group in groups for part in _group(group)]
    skipped = tag("ul", *(tag("li", one, class_="error") for one in reports.skipped)) if reports.skipped else None
    told = tag("p", "Each report lies in the home; to add one: ", tag("code", COMMAND), class_="hint")
    nothing = tag("p", "Nothing was measured in this home yet.") if not parts else None
    return page("Results", tag("h1", "Results"), told, skipped, nothing, *parts, _agreements(service.runs.agreements()),
                view="/results")  # fmt: skip


def _group(group: Sequence[SavedReport]) -> list[Html]:
    """Reports on the same pairs; others cannot be compared."""
    first = group[0].report
    told = tag("p", f"Pairs {first.pairs_sha256[:8]}: {first.n} questions about {first.diseases} diseases.")
    shown = [one for one in group if not one.report.hidden_pairs]
    seen = tag("p", f"Direct edges were not hidden in {', '.join(one.name for one in shown)}: the graph may state the "
               "answers there.", class_="error") if shown else None  # fmt: skip
    return [tag("section", tag("h2", "How often the right drug is chosen"), told, seen, _f1(group)),
            tag("section", tag("h2", "By kind of the wrong drug"), _by_kind(group)),
            tag("section", tag("h2", "Calibration of confidence"), _calibration(group))]  # fmt: skip


def _name(one: SavedReport) -> str:
    return f"{one.name}: {one.report.model}, {one.report.setting}"


def _is_student(one: SavedReport) -> bool:
    return one.report.model.startswith("local:")


def _f1(group: Sequence[SavedReport]) -> Html:
    rows = [
        PlotRow(name=_name(one), value=one.report.f1, interval=one.report.f1_ci95_by_disease, marked=_is_student(one))
        for one in group
    ]
    low = _begin(end for row in rows for end in (row.interval or (row.value, row.value)))
    table = _table(
        ("Report", "Model", "Setting", "F1", "95 % by diseases", "95 % by items", "Accuracy", "No choice", "Failed"),
        ([one.name, one.report.model, one.report.setting, f"{one.report.f1:.3f}", _range(one.report.f1_ci95_by_disease),
          _range(one.report.f1_ci95), f"{one.report.accuracy:.3f}", one.report.abstained,
          sum(one.report.failed.values())] for one in group),
    )  # fmt: skip
    told = "F1 with its 95 % interval over diseases" + (
        "; students in another colour" if any(map(_is_student, group)) else ""
    )
    return _figure(f"{told}.", dots(told, rows, low), table)


def _by_kind(group: Sequence[SavedReport]) -> Html:
    rows = [
        PlotRow(name=f"{kind.replace('_', ' ')}, {one.name}", value=scores.f1, marked=_is_student(one))
        for kind in dict.fromkeys(kind for one in group for kind in one.report.by_kind)
        for one in group if (scores := one.report.by_kind.get(kind))
    ]  # fmt: skip
    table = _table(
        ("Report", "Kind", "Questions", "F1", "Accuracy"),
        ([one.name, kind.replace("_", " "), scores.n, f"{scores.f1:.3f}", f"{scores.accuracy:.3f}"]
         for one in group for kind, scores in one.report.by_kind.items()),
    )  # fmt: skip
    told = "F1 by where the wrong candidate comes from"
    return _figure(f"{told}.", dots(told, rows, _begin(row.value for row in rows)) if rows else None, table)


def _calibration(group: Sequence[SavedReport]) -> Html:
    known = [(one, one.report.calibration) for one in group if one.report.calibration]
    rows = [PlotRow(name=_name(one), value=figures.surer_accuracy) for one, figures in known]
    rows += [PlotRow(name=f"all answers, {one.name}", value=one.report.precision, marked=True) for one, _ in known]
    table = _table(
        ("Report", "Right among the surer 80 %", "Right among all answers", "Calibration error"),
        ([one.name, f"{figures.surer_accuracy:.3f} of {figures.surer}", f"{one.report.precision:.3f}",
          f"{figures.ece:.3f}"] for one, figures in known),
    )  # fmt: skip
    told = "Right among the surer 80 % of the answers, and among all (in another colour)"
    plot = dots(told, rows, _begin(row.value for row in rows)) if rows else None
    return _figure(f"{told}. The error is the mean distance of confidence and accuracy; 0 is best.", plot, table)


def _agreements(found: Sequence[RunAgreement]) -> Html | None:
    counted = [one for one in reversed(found) if one.both]  # the latest first
    if not counted:
        return None
    rows = [PlotRow(name=f"{one.first} / {one.second}", value=one.same / one.both) for one in counted[:MOST_DRAWN]]
    table = _table(("Batch", "Other batch", "Both chose", "The same drug"),
                   ([one.first, one.second, one.both, one.same] for one in counted))  # fmt: skip
    told = "How often two batches over the same pairs choose the same drug, as a teacher and its student"
    told += f"; the latest {MOST_DRAWN} of {len(counted)} are drawn" if len(counted) > MOST_DRAWN else ""
    return tag("section", tag("h2", "Batches beside one another"), _figure(f"{told}.", bars(told, rows), table))


def _figure(told: str, plot: Html | None, table: Html) -> Html:
    return tag("figure", tag("figcaption", told), plot, wide_table(table, f"Table: {told}"), class_="plot", tabindex=0)


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    head = tag("tr", *(tag("th", title, scope="col") for title in titles))
    body = (tag("tr", *(tag("td", str(value)) for value in row)) for row in rows)
    return tag("table", tag("thead", head), tag("tbody", *body), class_="figures")


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def _begin(values: Iterable[float]) -> float:
    """Where a scale begins that ends at 1: at a tenth, and never so late that a small difference looks large."""
    return min(0.5, max(0.0, int(min(values, default=0.0) * 10) / 10))
