"""What is shown where something cannot be."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import tag
from kedrec.errors import KedrecError
from kedrec.serve.error_status import problem_of
from kedrec.serve.web.page_frame import page

__all__ = ["failed"]


def failed(error: KedrecError) -> HTMLResponse:
    """A page that says why there is no other, with the status of the error."""
    told = tag("p", str(error), class_="error", role="alert")
    back = tag("p", tag("a", "Ask", href="/"), " or ", tag("a", "look through the runs", href="/runs"), ".")
    return page("No answer", tag("h1", "No answer"), told, back, status=problem_of(error)[0])
