"""Runs as OpenTelemetry spans, in OTLP's JSON form.

Names follow the GenAI semantic conventions as of their release 0.1.0 (still in development there); what they have no
name for begins with `kedrec.`. A run is `invoke_agent kedrec`, below it a span for each step, below that `chat MODEL`
and `execute_tool NAME`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from kedrec.agents.trace_export.timing import TimedRun, timed
from kedrec.agents.traces.labels import asked, call_model, concluded, model_parts
from kedrec.records import ModelCall, ToolCall, Trace

__all__ = ["otlp"]

INTERNAL, CLIENT = 1, 3
"""Kinds of spans."""
FAILED = 2
"""Status of a span that went wrong."""
OPENAI = "https://api.openai.com/v1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class _Span:
    """A span before it has its ids."""

    own: str
    parent: str | None
    name: str
    kind: int
    when: tuple[datetime, datetime]
    attributes: Attributes
    failed: str | None = None

    def plain(self, trace_id: str) -> dict[str, Any]:
        """As OTLP has it; a span of the same name in the same run has the same id."""
        above = {"parentSpanId": _identity(f"{trace_id} {self.parent}", 8)} if self.parent else {}
        start, end = self.when
        return {
            "traceId": _identity(trace_id, 16),
            "spanId": _identity(f"{trace_id} {self.own}", 8),
            **above,
            "name": self.name,
            "kind": self.kind,
            "startTimeUnixNano": _nanoseconds(start),
            "endTimeUnixNano": _nanoseconds(end),
            "attributes": _attributes(self.attributes),
            "status": {"code": FAILED, "message": self.failed} if self.failed else {},
        }


def otlp(trace: Trace) -> dict[str, Any]:
    """A run as OTLP's `TracesData`: one line of a file that collectors read."""
    resource = {
        "service.name": "kedrec",
        "service.version": trace.versions.get("kedrec"),
        "process.runtime.name": "cpython",
        "process.runtime.version": trace.versions.get("python"),
        "vcs.ref.head.revision": trace.versions.get("commit"),
    }
    scope = {"name": "kedrec.agents", "version": trace.versions.get("kedrec", "")}
    scoped = [{"scope": scope, "spans": [span.plain(trace.id) for span in _spans(trace)]}]
    return {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": scoped}]}


def _spans(trace: Trace) -> Iterator[_Span]:
    run = timed(trace)
    yield _run(trace, run)
    for step in run.steps:
        attributes = {"kedrec.step": step.name}
        yield _Span(f"step {step.number}", "run", step.name, INTERNAL, (step.start, step.end), attributes)
        for item in step.calls:
            call = item.call
            name, kind, said, failed = _tool(call) if isinstance(call, ToolCall) else _model(call, trace)
            common = {
                "kedrec.call": item.number,
                "kedrec.step": call.step,
                "kedrec.request_sha256": call.request_sha256,
                "kedrec.start_derived": item.derived or None,
            }
            own, parent = f"call {item.number}", f"step {step.number}"
            yield _Span(own, parent, name, kind, (item.start, item.end), {**said, **common}, failed)


def _run(trace: Trace, run: TimedRun) -> _Span:
    provider, model = model_parts(str(trace.config.get("model", "")))
    outcome = concluded(trace)
    answer = "\n".join(outcome.get("rationale", ())) or outcome.get("abstained") or ""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": provider,
        "gen_ai.agent.name": "kedrec",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": trace.usage.input_tokens or None,
        "gen_ai.usage.output_tokens": trace.usage.output_tokens or None,
        "gen_ai.input.messages": _json([_text("user", asked(trace))]),
        "gen_ai.output.messages": _json([_text("assistant", answer) | {"finish_reason": "stop"}]) if answer else None,
        "error.type": trace.error["type"] if trace.error else None,
        "kedrec.trace_id": trace.id,
        "kedrec.setting": trace.question.get("setting"),
        "kedrec.choice": outcome.get("choice"),
        "kedrec.leaning": outcome.get("leaning"),
        "kedrec.confidence": outcome.get("confidence"),
        "kedrec.cost_usd": trace.usage.cost,
        "kedrec.forked_from": (trace.config.get("forked_from") or {}).get("trace"),
    }
    failed = trace.error["message"] if trace.error else None
    return _Span("run", None, "invoke_agent kedrec", INTERNAL, (run.start, run.end), attributes, failed)


def _tool(call: ToolCall) -> tuple[str, int, Attributes, str | None]:
    failed = call.result.message if call.result.status == "failed" else None
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.arguments": _json(call.arguments),
        "gen_ai.tool.call.result": _json(call.result.model_dump(mode="json")),
        "error.type": "ToolError" if failed else None,
        "kedrec.tool.status": call.result.status,
    }
    return f"execute_tool {call.name}", INTERNAL, attributes, failed


def _model(call: ModelCall, trace: Trace) -> tuple[str, int, Attributes, str | None]:
    provider, model = model_parts(call_model(call, trace))
    elsewhere = provider == "openai"
    server = urlsplit(str(trace.config.get("base_url") or OPENAI)) if elsewhere else None
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.request.temperature": trace.config.get("temperature"),
        "gen_ai.request.max_tokens": trace.config.get("max_output_tokens"),
        "gen_ai.usage.input_tokens": call.usage.input_tokens or None,
        "gen_ai.usage.output_tokens": call.usage.output_tokens or None,
        "gen_ai.input.messages": _json([_message(message) for message in call.messages]),
        "gen_ai.output.messages": _json([_answer(call.response)]) if call.response else None,
        "error.type": call.error.partition(":")[0] if call.error else None,
        "server.address": server.hostname if server else None,
        "server.port": (server.port or (443 if server.scheme == "https" else 80)) if server else None,
        "kedrec.cost_usd": call.usage.cost,
        "kedrec.tools_offered": list(call.tools) or None,
    }
    return f"chat {model}", CLIENT if elsewhere else INTERNAL, attributes, call.error


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the conventions' form: a role, and parts."""
    role, content = str(message.get("role", "user")), str(message.get("content") or "")
    if role == "tool":
        return {
            "role": role,
            "parts": [{"type": "tool_call_response", "id": message.get("tool_call_id"), "response": content}],
        }
    parts: list[dict[str, Any]] = [{"type": "text", "content": content}] if content else []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        parts.append(
            {"type": "tool_call", "id": call.get("id"), "name": function["name"], "arguments": function["arguments"]}
        )
    return {"role": role, "parts": parts}


def _answer(response: Mapping[str, Any]) -> dict[str, Any]:
    """An answer; why it ended is known only where it asks for tools."""
    return _message(response) | {"finish_reason": "tool_call" if response.get("tool_calls") else "unknown"}


def _text(role: str, content: str) -> dict[str, Any]:
    return _message({"role": role, "content": content})


def _identity(name: str, size: int) -> str:
    """The same for the same name, so that a run exported twice is one run."""
    return hashlib.blake2b(name.encode(), digest_size=size).hexdigest()


def _nanoseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(microseconds=1) * 1000)


def _attributes(values: Attributes) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
