"""The application: API and pages, behind the guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.routing import Route

import kedrec
from kedrec.serve.mcp.endpoint import mcp_over_http
from kedrec.serve.web import api, pages
from kedrec.serve.web.guard import Guard
from kedrec.serve.web.problems import answer_with_problems
from kedrec.serve.web.v1 import chat_completions

if TYPE_CHECKING:
    from kedrec.serve.service import Service

__all__ = ["LOOPBACK", "application"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that no other can be reached by."""


def application(service: Service, hosts: Iterable[str] = LOOPBACK, key: str | None = None) -> Guard:
    """The application over a service.

    Args:
        service: does what is asked.
        hosts: names under which the server is reached.
        key: without which nothing is answered; None where none is asked for.
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
    app.state.service = service
    app.include_router(api.router)
    app.include_router(chat_completions.router)
    app.include_router(pages.router)
    app.add_api_route("/health", _health, include_in_schema=False)
    if spoken is not None:
        app.router.routes.append(Route("/mcp", spoken, methods=["GET", "POST", "DELETE"], include_in_schema=False))
    answer_with_problems(app)
    return Guard(app, (name.lower() for name in hosts), key)


async def _health() -> dict[str, str]:
    return {"status": "ok", "version": kedrec.__version__}
