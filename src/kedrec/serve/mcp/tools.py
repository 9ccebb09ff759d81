"""The tools that MCP clients are offered: closed, described requests in, structured results out."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from kedrec.agents.answer_html.citations import cited_keys
from kedrec.agents.traces.labels import asked, concluded
from kedrec.agents.workflow.events import STEPS, Event, Listener
from kedrec.errors import KedrecError
from kedrec.records import Match, ModelCall, Recommendation, Record, ToolCall, ToolResult
from kedrec.serve import requests, results
from kedrec.serve.error_status import misfit_told
from kedrec.serve.followed_work import happening
from kedrec.serve.service import Service

__all__ = ["TOOLS", "Called", "Tool", "call"]

Report = Callable[[int, str], Awaitable[None]]
"""Called with how many steps and calls are done, and what is going on."""


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


@dataclass(frozen=True)
class Called:
    """The outcome of a call."""

    text: str
    """In a line or a few."""
    content: dict[str, Any] | None = None
    """The result as data; None where the call failed."""


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

COUNTED = {"paths": "path(s)", "hits": "passage(s)", "passages": "passage(s)", "drugs": "drug(s)", "calls": "call(s)"}
"""Field of a result -> what it holds, in words."""


async def call(
    opened: Callable[[], Awaitable[Service]], name: str, arguments: dict[str, Any], report: Report
) -> Called:
    """Call a tool; what is wrong with the call, or kept it from a result, is returned in words.

    Args:
        opened: gives what does it.
        name: of the tool.
        arguments: its arguments as they came.
        report: called with the progress.
    """
    tool = TOOLS.get(name)
    if tool is None:
        return Called(f"There is no tool {name!r}. Tools: {', '.join(TOOLS)}.")
    try:
        request = tool.asks.model_validate_json(json.dumps(arguments))
        made = await _followed(tool, await opened(), request, report)
    except ValidationError as error:
        return Called(f"Wrong arguments: {misfit_told(error.errors())}.")
    except KedrecError as error:
        return Called(str(error))
    return Called(_summary(made), made.model_dump(mode="json"))


async def _followed(tool: Tool, service: Service, request: Record, report: Report) -> BaseModel:
    behind = 0
    async for one in happening(lambda listener: tool.does(service, request, listener)):
        if isinstance(one, Event):
            behind += 1
            await report(behind, STEPS.get(one.step, one.step))
        elif one is not None:
            return one
        else:
            await report(behind, "still at work")
    raise AssertionError("work ends with its result")


def _summary(made: BaseModel) -> str:
    """A result in a line; all of it is in the structured content."""
    if isinstance(made, Recommendation):
        return _choice(made)
    if isinstance(made, ToolResult):
        return made.message
    if isinstance(made, Match):
        entity = made.entity
        return f"{made.query!r} is {entity.name} ({entity.id})." if entity else f"{made.query!r}: {made.match}."
    counted = {
        "paths": "path(s)",
        "hits": "passage(s)",
        "passages": "passage(s)",
        "drugs": "drug(s)",
        "calls": "call(s)",
    }
    return next(
        (f"{len(getattr(made, name))} {what}." for name, what in counted.items() if hasattr(made, name)), "Done."
    )


def _choice(made: Recommendation) -> str:
    names = {drug.id: drug.name for drug in made.candidates}
    failed = "".join(f"FAILED: {failure} " for failure in made.failed)
    if made.choice is None:
        return f"{failed}{made.undecided} (trace {made.trace_id})"
    sure = "confidence unknown" if made.failed else f"confidence {made.confidence:.2f}"
    return f"{failed}{names[made.choice]} {made.chosen_as}, {sure} (trace {made.trace_id}). Not medical advice."
