"""The view Compare: a disease and its drugs by name, and all drugs of the graph ranked for a disease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from kedrec.agents.answer_html.citations import sentence_links
from kedrec.agents.answer_html.evidence import evidence_item
from kedrec.agents.answer_html.html import Html, tag
from kedrec.agents.answer_html.page import READ_IN
from kedrec.agents.recommend import RankedDrug, Ranking
from kedrec.errors import KedrecError
from kedrec.records import Corpora, Evidence
from kedrec.serve import requests
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.streaming import while_waited_for
from kedrec.serve.web.views import forms
from kedrec.serve.web.views.failed import failed

__all__ = ["router"]

router = APIRouter()
Filled = Annotated[str, Query(max_length=5000)]


@router.get("/compare")
def compare(  # noqa: PLR0917 - fields of the form
    service: Served,
    disease: Filled = "",
    drugs: Filled = "",
    setting: Corpora | None = None,
    hide: bool = False,
    before: requests.TraceId | None = None,
) -> HTMLResponse:
    """Where a disease and its drugs are filled in; an address may hold them already."""
    variant = _variant_of(before) if before else None
    form = forms.compare_form(disease, drugs, setting or service.settings.setting, hide=hide, trace=before or "")
    parts = (tag("h1", "Compare drugs for a disease"), variant, form, forms.working(), forms.rank_form())
    return page("Compare", *parts, view="/compare", islands=("asking", "names"))


def _variant_of(before: str) -> Html:
    told = ": change a drug, the corpora or the disease; the answer leads to what changed."
    return tag("p", "A variant of ", tag("a", f"question {before}", href=f"/answers/{before}"), told)


@router.get("/ranking")
async def ranking(
    request: Request,
    service: Served,
    disease: Annotated[str, Query(min_length=1, max_length=500)],
    top: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The drugs of the graph for a disease."""
    try:
        work = service.recommend(requests.Recommend(disease=disease, top=top))
        made = await while_waited_for(request, work)
    except KedrecError as error:
        return failed(error)
    if isinstance(made, Response):
        return made
    told = tag("p", "Ranked by rule from the graph and the literature. Not medical advice.", class_="hint")
    title = f"Drugs for {made.disease.name}"
    facts = tag("p", f"{made.disease.id}; evidence: {READ_IN[made.setting]}", class_="hint")
    return page(title, tag("h1", title), facts, _ranked(made), told, view="/compare", islands=("citations",))


def _ranked(ranking: Ranking) -> Html:
    """Drugs for a disease, best first, with what speaks for each, and all evidence below."""
    drugs = (_drug(drug, ranking.evidence) for drug in ranking.drugs)
    notes = (tag("li", note) for note in ranking.not_found)
    missing = tag("section", tag("h2", "Notes"), tag("ul", *notes), id="missing") if ranking.not_found else None
    entries = (evidence_item(entry) for entry in ranking.evidence.values())
    listed = tag("details", tag("summary", f"{len(ranking.evidence)} pieces"), tag("ul", *entries, class_="evidence"))
    found = tag("section", tag("h2", "Evidence"), listed, id="evidence")
    against = (
        tag("p", one.sentence.text, " ", sentence_links(one.sentence, ranking.evidence)) for one in ranking.set_aside
    )
    aside = tag("section", tag("h2", "Left out: no treatment"), *against, id="set-aside") if ranking.set_aside else None
    return tag("div", tag("ol", *drugs, class_="rationale"), aside, missing, found if ranking.evidence else None)


def _drug(drug: RankedDrug, evidence: Mapping[str, Evidence]) -> Html:
    said = (tag("p", one.text[:1].upper() + one.text[1:], " ", sentence_links(one, evidence)) for one in drug.sentences)
    return tag("li", tag("b", drug.name), tag("small", f" {drug.id}, score {drug.score:+.2f}"), *said)
