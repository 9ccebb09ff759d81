"""Leaves clients that begin a request and do not end its head, of which uvicorn takes no notice."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Impatient"]

SECONDS_TO_BEGIN = 10.0
"""In which the head of a request must have come."""


class Impatient(H11Protocol):
    """Speaks HTTP to one client, for as long as that says something whole."""

    _waited: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take in what came; wait only where it is not whole."""
        super().data_received(data)
        if self._at_work():
            self._stop_waiting()
        elif self._waited is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._waited = self.loop.call_later(SECONDS_TO_BEGIN, self._leave)

    def _stop_waiting(self) -> None:
        if self._waited is not None:
            self._waited.cancel()
            self._waited = None

    def _leave(self) -> None:
        self._waited = None
        if not self._at_work() and not self.transport.is_closing():
            self.transport.close()
