"""A recorded run once more up to a point, and from there on live, with another model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from kedrec.agents.agent import Agent, Query
from kedrec.agents.replay.replay import Differs, RecordedCalls, recorded_settings
from kedrec.agents.workflow.calls import LiveCalls, ModelRequest, ToolRequest
from kedrec.agents.workflow.events import Listener
from kedrec.config import Settings
from kedrec.errors import UserError, WorkError
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Match, ModelCall, ToolCall, ToolResult, Trace

__all__ = ["fork", "fork_point", "forking_agent", "go_on"]

OF_THE_RUN = (
    "setting", "temperature", "max_output_tokens", "max_steps", "max_tool_calls", "max_repeated_calls", "max_tokens",
    "max_cost", "passages", "bm25_candidates", "until", "hub_limit", "model_cypher", "cypher_rows",
)  # fmt: skip
"""Settings that shape what is asked: those of the recorded run hold, the others are those of here and now."""


class ForkedCalls:
    """Answers the first calls from a trace, strictly, and makes the others.

    Args:
        trace: the trace.
        kept: how many of its calls are taken over.
        live: makes the others.
    """

    def __init__(self, trace: Trace, kept: int, live: LiveCalls) -> None:
        self.record: list[ModelCall | ToolCall] = []
        self._kept, self._model = kept, str(trace.config.get("model"))
        self._recorded, self._live = RecordedCalls(trace, recorded_settings(trace)), live

    async def tools(self, step: str, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        """The results of the tools, recorded as far as they are taken over."""
        cut = self._cut(len(requests))
        try:
            results = await self._recorded.tools(step, requests[:cut])
            return [*results, *(await self._live.tools(step, requests[cut:]))]
        finally:
            self._note()

    async def models(self, step: str, requests: Sequence[ModelRequest]) -> list[ModelCall]:
        """The answers of the model, recorded as far as they are taken over."""
        cut = self._cut(len(requests))
        try:
            answers = await self._recorded.models(step, requests[:cut])
            return [*answers, *(await self._live.models(step, requests[cut:]))]
        finally:
            self._note()

    def _cut(self, asked: int) -> int:
        return min(asked, self._kept - len(self._recorded.record))

    def _note(self) -> None:
        self.record = [*(self._taken_over(call) for call in self._recorded.record), *self._live.record]

    def _taken_over(self, call: ModelCall | ToolCall) -> ModelCall | ToolCall:
        if isinstance(call, ToolCall):
            return call.model_copy(update={"started": None})
        return call.model_copy(update={"started": None, "model": call.model or self._model})


def fork_point(trace: Trace, step: str) -> int:
    """How many calls come before a point of a trace.

    Args:
        trace: the trace.
        step: a step that makes calls, whose first call is meant, or the number of a call, from 1.

    Raises:
        UserError: the trace has no such point.
    """
    first: dict[str, int] = {}
    for at, call in enumerate(trace.calls):
        first.setdefault(call.step, at)
    if step in first:
        return first[step]
    if step.isdecimal() and 1 <= int(step) <= len(trace.calls):
        return int(step) - 1
    known = ", ".join(f"{name} (call {at + 1})" for name, at in first.items())
    raise UserError(f"The trace {trace.id} has no {step!r} to fork from; it has {known or 'no calls'}.")


def fork(
    trace: Trace, step: str, here: Settings, model: str | None = None, *, hidden: HiddenPairs = frozenset()
) -> Trace:
    """Take a run's answers up to a point, and go on live from there.

    The tools work on the home of here and now; limits and whatever else shapes a request are those of the recorded run.

    Args:
        trace: the recorded run.
        step: see `fork_point`.
        here: home, addresses, keys and prices.
        model: specification of the model that goes on; that of the trace by default.
        hidden: pairs whose direct edges are hidden, as they were in the recorded run.

    Returns:
        The new run, kept in the home; `forked_from` in its config says where it came from.

    Raises:
        UserError: the trace has no such point, or its question cannot be asked here.
        WorkError: the code or the prompts changed so that the trace cannot be forked at this call.
    """
    fork_point(trace, step)
    with forking_agent(trace, here, model, hidden=hidden) as agent:
        return asyncio.run(go_on(agent, trace, step))


def forking_agent(
    trace: Trace, here: Settings, model: str | None = None, *, hidden: HiddenPairs = frozenset()
) -> Agent:
    """An agent that can go on with a recorded run; see `fork`."""
    recorded = recorded_settings(trace)
    settings = here.model_copy(update={name: getattr(recorded, name) for name in OF_THE_RUN})
    chosen = model or str(trace.config.get("model"))
    # The names that the recorded run was given with ids that its graph lacked.
    results = [call.result for call in trace.calls if isinstance(call, ToolCall) and call.step == "resolve"]
    matches = [Match.model_validate(result.data["match"]) for result in results if "match" in result.data]
    return Agent.open(
        settings,
        model=chosen,
        hidden=hidden,
        given={match.entity.id: match.entity.name for match in matches if match.match == "given" and match.entity},
    )


async def go_on(agent: Agent, trace: Trace, step: str, on_event: Listener | None = None) -> Trace:
    """Take a run's answers up to a point, and go on live with an agent; see `fork`. Cancelling it stops the work.

    Args:
        agent: as `forking_agent` opens it.
        trace: the recorded run.
        step: see `fork_point`.
        on_event: gets events of what is made live, while it goes on.

    Raises:
        UserError: the trace has no such point.
        WorkError: the code or the prompts changed so that the trace cannot be forked at this call.
    """
    kept = fork_point(trace, step)
    query = Query.model_validate(trace.question)
    asked = any(isinstance(call, ModelCall) for call in trace.calls[:kept])
    offered = trace.config.get("tools", ())
    toolbox = agent.resources.toolbox(
        query.setting, weigh="weigh_evidence" in offered if asked else agent.reads_weighing
    )
    calls = ForkedCalls(trace, kept, agent.live_calls(toolbox, on_event))
    origin = {
        "trace": trace.id,
        "call": kept + 1,
        "step": trace.calls[kept].step,
        "model": trace.config.get("model"),
        "notes": _notes(agent, trace, query, toolbox.names if asked else None),
    }
    tools = tuple(offered) if asked else toolbox.names
    try:
        return await agent.follow(query, calls, tools, on_event=on_event, more_config={"forked_from": origin})
    except Differs as found:
        recorded, replayed = found.difference.excerpt()
        raise WorkError(
            f"The run {trace.id} cannot be forked at call {kept}: the same question leads to another request now,"
            f" first at {found.difference.step}.\n  recorded: {recorded}\n  now:      {replayed}"
        ) from None


def _notes(agent: Agent, trace: Trace, query: Query, tools: tuple[str, ...] | None) -> list[str]:
    """What is not as it was for the recorded run."""
    if query.setting != "none":
        agent.resources.literature()
    now: dict[str, Any] = agent.resources.fingerprints(query.setting)
    names = {"graph_sha256": "graph", "literature_sha256": "literature", "hidden_pairs": "set of hidden pairs"}
    notes = [
        f"the {name} is another one than when the run was recorded"
        for key, name in names.items()
        if now.get(key) != trace.data.get(key)
    ]
    if tools is not None and tools != tuple(trace.config.get("tools", ())):
        notes.append("the tools of the recorded run are offered, and some of them are not there")
    return notes
