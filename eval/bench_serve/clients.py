"""Clients that arrive evenly, ask once each, and either read to the end or leave."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

__all__ = ["Arrivals", "Seen", "arrive", "ask_once"]

ENDLESS = aiohttp.ClientTimeout(total=None)
QUESTION = "Would infliximab or etanercept be the better choice for Crohn disease?"


@dataclass(frozen=True)
class Arrivals:
    """How clients come."""

    chats: int
    """How many, in all."""
    per_second: float
    """How many in a second, evenly."""
    leave_after: float | None = None
    """Seconds after which each closes its connection; None to read to the end."""


@dataclass
class Seen:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    """From the request to the last byte, of each chat that was answered."""
    errors: list[str] = field(default_factory=list)
    """What went wrong, of each other one."""
    open_now: int = 0
    """Chats that are open."""
    most_open: int = 0
    """The most at once."""


async def arrive(address: str, arrivals: Arrivals) -> Seen:
    """Let clients arrive, and wait for all of them."""
    seen = Seen()
    unbounded = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=unbounded, timeout=ENDLESS) as session, asyncio.TaskGroup() as group:
        begun = time.monotonic()
        for number in range(arrivals.chats):
            await asyncio.sleep(max(0.0, begun + number / arrivals.per_second - time.monotonic()))
            group.create_task(_visit(session, address, arrivals.leave_after, seen))
    return seen


async def ask_once(address: str) -> float:
    """Seconds of one chat on an idle server."""
    seen = await arrive(address, Arrivals(1, 1.0))
    if seen.errors:
        raise RuntimeError(seen.errors[0])
    return seen.seconds[0]


async def _visit(session: aiohttp.ClientSession, address: str, leave_after: float | None, seen: Seen) -> None:
    seen.open_now += 1
    seen.most_open = max(seen.most_open, seen.open_now)
    begun = time.monotonic()
    try:
        async with asyncio.timeout(leave_after):
            text = await _chat(session, address)
        if b"data: [DONE]" not in text or b"Trace" not in text:
            seen.errors.append(f"no answer: {text[-300:]!r}")
        else:
            seen.seconds.append(time.monotonic() - begun)
    except TimeoutError:
        seen.errors += [] if leave_after is not None else ["no answer in time"]
    except aiohttp.ClientError as error:
        seen.errors.append(f"{type(error).__name__}: {error}")
    finally:
        seen.open_now -= 1


async def _chat(session: aiohttp.ClientSession, address: str) -> bytes:
    body = {"model": "kedrec", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    async with session.post(f"{address}/v1/chat/completions", json=body) as response:
        return await response.read()
