"""The application: API and pages, behind the guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.routing import Route

import kedrec
from kedrec.serve.mcp.endpoint import mcp_over_http
from kedrec.serve.operation.metrics import Counted, Metrics
from kedrec.serve.operation.readiness import readiness
from kedrec.serve.web import api, pages
from kedrec.serve.web.guard import Guard
from kedrec.serve.web.problems import answer_with_problems
from kedrec.serve.web.v1 import chat_completions

if TYPE_CHECKING:
    from kedrec.serve.access.keys import Keys
    from kedrec.serve.access.rates import Rates
    from kedrec.serve.service import Service

__all__ = ["LOOPBACK", "application"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that no other can be reached by."""


def application(
    service: Service, hosts: Iterable[str] = LOOPBACK, keys: Keys | None = None, rates: Rates | None = None
) -> Counted:
    """The application over a service.

    Args:
        service: does what is asked.
        hosts: names under which the server is reached.
        keys: one of which everybody must send; None where none is asked for.
        rates: how often each may ask; None for no limit.
    """
    spoken = mcp_over_http(service)
    app = FastAPI(
        title="KEDRec",
        version=kedrec.__version__,
        description="Evidence-cited drug choices. A research tool; not medical advice.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=spoken.lifespan if spoken is not None else None,
    )
    app.state.service, app.state.metrics = service, Metrics(service)
    app.include_router(api.router)
    app.include_router(chat_completions.router)
    app.include_router(pages.router)
    for address, answers in (("/health", _health), ("/ready", _ready), ("/metrics", _metrics)):
        app.add_api_route(address, answers, include_in_schema=False, response_model=None)
    if spoken is not None:
        app.router.routes.append(Route("/mcp", spoken, methods=["GET", "POST", "DELETE"], include_in_schema=False))
    answer_with_problems(app)
    return Counted(Guard(app, (name.lower() for name in hosts), keys, rates), app.state.metrics)


def _ready(request: Request) -> Response:
    """Whether questions can be answered; what is opened is looked at, so this runs beside the event loop."""
    found = readiness(request.app.state.service)
    return JSONResponse(found.model_dump(mode="json"), 200 if found.ready else 503)


def _metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _health() -> dict[str, str]:
    return {"status": "ok", "version": kedrec.__version__}
