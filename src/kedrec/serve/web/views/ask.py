"""The view Ask: a question in plain words."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import Html, tag
from kedrec.agents.answer_html.page import READ_IN
from kedrec.serve.results import About
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views import forms
from kedrec.serve.web.views.runs import run_table

__all__ = ["router", "standing"]

router = APIRouter()
RECENT = 8
"""Questions on the first page."""


@router.get("/")
def home(service: Served) -> HTMLResponse:
    """Where one asks."""
    runs = service.list_traces(limit=RECENT)
    recent = tag("section", tag("h2", "Latest questions"), run_table(runs)) if runs else None
    told = tag("p", "A research tool. It weighs what is written and gives no medical advice.", class_="hint")
    heading = tag("h1", "Which drug for which disease, and why")
    ways = tag("p", "To fill in a disease and its drugs instead: ", tag("a", "Compare", href="/compare"), ".")
    parts = (heading, standing(service.about()), forms.ask_form(new=True), forms.working(), ways, recent, told)
    return page("Ask", *parts, view="/", islands=("asking",))


def standing(about: About) -> Html:
    """What is served, in a line."""
    documents = sum(about.documents.values())
    facts = (
        f"model {about.model}",
        f"evidence: {READ_IN[about.setting]}",
        f"graph {about.graph_sha256[:8]}: {about.entities:,} entities, {about.triples:,} facts",
        f"{documents:,} articles and trials",
        "answers are kept" if about.records else "answers are forgotten when the server ends",
    )
    return tag("p", *(tag("span", fact, class_="pill") for fact in facts))
