"""A run once more from its trace alone: recorded answers of the model and results of the tools, no call to anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kedrec import errors
from kedrec.agents.workflow.calls import ModelRequest, ToolRequest, model_hash, tool_hash
from kedrec.config import Settings
from kedrec.errors import DamagedData, ModelError
from kedrec.records import ModelCall, Recommendation, Record, ToolCall, ToolResult, Trace
from kedrec.redaction import Redactor

if TYPE_CHECKING:
    pass

__all__ = [
    "Difference",
    "Differs",
    "RecordedCalls",
    "ReplayReport",
    "areplay",
    "recorded_settings",
    "replay",
]


BEFORE: dict[str, Any] = {"least_confidence": 0.0}
"""What holds for a setting that older traces do not have."""
EXCERPT = 400
"""Characters of each side of a difference that people are shown."""


class Difference(Record):
    """The first thing that came out otherwise."""

    step: str
    """Node of the graph and number of the call, or part of the recommendation."""
    recorded: Any
    """As the trace has it; null where it has nothing more."""
    replayed: Any
    """As it came out now; null where nothing came."""

    def excerpt(self, width: int = EXCERPT) -> tuple[str, str]:
        """Both sides as JSON, from shortly before the first character that differs."""
        sides = [json.dumps(side, ensure_ascii=False) for side in (self.recorded, self.replayed)]
        start = next((at for at, (a, b) in enumerate(zip(*sides, strict=False)) if a != b), 0)
        recorded, replayed = (side[max(0, start - 40) : start + width] for side in sides)
        return recorded, replayed


class ReplayReport(Record):
    """What a replay found."""

    identical: bool
    """Whether every request and the outcome are the same."""
    first_difference: Difference | None = None
    """Where not."""


class Differs(Exception):
    """Ends a replay at its first difference."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(f"The replay differs at {difference.step}.")
        self.difference = difference


class RecordedCalls:
    """Answers every call from a trace, and stops at the first request that the trace does not have there.

    Args:
        trace: the trace.
        settings: as recorded.
    """

    def __init__(self, trace: Trace, settings: Settings) -> None:
        self.record: list[ModelCall | ToolCall] = []
        self._calls, self._settings = trace.calls, settings

    async def tools(self, step: str, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        """The results of the tools as recorded."""
        return [self._tool(step, name, arguments) for name, arguments in requests]

    async def models(self, step: str, requests: Sequence[ModelRequest]) -> list[ModelCall]:
        """The answers of the model as recorded, errors included."""
        made = [self._model(step, request) for request in requests]
        for call in made:
            if call.error is not None:
                kind, _, message = call.error.partition(": ")
                found = getattr(errors, kind, ModelError)
                raise (
                    found(message) if isinstance(found, type) and issubclass(found, ModelError) else ModelError(message)
                )
        return made

    def rest(self) -> ModelCall | ToolCall | None:
        """The first recorded call that was not asked for."""
        return self._calls[len(self.record)] if len(self.record) < len(self._calls) else None

    def _tool(self, step: str, name: str, arguments: dict[str, Any]) -> ToolResult:
        made = {"step": step, "name": name, "arguments": arguments}
        call = self._next(step, made)
        if not isinstance(call, ToolCall) or call.step != step or call.request_sha256 != tool_hash(name, arguments):
            raise self._differs(step, call, made)
        self.record.append(call)
        return call.result

    def _model(self, step: str, request: ModelRequest) -> ModelCall:
        made = {"step": step, "messages": list(request.messages), "tools": list(request.tools)}
        call = self._next(step, made)
        if (
            not isinstance(call, ModelCall)
            or call.step != step
            or call.request_sha256 != model_hash(request, self._settings, call.model)
        ):
            raise self._differs(step, call, made)
        self.record.append(call)
        return call

    def _next(self, step: str, made: Any) -> ModelCall | ToolCall:
        call = self.rest()
        if call is None:
            raise self._differs(step, None, made)
        return call

    def _differs(self, step: str, call: ModelCall | ToolCall | None, made: dict[str, Any]) -> Differs:
        recorded = _request(call) if call is not None else None
        return Differs(Difference(step=f"{step}, call {len(self.record) + 1}", recorded=recorded, replayed=made))


def replay(trace: Trace) -> ReplayReport:
    """Run the graph again on what a trace holds; needs no graph, no literature, no model and no network."""
    return asyncio.run(areplay(trace))


async def areplay(trace: Trace) -> ReplayReport:
    """The same on a running event loop."""
    from kedrec.agents.workflow.question_run import asked_of, open_context, outcome

    settings = recorded_settings(trace)
    calls = RecordedCalls(trace, settings)
    question = trace.question
    context = open_context(settings, calls, tuple(trace.config.get("tools", ())), trace.id)
    asked = asked_of(question)
    try:
        recommendation, error = await outcome(asked, question["setting"], context)
    except Differs as found:
        return ReplayReport(identical=False, first_difference=found.difference)
    call = calls.rest()
    unasked = (
        Difference(step=f"{call.step}, call {len(calls.record) + 1}", recorded=_request(call), replayed=None)
        if call
        else None
    )
    difference = unasked or _other_outcome(trace, recommendation, error)
    return ReplayReport(identical=difference is None, first_difference=difference)


def recorded_settings(trace: Trace) -> Settings:
    """The settings of the run; what this version does not know any more is left out.

    Raises:
        DamagedData: this version does not take one of them.
    """
    known = {**BEFORE, **{key: value for key, value in trace.config.items() if key in Settings.model_fields}}
    try:
        return Settings.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        raise DamagedData(
            f"The trace {trace.id} has a setting that does not fit: {first['loc'][0]}: {first['msg']}."
        ) from None


def _other_outcome(
    trace: Trace, recommendation: Recommendation | None, error: dict[str, str] | None
) -> Difference | None:
    clean = Redactor().plain(error) if error else None
    if clean != trace.error:
        return Difference(step="error", recorded=trace.error, replayed=clean)
    before = trace.recommendation.model_dump(mode="json") if trace.recommendation else {}
    after = recommendation.model_dump(mode="json") if recommendation else {}
    for part in dict.fromkeys([*before, *after]):
        if before.get(part) != after.get(part):
            return Difference(step=f"finish, {part}", recorded=before.get(part), replayed=after.get(part))
    return None


def _request(call: ModelCall | ToolCall) -> dict[str, Any]:
    if isinstance(call, ToolCall):
        return {"step": call.step, "name": call.name, "arguments": call.arguments}
    return {"step": call.step, "messages": list(call.messages), "tools": list(call.tools)}
