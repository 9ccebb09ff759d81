"""The typed resources below `/api`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from kedrec.agents.recommend import Ranking
from kedrec.agents.traces.store import TraceSummary
from kedrec.distill.runs.journal import ResultRow
from kedrec.records import Match, Recommendation, ToolResult, Trace
from kedrec.serve import requests, results
from kedrec.serve.service import Service
from kedrec.serve.web.problems import STATUSES
from kedrec.serve.web.streaming import EVENT_STREAM, streamed, while_waited_for
from kedrec.tools.literature import SearchResult

__all__ = ["AS_EVENTS", "Served", "router", "service_of", "wants_events"]

router = APIRouter(prefix="/api", responses=STATUSES)
AS_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer; as events where that is accepted.", "content": {EVENT_STREAM: {}}}
}


def service_of(request: Request) -> Service:
    """What the app serves."""
    found: Service = request.app.state.service
    return found


Served = Annotated[Service, Depends(service_of)]


def wants_events(request: Request) -> bool:
    """Whether a client wants to follow the work."""
    return EVENT_STREAM in request.headers.get("accept", "")


@router.get("/about", summary="What is served")
def about(service: Served) -> results.About:
    """Version, model, graph and literature."""
    return service.about()


@router.post("/ask", response_model=results.Answered, responses=AS_EVENTS, summary="Ask in plain words")
async def ask(asked: requests.Ask, request: Request, service: Served) -> Any:
    """Answer a question or a follow-up; as events (`Accept: text/event-stream`) its progress is streamed."""
    if wants_events(request):
        return streamed(lambda listener: service.ask(asked, listener))
    return await while_waited_for(request, service.ask(asked))


@router.post("/compare", response_model=Recommendation, responses=AS_EVENTS, summary="Choose between drugs")
async def compare(asked: requests.Compare, request: Request, service: Served) -> Any:
    """Choose between drugs for a disease; as events its progress is streamed."""
    if wants_events(request):
        return streamed(lambda listener: service.compare(asked, listener))
    return await while_waited_for(request, service.compare(asked))


@router.post("/recommend", response_model=Ranking, summary="Rank the drugs for a disease")
async def recommend(asked: requests.Recommend, request: Request, service: Served) -> Any:
    """Rank the drugs of the graph for a disease, by rule."""
    return await while_waited_for(request, service.recommend(asked))


@router.get("/entities", summary="What a name means")
def entities(asked: Annotated[requests.Resolve, Query()], service: Served) -> Match:
    """What a name means; an unknown or ambiguous one comes with what it may have meant."""
    return service.resolve(asked)


@router.get("/evidence", summary="What the graph says of a pair")
def evidence(asked: Annotated[requests.PairLookup, Query()], service: Served) -> ToolResult:
    """Links, shared genes, paths, targets and uses, each citable."""
    return service.graph_evidence(asked)


@router.get("/paths", summary="Paths between two entities")
def paths(asked: Annotated[requests.FindPaths, Query()], service: Served) -> results.Paths:
    """The best paths between two entities."""
    return service.paths(asked)


@router.get("/passages", summary="Search the literature")
def passages(asked: Annotated[requests.FindPassages, Query()], service: Served) -> SearchResult:
    """Passages for a query, best first."""
    found: SearchResult = service.search(asked)
    return found


@router.get("/passage", summary="Read a document or a passage")
def passage(asked: Annotated[requests.Read, Query()], service: Served) -> results.ReadPassages:
    """A document of the literature, or one passage of it."""
    return service.read(asked)


@router.get("/traces", summary="Recorded runs")
def traces(
    service: Served,
    text: Annotated[str, Query(max_length=200, description="Words that all must stand in a run's line.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="Most runs.")] = 50,
) -> list[TraceSummary]:
    """Recorded runs in a line each, the latest first."""
    return service.list_traces(text, limit)


@router.get("/traces/{id}", summary="A recorded run")
def trace(id: requests.TraceId, service: Served) -> Trace:
    """A recorded run, whole."""
    return service.trace(requests.WhichTrace(id=id))


@router.get("/runs", summary="Runs over many pairs")
def runs(service: Served) -> list[results.PairsRun]:
    """Runs over many pairs, each with how far it is."""
    return sorted(map(results.PairsRun.of, service.runs.list()), key=lambda one: one.name)


@router.get("/runs/{name}", summary="A run over many pairs")
def run(name: requests.RunName, service: Served) -> results.PairsRun:
    """How far a run is, what it has cost and what it will."""
    return results.PairsRun.of(service.runs.get(name))


@router.get("/runs/{name}/rows", summary="Rows of a run over many pairs")
def rows(name: requests.RunName, asked: Annotated[requests.RunRows, Query()], service: Served) -> list[ResultRow]:
    """The latest row of each pair that was worked on."""
    return list(service.runs.rows(name, asked.failed, asked.after, asked.limit))
