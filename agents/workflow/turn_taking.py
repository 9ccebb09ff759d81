"""One question at a time computes on an event loop that many questions share: first come, first served.

A question computes in many small steps between two waits for a server. If the steps of all questions interleave, all
of them send their next request late and at the same time, and their answers arrive together too. If each question runs
to its next wait alone, none waits long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["LoopSlot"]


class LoopSlot:
    """The right of one question to compute; held within the context, except within `released`.

    Args:
        free: a semaphore of 1 that the questions on one event loop share.
    """

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free, self._held = free, False

    @asynccontextmanager
    async def released(self) -> AsyncIterator[None]:
        """Let other questions compute while this one waits for a server."""
        self._end()
        try:
            yield
        finally:
            await self._begin()

    async def __aenter__(self) -> None:
        await self._begin()

    async def __aexit__(self, *exception: object) -> None:
        self._end()

    async def _begin(self) -> None:
        await self._free.acquire()
        self._held = True

    def _end(self) -> None:
        """Give the slot back, if it is held: a question cancelled while it waits for the slot does not hold it."""
        if self._held:
            self._held = False
            self._free.release()
