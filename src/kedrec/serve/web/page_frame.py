"""What all pages share: head, navigation, look, scripts, and what a browser may do with them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import Child, Html, tag
from kedrec.agents.answer_html.style import STYLE
from kedrec.serve.web.views.stylesheet import LOOK

__all__ = ["ISLANDS", "POLICY", "framed", "page", "script"]

VIEWS = {"/": "Ask", "/compare": "Compare", "/evidence": "Evidence", "/runs": "Runs", "/results": "Results"}
"""Address of a view -> its name."""
ISLANDS = ("asking", "citations", "names", "paths", "progress", "stream")
"""ES modules that pages may load from `/page/NAME.js`; reading works without."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What a browser may do with a page: show it, run this server's modules, and ask this server."""


def page(title: str, *children: Child, view: str = "", islands: Iterable[str] = (), status: int = 200) -> HTMLResponse:
    """A page as an answer; see `framed`."""
    return HTMLResponse(
        framed(title, *children, view=view, islands=islands), status, {"content-security-policy": POLICY}
    )


def framed(title: str, *children: Child, view: str = "", islands: Iterable[str] = ()) -> str:
    """A page.

    Args:
        title: what it shows.
        children: what is in its main part.
        view: address of the view that it belongs to.
        islands: modules that it loads.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · KEDRec"),
        tag("style", Html(STYLE + LOOK)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("nav", tag("b", "KEDRec"), *_links(view), class_="top", aria_label="Views")),
        tag("main", *children, id="content", tabindex=-1),
        *(tag("script", type="module", src=f"/page/{name}.js") for name in islands),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _links(view: str) -> list[Html]:
    return [
        tag("a", name, href=address, aria_current="page" if address == view else None)
        for address, name in VIEWS.items()
    ]


@cache
def script(name: str) -> str:
    """The text of an island."""
    return (files("kedrec.serve.web") / "islands" / f"{name}.js").read_text("utf-8")
