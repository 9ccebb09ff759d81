"""The pages, each view with addresses of its own; all text of a run, a graph or an article is escaped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from kedrec.serve.web import api_recorded
from kedrec.serve.web.page_frame import ISLANDS, script
from kedrec.serve.web.views import answer, ask, batch, compare, graph, literature, results, run, runs
from kedrec.serve.web.views import evidence_list as evidence

__all__ = ["router"]

router = APIRouter()
_views = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
for _view in (ask, compare, answer, evidence, literature, graph, runs, batch, run, results):
    _views.include_router(_view.router)


@_views.get("/page/{name}.js")
def island(name: Annotated[str, Path(pattern=r"^[a-z]{1,20}$")]) -> Response:
    """A module that pages load."""
    if name not in ISLANDS:
        raise HTTPException(404)
    return Response(script(name), media_type="text/javascript; charset=utf-8")


router.include_router(_views)
router.include_router(api_recorded.router)
