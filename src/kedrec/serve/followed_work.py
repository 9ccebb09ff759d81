"""Work that is followed while it goes on, and stopped when nobody follows it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

from pydantic import BaseModel

from kedrec.agents.workflow.events import Event, Listener

__all__ = ["Work", "happening"]

SILENCE = 10.0
"""Seconds after which a client hears that nothing has happened."""

Work = Callable[[Listener], Awaitable[BaseModel]]


async def happening(work: Work) -> AsyncGenerator[Event | BaseModel | None, None]:
    """What happens while work is done, at last what it came to; None where nothing has happened for a while.

    Raises:
        KedrecError: what kept the work from its end.
    """
    loop, events = asyncio.get_running_loop(), asyncio.Queue[Event | None]()
    doing = asyncio.ensure_future(work(lambda event: _put(loop, events, event)))
    doing.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while True:
            try:
                event = await asyncio.wait_for(events.get(), SILENCE)
            except TimeoutError:
                yield None
                continue
            if event is None:
                yield await doing
                return
            yield event
    finally:
        doing.cancel()


def _put(loop: asyncio.AbstractEventLoop, events: asyncio.Queue[Event | None], event: Event) -> None:
    """Hand on an event from the thread that works."""
    if event.kind != "token":
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(events.put_nowait, event)
