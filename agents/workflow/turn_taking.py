"""Who works on an event loop that many questions share: one at a time, first come, first served.

Each question works in many small steps between two waits. Where those of all questions mix, all of them reach their
next wait late and together, so that later their answers come in together, too; one after the other, none waits long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["LoopSlot"]


class LoopSlot:
    """The turns of one question; within the context it works, whenever it is its turn.

    Args:
        free: whether anybody may begin, a semaphore of 1 that the questions on one event loop share.
    """

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free, self._held = free, False

    @asynccontextmanager
    async def released(self) -> AsyncIterator[None]:
        """Wait for somebody outside, and let others work meanwhile."""
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
        """Let somebody else work; nothing, where it was not one's turn, for one may be cancelled while it waits."""
        if self._held:
            self._held = False
            self._free.release()
