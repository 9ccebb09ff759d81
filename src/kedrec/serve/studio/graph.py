"""The same nodes as everywhere, between one that asks back for unclear names and one that keeps the trace.

Each node gets its context from the state, so that a run resumes from any checkpoint as if it had never stopped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedrec.agents.agent import Query, new_trace_id
from kedrec.agents.workflow.calls import LiveCalls
from kedrec.agents.workflow.graph import EDGES, ENDS, NODES, Node, started_with, way
from kedrec.agents.workflow.question_run import open_context
from kedrec.agents.workflow.state import RunState
from kedrec.errors import KedrecError
from kedrec.records import Corpora, ModelCall, Recommendation, ToolCall
from kedrec.serve.studio.state import Asks, StudioInput, StudioOutput, StudioState

if TYPE_CHECKING:
    from langgraph.types import Command

    from kedrec.agents.agent import Agent
    from kedrec.agents.workflow.context import RunContext

__all__ = ["Execution", "studio_graph"]


@dataclass(frozen=True)
class Execution:
    """What one execution works with: a run, what follows a resume, or what follows going back."""

    agent: Agent
    """Has the stores and the model."""
    setting: Corpora
    """Which corpora are used."""
    trace_id: str
    """Id of the trace that it ends with; another for each execution, as each may end otherwise."""

    @classmethod
    def begin(cls, agent: Agent, asks: Asks) -> Execution:
        """Begin one."""
        return cls(agent, asks.setting or agent.settings.setting, new_trace_id())


def studio_graph(execution: Execution | None) -> Any:
    """The graph, not compiled.

    Args:
        execution: what it works with; None where only its shape and its schemas are wanted.
    """
    from langgraph.graph import END, START, StateGraph

    graph = StateGraph(StudioState, context_schema=Asks, input_schema=StudioInput, output_schema=StudioOutput)
    graph.add_node("clarify", _bound(_clarify, execution))
    for name, node in NODES.items():
        # Where a node may lead; where elsewhere the graph ends, the trace is kept first.
        after = ENDS.get(name) or (EDGES.get(name, "__end__"),)
        ways = tuple("keep" if one == "__end__" else one for one in after)
        step = _bound(_step(name, node, ways), execution)
        graph.add_node(name, step, destinations=tuple(dict.fromkeys((*ways, "keep"))))
    graph.add_node("keep", _bound(_keep, execution))
    graph.add_edge(START, "clarify")
    graph.add_edge("clarify", "resolve")
    graph.add_edge("keep", END)
    return graph


def _bound(step: Callable[[StudioState, Execution], Awaitable[Any]], execution: Execution | None) -> Any:
    async def run(state: StudioState) -> Any:
        if execution is None:
            raise AssertionError("this graph was made to be looked at")
        return await step(state, execution)

    return run


async def _clarify(state: StudioState, execution: Execution) -> dict[str, Any]:
    """Ask back for each name that several entities share; nothing is put in its place unasked."""
    asked, made = state["asked"], list[dict[str, Any]]()
    disease = await _meant(execution, asked["disease"], "disease", made)
    candidates = [await _meant(execution, name, "drug", made) for name in asked["candidates"]]
    start = started_with({"disease": disease, "candidates": candidates}, execution.setting)
    return {**start, "asked_back": made}


async def _meant(execution: Execution, name: str, kind: str, made: list[dict[str, Any]]) -> str:
    """A name as it is, or the id that was chosen for it."""
    from langgraph.types import interrupt

    toolbox = execution.agent.resources.toolbox(execution.setting)
    found = await asyncio.to_thread(toolbox.call, "resolve_entity", {"name": name, "kind": kind})
    if found.status != "ambiguous":
        return name
    options = [{"id": one["id"], "name": one["name"]} for one in found.data["match"]["alternatives"]]
    chosen = str(interrupt({"ask": found.message, "name": name, "options": options}))
    made.append({"name": name, "ask": found.message, "chosen": chosen})
    return chosen


def _step(name: str, node: Node, ways: tuple[str, ...]) -> Callable[[StudioState, Execution], Awaitable[Any]]:
    """A node that takes its limits from the state and leaves its calls there."""
    from langgraph.types import Command

    async def run(state: StudioState, execution: Execution) -> Command[str]:
        context, begun = await asyncio.to_thread(_context, state, execution), time.perf_counter()
        context.limits.step()
        changed: RunState
        async with execution.agent.connected():
            try:
                changed = await node(state, context)
            except KedrecError as error:
                changed = {"error": {"type": type(error).__name__, "message": str(error)}}
        spent = time.perf_counter() - begun
        return Command(update={**changed, **_left(state, context, spent)}, goto=_goto(name, changed, ways))

    return run


def _goto(name: str, changed: RunState, ways: tuple[str, ...]) -> str:
    if changed.get("error"):
        return "keep"
    return way(name, changed) if len(ways) > 1 else ways[0]


def _context(state: StudioState, execution: Execution) -> RunContext:
    agent = execution.agent
    toolbox = agent.resources.toolbox(execution.setting, weigh=agent.reads_weighing)
    context = open_context(agent.settings, agent.live_calls(toolbox), toolbox.names, execution.trace_id)
    context.limits.go_on(state.get("limits") or {})
    return context


def _left(state: StudioState, context: RunContext, spent: float) -> dict[str, Any]:
    """What a node leaves for those after it: its calls, at their time of the whole run, and the limits."""
    before = state.get("seconds", 0.0)
    assert isinstance(context.calls, LiveCalls)
    calls = (
        call.model_copy(update={"started": round(before + (call.started or 0.0), 6)}) for call in context.calls.record
    )
    plain = [call.model_dump(mode="json") for call in calls]
    return {"calls": plain, "limits": context.limits.plain(), "seconds": round(before + spent, 6)}


async def _keep(state: StudioState, execution: Execution) -> dict[str, Any]:
    """Keep the trace: all that was called since the question, also before a pause."""
    return await asyncio.to_thread(_kept, state, execution)


def _kept(state: StudioState, execution: Execution) -> dict[str, Any]:
    agent, asked, context = execution.agent, state["asked"], _context(state, execution)
    context.calls.record.extend(_CALLS[call["type"]].model_validate(call) for call in state.get("calls", []))
    made = state.get("recommendation")
    outcome = Recommendation.model_validate({**made, "trace_id": execution.trace_id}) if made else None
    trace = agent.keep(
        Query(disease=asked["disease"], candidates=tuple(asked["candidates"]), setting=execution.setting),
        context,
        (outcome, state.get("error")),
        seconds=state.get("seconds", 0.0),
        more_config={"asked_back": state["asked_back"]} if state.get("asked_back") else None,
    )
    return {"trace": trace.id, **({"recommendation": outcome.model_dump(mode="json")} if outcome else {})}


_CALLS: dict[str, type[ModelCall] | type[ToolCall]] = {"model": ModelCall, "tool": ToolCall}
