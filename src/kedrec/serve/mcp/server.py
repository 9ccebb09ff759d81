"""An MCP server over the tools, whatever it is spoken to by."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server
from pydantic import BaseModel, ValidationError

import kedrec
from kedrec.agents.workflow.events import STEPS, Event
from kedrec.errors import KedrecError
from kedrec.records import Match, Recommendation, Record, ToolResult
from kedrec.serve.error_status import misfit_told
from kedrec.serve.followed_work import happening
from kedrec.serve.mcp.tools import TOOLS, Tool
from kedrec.serve.service import Service

__all__ = ["mcp_server"]

INSTRUCTIONS = (
    "Evidence-cited drug choices from a knowledge graph and the literature. Use `compare` to choose between drugs for a"
    " disease; every sentence cites evidence by key, and the evidence is in the result. Use `resolve` first where a"
    " name may be unclear: a similar name is never taken for it. Not medical advice."
)


Report = Callable[[int, str], Awaitable[None]]
"""Called with how many steps and calls are done, and what is going on."""
COUNTED = {"paths": "path(s)", "hits": "passage(s)", "passages": "passage(s)", "drugs": "drug(s)", "calls": "call(s)"}
"""Field of a result -> what it holds, in words."""


@dataclass(frozen=True)
class Called:
    """The outcome of a call."""

    text: str
    """In a line or a few."""
    content: dict[str, Any] | None = None
    """The result as data; None where the call failed."""


def mcp_server(service: Callable[[], Awaitable[Service]]) -> Any:
    """A server whose tools ask a service.

    Args:
        service: gives it; asked by each call, so that it may be opened by the first.
    """

    async def list_tools(context: Any, params: Any) -> Any:
        return types.ListToolsResult(tools=[_described(name) for name in TOOLS])

    async def call_tool(context: Any, params: Any) -> Any:
        async def report(behind: int, told: str) -> None:
            await context.session.report_progress(behind, None, told)

        made = await _called(service, params.name, params.arguments or {}, report)
        text = types.TextContent(type="text", text=made.text)
        return types.CallToolResult(content=[text], structured_content=made.content, is_error=made.content is None)

    return Server(
        "kedrec", version=kedrec.__version__, title="KEDRec", instructions=INSTRUCTIONS, on_list_tools=list_tools,
        on_call_tool=call_tool,
    )  # fmt: skip


def _described(name: str) -> Any:
    tool = TOOLS[name]
    hints = types.ToolAnnotations(read_only_hint=name != "compare", destructive_hint=False, open_world_hint=False)
    return types.Tool(name=name, description=tool.told, input_schema=tool.schema, annotations=hints)


async def _called(
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
    told = (f"{len(getattr(made, name))} {what}." for name, what in COUNTED.items() if hasattr(made, name))
    return next(told, "Done.")


def _choice(made: Recommendation) -> str:
    failed = "".join(f"FAILED: {failure} " for failure in made.failed)
    if made.choice is None:
        return f"{failed}{made.undecided} (trace {made.trace_id})"
    chosen = f"{made.name_of(made.choice)} {made.chosen_as}, {made.sure}"
    return f"{failed}{chosen} (trace {made.trace_id}). Not medical advice."
