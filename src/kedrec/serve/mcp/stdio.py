"""The MCP server on stdin and stdout; what it works on is opened by the first call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from mcp.server.stdio import stdio_server

from kedrec.serve.mcp.server import mcp_server
from kedrec.serve.service import Service

__all__ = ["serve_stdio"]


async def serve_stdio(opened: Callable[[], AbstractContextManager[Service]]) -> None:
    """Serve until the client closes stdin.

    Args:
        opened: opens what is served.
    """
    with ExitStack() as stack:
        server = mcp_server(_Once(opened, stack).get)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())


class _Once:
    """Opens a service when it is first asked for; what keeps it from being opened is reported to each call."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Service]], stack: ExitStack) -> None:
        self._opened, self._stack, self._lock = opened, stack, asyncio.Lock()
        self._service: Service | None = None

    async def get(self) -> Service:
        """The service."""
        async with self._lock:
            if self._service is None:
                self._service = await asyncio.to_thread(self._stack.enter_context, self._opened())
            return self._service
