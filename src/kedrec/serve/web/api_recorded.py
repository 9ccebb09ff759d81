"""What is done with recorded questions, below `/api`: replayed, forked, compared."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from kedrec.agents.replay.diff import TraceDiff
from kedrec.agents.replay.replay import ReplayReport
from kedrec.records import Recommendation, Record
from kedrec.serve import requests
from kedrec.serve.recorded import replay_and_fork
from kedrec.serve.web.api import AS_EVENTS, Served, wants_events
from kedrec.serve.web.problems import STATUSES
from kedrec.serve.web.streaming import streamed, while_waited_for

__all__ = ["router"]

router = APIRouter(prefix="/api", responses=STATUSES)


class Fork(Record):
    """Keep a trace's record up to a step, and go on live from there."""

    step: Annotated[
        str,
        Field(pattern=r"^[a-z_]{1,40}$|^\d{1,5}$", description="A step that makes calls, or a call's number, from 1."),
    ]
    model: Annotated[str, Field(min_length=1, max_length=500, description="The server's own model, or `offline`.")]


@router.get("/traces/{id}/replay", response_model=ReplayReport, summary="Replay a recorded run")
async def replay(id: requests.TraceId, request: Request, service: Served) -> Any:
    """Run the graph again on what the trace holds, calling nothing; the first difference, where there is one."""
    return await while_waited_for(request, replay_and_fork.replayed(service, id))


@router.post("/traces/{id}/fork", response_model=Recommendation, responses=AS_EVENTS, summary="Fork a recorded run")
async def fork(id: requests.TraceId, asked: Fork, request: Request, service: Served) -> Any:
    """Keep the record up to a step and go on live; as events its progress is streamed."""
    if wants_events(request):
        return streamed(lambda listener: replay_and_fork.forked(service, id, asked.step, asked.model, listener))
    return await while_waited_for(request, replay_and_fork.forked(service, id, asked.step, asked.model))


@router.get("/diff", summary="Compare two recorded runs")
def diff(
    service: Served,
    a: Annotated[requests.TraceId, Query(description="Id of the first trace.")],
    b: Annotated[requests.TraceId, Query(description="Id of the second trace.")],
) -> TraceDiff:
    """What changed from one run to another."""
    return replay_and_fork.compared(service, a, b)
