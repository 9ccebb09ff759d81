"""The tools that MCP clients are offered: closed, described requests in, structured results out."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from kedrec.agents.answer_html.citations import cited_keys
from kedrec.agents.traces.labels import asked, concluded
from kedrec.agents.workflow.events import Listener
from kedrec.records import ModelCall, Record, ToolCall
from kedrec.serve import requests, results
from kedrec.serve.service import Service

__all__ = ["TOOLS", "Tool"]


@dataclass(frozen=True)
class Tool:
    """A tool, its request and what it does."""

    asks: type[Record]
    """The request; its docstring and its fields are what the client's model reads."""
    does: Callable[[Service, Any, Listener], Awaitable[BaseModel]]
    """What answers it."""

    @property
    def told(self) -> str:
        """What it does, for the client's model."""
        return inspect.getdoc(self.asks) or ""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its arguments."""
        made = self.asks.model_json_schema()
        made.pop("description", None)
        return made


def _looks(method: Callable[[Service, Any], BaseModel]) -> Callable[[Service, Any, Listener], Awaitable[BaseModel]]:
    """A look-up, done beside the event loop."""

    async def look(service: Service, request: Any, listener: Listener) -> BaseModel:
        return await asyncio.to_thread(method, service, request)

    return look


async def _compare(service: Service, request: Any, listener: Listener) -> BaseModel:
    """The comparison with the evidence that it cites; the trace holds the rest."""
    made = await service.compare(request, listener)
    return made.model_copy(update={"evidence": {key: made.evidence[key] for key in cited_keys(made)}})


async def _recommend(service: Service, request: Any, listener: Listener) -> BaseModel:
    return await service.recommend(request)


def _run(service: Service, request: requests.WhichTrace) -> results.RunTold:
    trace = service.trace(request)
    made = trace.recommendation
    return results.RunTold(
        id=trace.id,
        created=trace.created,
        asked=asked(trace),
        model=str(trace.config.get("model", "")),
        calls=tuple(map(_call_told, trace.calls)),
        outcome=concluded(trace),
        evidence={key: made.evidence[key].text for key in cited_keys(made)} if made else {},
        data=trace.data,
    )


def _call_told(made: ModelCall | ToolCall) -> str:
    if isinstance(made, ToolCall):
        return f"{made.step}: {made.name} {made.arguments}: {made.result.status}: {made.result.message}"
    return f"{made.step}: model: {made.error or 'answered'}"


TOOLS = {
    "resolve": Tool(requests.Resolve, _looks(Service.resolve)),
    "graph_evidence": Tool(requests.PairLookup, _looks(Service.graph_evidence)),
    "paths": Tool(requests.FindPaths, _looks(Service.paths)),
    "search": Tool(requests.FindPassages, _looks(Service.search)),
    "passage": Tool(requests.Read, _looks(Service.read)),
    "compare": Tool(requests.Compare, _compare),
    "recommend": Tool(requests.Recommend, _recommend),
    "trace": Tool(requests.WhichTrace, _looks(_run)),
}
"""Name -> tool."""
