"""What all pages share: head, navigation, look and script, and what a browser may do with them."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from kedrec.agents.trace_page.html import Child, Html, tag
from kedrec.agents.trace_page.style import STYLE

__all__ = ["framed", "policy"]

OWN_STYLE = """
.top{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;align-items:baseline;max-width:1080px;margin:0 auto;
padding:.8rem 1.25rem;border-bottom:1px solid var(--line)}.top a{text-decoration:none}.top b{font-size:1.05rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:.5rem;top:.5rem;background:var(--card);padding:.4rem .8rem}
main{padding-top:1rem}form.card{margin:0 0 1rem}
label{display:block;font-weight:600;font-size:.9rem;margin:.5rem 0 .2rem}
input,textarea,select,button{font:inherit;color:inherit}input,textarea,select{width:100%;background:var(--paper);
border:1px solid var(--soft);border-radius:6px;padding:.45rem .6rem}textarea{min-height:4.2rem;resize:vertical}
button{background:var(--wash);border:1px solid var(--soft);border-radius:6px;padding:.4rem 1rem;margin:.6rem .4rem 0 0;
cursor:pointer}button[type=submit]{background:var(--accent);color:var(--card);border-color:var(--accent)}
button:disabled{opacity:.6;cursor:default}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
#working{margin:1rem 0}#progress{margin:.2rem 0;padding-left:1.3rem}form h2{margin:0 0 .4rem;padding:0;border:0}
.runs :is(th,td){overflow-wrap:break-word;white-space:nowrap}.runs td:nth-child(2){white-space:normal}
.runs.beside :is(th,td){min-width:0}.runs.beside td:nth-child(2){min-width:14rem}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{.top,form,.skip,#working{display:none}}
"""


def framed(title: str, *children: Child) -> str:
    """A page.

    Args:
        title: what it shows.
        children: what is in its main part.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · KEDRec"),
        tag("style", Html(STYLE + OWN_STYLE)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("nav", *_links(), class_="top", aria_label="Pages")),
        tag("main", *children, id="content"),
        tag("script", Html(_script())),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _links() -> list[Html]:
    named = {"/": tag("b", "KEDRec"), "/#ask": "Ask", "/#compare": "Compare", "/#rank": "Rank", "/runs": "Runs"}
    return [tag("a", name, href=address) for address, name in named.items()]


@cache
def policy() -> str:
    """What a browser may do with a page: show it, run its one script, and ask this server."""
    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
        " trusted-types 'none'"
    )


@cache
def _script() -> str:
    return (files("kedrec.serve.web") / "page.js").read_text("utf-8")
