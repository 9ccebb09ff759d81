"""Ends a server: whoever still waits for an answer is told so, instead of being left without a word."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

__all__ = ["EndingServer"]


class EndingServer(uvicorn.Server):
    """A server that stops the work behind it before it waits for what is open.

    Args:
        config: of the server.
        stop: stops the work; called once, in the server's event loop.
    """

    def __init__(self, config: uvicorn.Config, stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the work, then wait for what is open as long as the config says."""
        self._stop()
        await super().shutdown(sockets)
