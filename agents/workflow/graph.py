"""The one graph, for teacher and student alike: resolve, gather, investigate, answer, decide, check, finish."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from kedrec.agents.workflow.context import RunContext
from kedrec.agents.workflow.deciding_nodes import answer, check, decide, finish, repair
from kedrec.agents.workflow.events import Event
from kedrec.agents.workflow.gathering_nodes import gather, investigate, resolve, use_tools, wants_tools
from kedrec.agents.workflow.state import RunState
from kedrec.records import Corpora

if TYPE_CHECKING:
    from langgraph.runtime import Runtime
    from langgraph.types import Command

__all__ = ["EDGES", "ENDS", "NODES", "Node", "compiled", "run_flow", "said_left_out", "started_with", "way"]

Node = Callable[[RunState, RunContext], Awaitable[RunState]]
NODES: dict[str, Node] = {
    "resolve": resolve, "gather": gather, "investigate": investigate, "use_tools": use_tools, "answer": answer,
    "decide": decide, "check": check, "repair": repair, "finish": finish,
}  # fmt: skip
ENDS = {"resolve": ("gather", "__end__"), "investigate": ("use_tools", "answer"), "check": ("repair", "finish")}
"""Nodes after which the way forks, and where it may lead; `way` says where."""
EDGES = {"gather": "investigate", "use_tools": "investigate", "answer": "decide", "decide": "check", "repair": "check"}
"""Node -> the one that always follows."""
OUTCOME = ("recommendation", "error")
"""What of the state is of use in the end."""
SLACK = 8
"""Steps beyond the setting before LangGraph itself stops: our own limits come first and end the run in order."""


@cache
def compiled() -> Any:
    """The compiled graph; built once."""
    from langgraph.graph import END, START, StateGraph

    graph = StateGraph(RunState, context_schema=RunContext)
    for name, node in NODES.items():
        graph.add_node(name, _step(name, node), destinations=ENDS.get(name))
    graph.add_edge(START, "resolve")
    for before, after in EDGES.items():
        graph.add_edge(before, after)
    graph.add_edge("finish", END)
    return graph.compile()


async def run_flow(asked: dict[str, Any], setting: Corpora, context: RunContext) -> RunState:
    """Take one question through the graph.

    Args:
        asked: `{disease, candidates}`, names or ids; `left_out`, what the question says beside them, if anything.
        setting: which corpora are used.
        context: what the nodes share.

    Returns:
        `recommendation`, or `error` where the question cannot be answered as asked.

    Raises:
        ModelError: where the chat model failed.
    """
    start = started_with(asked, setting)
    limit = {"recursion_limit": context.settings.max_steps + SLACK}
    end = await compiled().ainvoke(start, limit, context=context, output_keys=OUTCOME, version="v2")
    found: RunState = end.value
    return found


def started_with(asked: dict[str, Any], setting: Corpora) -> RunState:
    """The state that a question begins with."""
    notes = list(said_left_out(asked.get("left_out", ())))
    return {"asked": asked, "setting": setting, "struck_out": [], "notes": notes}


def said_left_out(phrases: Sequence[str]) -> tuple[str, ...]:
    """Return the line that tells what of a question is not taken into account, where there is anything to tell."""
    listed = ", ".join(f"“{phrase}”" for phrase in phrases)
    return (f"Not taken into account: {listed}.",) if phrases else ()


def way(name: str, changed: RunState) -> str:
    """Where a fork leads, by what its node has changed: that is cheaper than an edge that reads the whole state."""
    if name == "resolve":
        return "__end__" if changed.get("error") else "gather"
    if name == "investigate":
        return "use_tools" if wants_tools(changed) else "answer"
    return "repair" if changed["mend"] else "finish"


def _step(name: str, node: Node) -> Callable[..., Awaitable[RunState | Command[str]]]:
    """A node that counts its step and reports its beginning and end."""
    from langgraph.types import Command

    async def run(state: RunState, runtime: Runtime[RunContext]) -> RunState | Command[str]:
        context, started = runtime.context, time.perf_counter()
        context.limits.step()
        context.tell(Event(kind="step_started", step=name))
        changed = await node(state, context)
        context.tell(Event(kind="step_finished", step=name, seconds=time.perf_counter() - started))
        return Command(update=changed, goto=way(name, changed)) if name in ENDS else changed

    return run
