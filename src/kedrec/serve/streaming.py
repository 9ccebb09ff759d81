"""Work that is told while it goes on, and stopped when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kedrec.agents.workflow.events import STEPS, Event, Listener
from kedrec.errors import KedrecError
from kedrec.serve.problems import problem_of

__all__ = ["EVENT_STREAM", "streamed", "while_waited_for"]

EVENT_STREAM = "text/event-stream"
SILENCE = 10.0
"""Seconds after which a sign of life is sent."""

Work = Callable[[Listener], Awaitable[BaseModel]]
T = TypeVar("T")


async def while_waited_for(request: Request, work: Awaitable[T]) -> T | Response:
    """Do work for as long as the client is there; an empty answer, which nobody reads, where it has gone."""
    doing, gone = asyncio.ensure_future(work), asyncio.ensure_future(_leaves(request))
    try:
        await asyncio.wait({doing, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await doing if doing.done() else Response(status_code=499)
    finally:
        for task in (doing, gone):
            task.cancel()


async def _leaves(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def streamed(work: Work) -> StreamingResponse:
    """An event stream: `progress` for each step and call, then `answer` or `error`, which hold what JSON would.

    What a model writes is not told before it has passed the check.
    """
    return StreamingResponse(_told(work), media_type=EVENT_STREAM, headers={"x-accel-buffering": "no"})


async def _told(work: Work) -> AsyncIterator[bytes]:
    loop, events = asyncio.get_running_loop(), asyncio.Queue[Event | None]()
    doing = asyncio.ensure_future(work(lambda event: _put(loop, events, event)))
    doing.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await _next(events)) is not None:
            if event != _ALIVE:
                yield _written("progress", {**event.model_dump(), "said": STEPS.get(event.step, event.step)})
            else:
                yield b": still at work\n\n"
        yield await _outcome(doing)
    finally:
        doing.cancel()


_ALIVE = Event(kind="token", step="")
"""Stands for nothing having happened for a while."""


def _put(loop: asyncio.AbstractEventLoop, events: asyncio.Queue[Event | None], event: Event) -> None:
    """Hand on an event from the thread that works."""
    if event.kind != "token":
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(events.put_nowait, event)


async def _next(events: asyncio.Queue[Event | None]) -> Event | None:
    try:
        return await asyncio.wait_for(events.get(), SILENCE)
    except TimeoutError:
        return _ALIVE


async def _outcome(doing: Awaitable[BaseModel]) -> bytes:
    try:
        return _written("answer", (await doing).model_dump(mode="json"))
    except KedrecError as error:
        return _written("error", problem_of(error)[1].model_dump())


def _written(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
