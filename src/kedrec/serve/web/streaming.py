"""Work whose progress is streamed, and that is stopped when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kedrec.agents.workflow.events import STEPS, Event
from kedrec.errors import KedrecError
from kedrec.serve.error_status import problem_of
from kedrec.serve.followed_work import Work, happening

__all__ = ["EVENT_STREAM", "streamed", "while_waited_for"]

EVENT_STREAM = "text/event-stream"

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

    What a model writes is not sent before it has passed the check.
    """
    return StreamingResponse(_told(work), media_type=EVENT_STREAM, headers={"x-accel-buffering": "no"})


async def _told(work: Work) -> AsyncIterator[bytes]:
    try:
        async for one in happening(work):
            yield _line(one)
    except KedrecError as error:
        yield _written("error", problem_of(error)[1].model_dump())


def _line(one: Event | BaseModel | None) -> bytes:
    if one is None:
        return b": still at work\n\n"
    if isinstance(one, Event):
        return _written("progress", {**one.model_dump(), "said": STEPS.get(one.step, one.step)})
    return _written("answer", one.model_dump(mode="json"))


def _written(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
