"""An MCP server over the tools, whatever it is spoken to by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

import kedrec
from kedrec.serve.mcp.tools import TOOLS, call
from kedrec.serve.service import Service

__all__ = ["mcp_server"]

INSTRUCTIONS = (
    "Evidence-cited drug choices from a knowledge graph and the literature. Use `compare` to choose between drugs for a"
    " disease; every sentence cites evidence by key, and the evidence is in the result. Use `resolve` first where a"
    " name may be unclear: a similar name is never taken for it. Not medical advice."
)


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

        made = await call(service, params.name, params.arguments or {}, report)
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
