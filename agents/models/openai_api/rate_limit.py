"""The pace at which one server is asked: within its limits where they are known, feeling its way where not."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Pacer"]

SHRINK = 0.7
"""Share of the calls in flight that is left after the server has turned one away."""
ROUND = 1.0
"""Seconds; calls turned away within one round are one message, not many."""
UNSAID = 1.0
"""Seconds of rest where the server does not say how long."""


class Rate:
    """So many units a minute, evenly.

    Args:
        per_minute: units a minute; 0 for no limit.
    """

    def __init__(self, per_minute: float) -> None:
        self._seconds_each = 60 / per_minute if per_minute else 0.0
        self._free_at = 0.0

    def take(self, units: float) -> float:
        """Take units; returns the seconds until they may be used."""
        now = time.monotonic()
        start = max(now, self._free_at)
        self._free_at = start + units * self._seconds_each
        return start - now

    def give_back(self, units: float) -> None:
        """Give back units that were not used; negative where more were."""
        self._free_at -= units * self._seconds_each


class Pacer:
    """Lets calls through; all calls to one server on one event loop share one.

    Requests and tokens of a minute are spread evenly. When the server turns a call away (429), everyone rests for as
    long as it asks, and fewer calls may be in flight; each one that is answered makes room for a little more, as TCP
    does.

    Args:
        requests_per_minute: 0 for no limit.
        tokens_per_minute: sent and received together; 0 for no limit.
    """

    def __init__(self, requests_per_minute: int = 0, tokens_per_minute: int = 0) -> None:
        self._requests, self._tokens = Rate(requests_per_minute), Rate(tokens_per_minute)
        self._room, self._in_flight = math.inf, 0
        self._rest_until = self._shrunk_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def room(self) -> float:
        """Calls that may be in flight; infinite until the server has turned one away."""
        return self._room

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[None]:
        """Wait for one's turn, and hold it.

        Args:
            tokens: what the call is expected to use.
        """
        while self._in_flight + 1 > self._room:
            await self._wait()
        self._in_flight += 1
        while (rest := self._rest_until - time.monotonic()) > 0:
            await asyncio.sleep(rest)
        try:
            wait = max(self._requests.take(1), self._tokens.take(tokens))
            if wait > 0:
                await asyncio.sleep(wait)
            yield
        finally:
            self._in_flight -= 1
            self._let_in()

    def answered(self, expected: int, used: int) -> None:
        """Take note of an answer: what its call was expected to use of tokens, and what it did."""
        self._tokens.give_back(expected - used)
        self._room += 1 / self._room

    def turned_away(self, seconds: float | None) -> None:
        """Take note that the server wants fewer calls.

        Args:
            seconds: how long it wants to be left alone, where it says so.
        """
        now = time.monotonic()
        self._rest_until = max(self._rest_until, now + (UNSAID if seconds is None else seconds))
        if now >= self._shrunk_at + ROUND:
            self._room = max(1.0, min(self._room, self._in_flight) * SHRINK)
            self._shrunk_at = now

    async def _wait(self) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._let_in()
            raise

    def _let_in(self) -> None:
        free = self._room - self._in_flight
        while self._waiting and free >= 1:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1
