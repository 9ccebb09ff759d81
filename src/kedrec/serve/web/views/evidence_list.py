"""The evidence of an answer: a list that can be filtered, and one piece of it whole, with what the check marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.citations import VERDICTS, cited_keys, source_address, verdict_on
from kedrec.agents.answer_html.evidence import marked, marks_in
from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.agents.prompting.answer_format import KINDS
from kedrec.agents.prompting.domain_questions import QUESTION_TITLES
from kedrec.agents.traces.labels import asked
from kedrec.errors import KedrecError, NotReady
from kedrec.records import Evidence, Recommendation, Record, triples_of
from kedrec.serve import requests
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views.failed import failed
from kedrec.serve.web.views.forms import choosing, field, tick
from kedrec.tools.literature_tools import is_retracted

__all__ = ["router"]

router = APIRouter()
_YEAR = re.compile(r"(?:^|[.?!] )((?:18|19|20)\d\d)\. ")
_PHASE = re.compile(r"\bPhase (\d(?:/\d)?)\. ")
_STATUS = re.compile(r"\bStatus: ([^.]+)\. ")
PHASES = {"": "any", "1": "1", "1/2": "1/2", "2": "2", "2/3": "2/3", "3": "3", "4": "4"}


class EvidenceFilter(Record):
    """What the pieces of evidence that are listed must have; everything that is given must hold."""

    kind: str = ""
    """K, P or T."""
    drug: str = ""
    """Id of a candidate that it speaks of."""
    text: str = ""
    """Words that all stand in it."""
    since: int | None = None
    """Year before which no article counts; what has no year is left out."""
    phase: str = ""
    """Phase of a trial."""
    cited: bool = False
    """Whether only what is cited is listed."""
    retracted: bool = False
    """Whether only what was retracted is listed."""

    def holds(self, entry: Evidence, cited: Iterable[str]) -> bool:
        """Whether a piece of evidence has all of it."""
        year, phase = _YEAR.search(entry.text[:600]), _PHASE.search(entry.text[:600])
        told = f"{entry.text} {entry.passage} {entry.source_id}".casefold()
        return (
            self.kind in ("", entry.key[:1])
            and (not self.drug or self.drug in entry.about)
            and all(word in told for word in self.text.casefold().split())
            and (self.since is None or bool(year and int(year[1]) >= self.since))
            and (not self.phase or bool(phase and phase[1] == self.phase))
            and (not self.cited or entry.key in cited)
            and (not self.retracted or is_retracted(entry.text))
        )


@router.get("/answers/{id}/evidence")
def evidence(  # noqa: PLR0917 - fields of the form
    id: requests.TraceId,
    service: Served,
    key: Annotated[str, Query(pattern=r"^([KPT]\d{1,5})?$")] = "",
    kind: Annotated[str, Query(pattern=r"^[KPT]?$")] = "",
    drug: Annotated[str, Query(max_length=500)] = "",
    text: Annotated[str, Query(max_length=200)] = "",
    since: Annotated[str, Query(pattern=r"^(\d{4})?$")] = "",
    phase: Annotated[str, Query(max_length=5)] = "",
    cited: bool = False,
    retracted: bool = False,
) -> HTMLResponse:
    """The list at the left, one piece at the right."""
    wanted = EvidenceFilter(
        kind=kind, drug=drug, text=text, since=int(since) if since else None, phase=phase, cited=cited,
        retracted=retracted,
    )  # fmt: skip
    try:
        trace = service.trace(requests.WhichTrace(id=id))
        if trace.recommendation is None:
            raise NotReady(f"The run {id} has no outcome, so no evidence.")
    except KedrecError as error:
        return failed(error)
    made = trace.recommendation
    used = cited_keys(made)
    listed = sorted(_listed(made, wanted, used), key=lambda entry: entry.key not in used)
    shown = made.evidence.get(key) or (listed[0] if listed else None)
    count = tag("p", f"{len(listed)} of {len(made.evidence)} pieces of evidence", class_="hint", role="status")
    left = tag("div", _filter_form(trace.id, made, wanted), count, _list(trace.id, listed, shown, wanted))
    right = _piece(trace.id, shown, made, service.name_of) if shown else tag("p", "Nothing has all of that.")
    paths = tag("a", "its paths drawn", href=f"/answers/{trace.id}#paths")
    head = tag("p", "Of the answer ", tag("a", asked(trace), href=f"/answers/{trace.id}"), " · ", paths, class_="hint")
    both = tag("div", left, right, class_="two")
    return page(f"Evidence: {asked(trace)}", tag("h1", "Evidence"), head, both, view="/evidence")


def _listed(made: Recommendation, wanted: EvidenceFilter, used: Iterable[str]) -> list[Evidence]:
    cited = set(used)
    return [entry for entry in made.evidence.values() if wanted.holds(entry, cited)]


def _filter_form(trace_id: str, made: Recommendation, wanted: EvidenceFilter) -> Html:
    kinds = {"": "all", "K": "graph (K)", "P": "articles (P)", "T": "trials (T)"}
    drugs = {"": "any", **{drug.id: drug.name for drug in made.candidates}}
    boxes = tag(
        "div",
        tick("only cited", "cited", on=wanted.cited, name="cited", value="true"),
        tick("only retracted", "retracted", on=wanted.retracted, name="retracted", value="true"),
    )
    return tag(
        "form",
        tag("p", "All that is filled in must hold.", class_="hint"),
        field("Words in it, or an id", "text", name="text", value=wanted.text),
        tag("div",
            choosing("Kind", "kind", kinds, wanted.kind, name="kind"),
            choosing("Drug", "drug", drugs, wanted.drug, name="drug"),
            field("From year", "since", name="since", value=wanted.since, inputmode="numeric", pattern=r"\d{4}"),
            choosing("Phase", "phase", PHASES, wanted.phase, name="phase"), class_="fields"),
        boxes,
        tag("button", "Filter", type="submit"),
        tag("a", "Reset", href=f"/answers/{trace_id}/evidence", class_="button"),
        class_="card",
        action=f"/answers/{trace_id}/evidence",
        role="search",
    )  # fmt: skip


def _list(trace_id: str, listed: Iterable[Evidence], shown: Evidence | None, wanted: EvidenceFilter) -> Html:
    filled = {name: "true" if value is True else value for name, value in wanted.model_dump().items() if value}

    def line(entry: Evidence) -> Html:
        address = f"/answers/{trace_id}/evidence?{urlencode({**filled, 'key': entry.key})}#piece"
        here = "true" if shown is not None and entry.key == shown.key else None
        key = tag("span", entry.key, class_=f"key {KINDS.get(entry.key[:1], '')}")
        return tag("li", tag("a", key, tag("span", entry.text[:300], class_="text"), href=address, aria_current=here))

    return tag("ul", *map(line, listed), class_="list", tabindex=0, aria_label="Pieces of evidence")


def _piece(trace_id: str, entry: Evidence, made: Recommendation, named: Callable[[str], str]) -> Html:
    """A piece of evidence, whole: where it is from, what the check marked, who cites it."""
    kind = KINDS.get(entry.key[:1], "")
    head = tag("h2", tag("span", entry.key, class_=f"key {kind}"), " ", kind.capitalize() or "Source")
    text = tag("p", marked(entry.text, marks_in(entry.key, made)))
    parts = (_source(entry), text, _passage(entry), _edges(entry, named), _citing(trace_id, entry, made))
    return tag("article", head, *parts, class_="card", id="piece", tabindex=-1)


def _source(entry: Evidence) -> Html:
    address = source_address(entry.source_id)
    source = tag("a", entry.source_id, href=address, rel="noreferrer") if address else tag("code", entry.source_id)
    head = entry.text[:600]
    forms = {"{}": _YEAR, "phase {}": _PHASE, "{} ": _STATUS} if entry.key[:1] in "PT" else {}
    facts = [told.format(found[1]).strip() for told, form in forms.items() if (found := form.search(head))]
    gone = tag("span", "retracted", class_="chip against") if is_retracted(entry.text) else None
    told = (tag("span", fact, class_="pill") for fact in facts)
    local = "; the link leaves this machine" if address else ""
    return tag("p", source, tag("small", local), " ", *told, gone)


def _passage(entry: Evidence) -> Html | None:
    if not entry.passage:
        return None
    text = tag("p", marked(entry.passage, dict.fromkeys(entry.spans, ()), "b"))
    told = tag("h3", "The whole passage; in bold what the answer was shown")
    return tag("div", told, text, class_="passage")


def _edges(entry: Evidence, named: Callable[[str], str]) -> Html | None:
    """The edges of a path, each end with its entity's page."""
    triples = triples_of(entry.source_id) if entry.key[:1] == "K" else ()
    if not triples:
        return None

    def end(entity: str) -> Html:
        return tag("td", tag("a", named(entity), title=entity, href=f"/entity?{urlencode({'id': entity})}"))

    head = tag("tr", *(tag("th", title, scope="col") for title in ("From", "Relation in DRKG", "To")))
    rows = (tag("tr", end(first), tag("td", tag("code", relation)), end(last)) for first, relation, last in triples)
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="paths")


def _citing(trace_id: str, entry: Evidence, made: Recommendation) -> Html:
    """The sentences and answers that cite it, each with the verdict of the check."""
    sentences = [
        tag("li", tag("a", f"Sentence {at}", href=f"/answers/{trace_id}#sentence-{at}"), f": {one.text} ",
            _verdict(verdict_on(one, entry.key, made.evidence)))
        for at, one in enumerate(made.sentences, 1) if entry.key in one.citations
    ]  # fmt: skip
    names = {drug.id: drug.name for drug in made.candidates}
    answers = [
        tag("li", f"{names.get(one.question.drug, '')}, {_title(one.question.key)} ({one.stance}): {one.text}")
        for one in made.answers if entry.key in one.citations
    ]  # fmt: skip
    if not sentences and not answers:
        return tag("p", "Found, and not cited.", class_="hint")
    return join(tag("h3", "Cited by"), tag("ul", *sentences, *answers))


def _title(key: str) -> str:
    return QUESTION_TITLES.get(key, key).lower()


def _verdict(verdict: str) -> Html:
    sign, told = VERDICTS[verdict]
    look = "against" if verdict == "missing" else "supports"
    return tag("span", f"{sign} {told}", class_=f"chip {look} verdict-told")
