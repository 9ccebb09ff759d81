"""The MCP server at `/mcp`, behind the same guard as everything else; absent where its package is not installed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from kedrec.serve.service import Service

__all__ = ["McpOverHttp", "mcp_over_http"]


class McpOverHttp:
    """Speaks streamable HTTP, each request by itself.

    Args:
        service: does what is asked.
    """

    def __init__(self, service: Service) -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from kedrec.serve.mcp.server import mcp_server

        async def given() -> Service:
            return service

        self._manager: Any = StreamableHTTPSessionManager(app=mcp_server(given), stateless=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._manager.handle_request(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        """For as long as the application runs."""
        async with self._manager.run():
            yield


def mcp_over_http(service: Service) -> McpOverHttp | None:
    """What answers at `/mcp`; None where the package is not installed."""
    return McpOverHttp(service) if find_spec("mcp") is not None else None
