"""Who works on an event loop that many questions share: one at a time, first come, first served.

Each question works in many small steps between two waits. Where those of all questions mix, all of them reach their
next wait late and together, so that later their answers come in together, too; one after the other, none waits long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Turn", "Turns"]


class Turns:
    """The turns of the questions on one event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Work, whenever it is one's turn."""
        turn = Turn(self._free)
        await turn.begin()
        try:
            yield turn
        finally:
            turn.end()


class Turn:
    """The turns of one question.

    Args:
        free: whether anybody may begin.
    """

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free, self._held = free, False

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Wait for somebody outside, and let others work meanwhile."""
        self.end()
        try:
            yield
        finally:
            await self.begin()

    async def begin(self) -> None:
        """Wait until nobody else works."""
        await self._free.acquire()
        self._held = True

    def end(self) -> None:
        """Let somebody else work; nothing, where it was not one's turn."""
        if self._held:
            self._held = False
            self._free.release()
