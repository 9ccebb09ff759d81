"""Runs in LangSmith's form: one object for the run, for each of its steps and for each call, parents first."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kedrec.agents.trace_export.timing import TimedRun, timed
from kedrec.agents.traces.labels import call_model, concluded, model_parts
from kedrec.records import ModelCall, ToolCall, Trace

__all__ = ["langsmith_runs"]

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/kedrec/traces")
"""What the ids are made from, together with the trace's: a run exported twice is one run."""


@dataclass(frozen=True)
class _Place:
    """Where a run of LangSmith stands in the tree."""

    id: uuid.UUID
    order: str
    """Start times and ids from the root down, which sorts as it was run."""

    parent: uuid.UUID | None
    """What it is part of."""

    def below(self, name: str, start: datetime) -> _Place:
        own = uuid.uuid5(self.id, name)
        return _Place(own, f"{self.order}.{_stamp(start)}{own}", self.id)


def langsmith_runs(trace: Trace) -> Iterator[dict[str, Any]]:
    """A run, its steps and its calls, as LangSmith's batch endpoint takes them."""
    run = timed(trace)
    own = uuid.uuid5(_SPACE, trace.id)
    root = _Place(own, f"{_stamp(run.start)}{own}", None)
    for place, when, parts in _tree(trace, run, root):
        yield _entry(place, root, when, **parts)


RunPart = tuple[_Place, tuple[datetime, datetime], dict[str, Any]]


def _tree(trace: Trace, run: TimedRun, root: _Place) -> Iterator[RunPart]:
    yield root, (run.start, run.end), _whole(trace)
    for step in run.steps:
        place = root.below(f"step {step.number}", step.start)
        yield place, (step.start, step.end), {"name": step.name, "run_type": "chain"}
        for item in step.calls:
            call = item.call
            parts = _tool(call) if isinstance(call, ToolCall) else _model(call, trace)
            common = {"call": item.number, "request_sha256": call.request_sha256, "start_derived": item.derived}
            yield (
                place.below(f"call {item.number}", item.start),
                (item.start, item.end),
                {**parts, "metadata": {**common, **parts["metadata"]}},
            )


def _whole(trace: Trace) -> dict[str, Any]:
    metadata = {
        "kedrec_trace_id": trace.id,
        "setting": trace.question.get("setting"),
        "model": trace.config.get("model"),
        "versions": trace.versions,
        "data": trace.data,
        "forked_from": trace.config.get("forked_from"),
    }
    return {
        "name": "kedrec",
        "run_type": "chain",
        "inputs": trace.question,
        "outputs": None if trace.error else concluded(trace),
        "error": f"{trace.error['type']}: {trace.error['message']}" if trace.error else None,
        "metadata": metadata,
    }


def _tool(call: ToolCall) -> dict[str, Any]:
    return {
        "name": call.name,
        "run_type": "tool",
        "inputs": call.arguments,
        "outputs": call.result.model_dump(mode="json"),
        "error": call.result.message if call.result.status == "failed" else None,
        "metadata": {"status": call.result.status},
    }


def _model(call: ModelCall, trace: Trace) -> dict[str, Any]:
    provider, model = model_parts(call_model(call, trace))
    used = call.usage
    usage = {
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "total_cost": used.cost,
    }
    return {
        "name": model,
        "run_type": "llm",
        "inputs": {"messages": list(call.messages), "tools": list(call.tools)},
        "outputs": {"messages": [call.response], "usage_metadata": usage} if call.response else None,
        "error": call.error,
        "metadata": {
            "ls_provider": provider,
            "ls_model_name": model,
            "ls_model_type": "chat",
            "ls_temperature": trace.config.get("temperature"),
            "ls_max_tokens": trace.config.get("max_output_tokens"),
        },
    }


def _entry(
    place: _Place,
    root: _Place,
    when: tuple[datetime, datetime],
    *,
    name: str,
    run_type: str,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    error: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    start, end = when
    return {
        "id": str(place.id),
        "trace_id": str(root.id),
        "parent_run_id": str(place.parent) if place.parent else None,
        "dotted_order": place.order,
        "name": name,
        "run_type": run_type,
        "start_time": start.isoformat(),
        "end_time": end.isoformat(),
        "inputs": dict(inputs or {}),
        "outputs": dict(outputs) if outputs is not None else None,
        "error": error,
        "extra": {"metadata": dict(metadata or {})},
        "tags": ["kedrec"],
    }


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%S%fZ")
