"""The calls of a run, for its page: step by step, each with what was asked and what came back, folded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from kedrec.agents.answer_html.citations import linked, source_address
from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.agents.prompting.answer_format import STEP_TITLES
from kedrec.records import Evidence, Finding, ModelCall, ToolCall, Trace

__all__ = ["steps"]

SHORT = 110
"""Characters of an answer or an argument in a line."""

TracedCall = ModelCall | ToolCall


def steps(trace: Trace, evidence: Mapping[str, Evidence]) -> Html:
    """Every call in order, by the step that made it."""
    numbered = list(enumerate(trace.calls, 1))
    grouped = groupby(numbered, lambda item: item[1].step)
    parts = (_step(step, list(group), trace, evidence) for step, group in grouped)
    return tag("section", tag("h2", "Steps"), *parts, id="steps")


def _step(step: str, calls: Sequence[tuple[int, TracedCall]], trace: Trace, evidence: Mapping[str, Evidence]) -> Html:
    told = f" {STEP_TITLES[step]}" if step in STEP_TITLES else None
    folded: list[Html] = []
    before: ModelCall | None = None
    for number, call in calls:
        made = _tool(call) if isinstance(call, ToolCall) else _model(call, before, trace, evidence)
        name, line, status, inside = made
        summary = tag(
            "summary",
            tag("span", str(number), class_="number"),
            tag("span", tag("b", name), " ", line, class_="line"),
            tag("span", status, class_=f"chip {status}"),
            _when(call, trace),
            tag("span", f"{call.seconds:.2f} s", class_="number"),
        )
        folded.append(tag("details", summary, *inside, class_="call", id=f"call-{number}"))
        before = call if isinstance(call, ModelCall) else before
    return tag("div", tag("h3", step, tag("small", told)), *folded, class_="step")


def _when(call: TracedCall, trace: Trace) -> Html:
    """When in the run the call was made, as a bar."""
    if call.started is None or not trace.seconds:
        return tag("span", class_="when")
    left = min(call.started / trace.seconds * 100, 99.0)
    wide = max(min(call.seconds / trace.seconds * 100, 100 - left), 1.0)
    return tag("span", tag("i", style=f"left:{left:.1f}%;width:{wide:.1f}%"), class_="when")


def _tool(call: ToolCall) -> tuple[str, str, str, list[Html | None]]:
    arguments = ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in call.arguments.items()
    )
    found = tag("ul", *(_finding(finding) for finding in call.result.findings), class_="findings")
    data = tag("details", tag("summary", "data"), _json(call.result.data)) if call.result.data else None
    inside = [tag("p", call.result.message), _labelled("arguments", _json(call.arguments)), found, data]
    return call.name, _short(arguments), call.result.status, inside


def _finding(finding: Finding) -> Html:
    address = source_address(finding.source_id)
    source = tag("a", finding.source_id, href=address, rel="noreferrer") if address else tag("code", finding.source_id)
    return tag("li", finding.text, " ", tag("small", source))


def _model(
    call: ModelCall, before: ModelCall | None, trace: Trace, evidence: Mapping[str, Evidence]
) -> tuple[str, str, str, list[Html | None]]:
    # How many messages both begin with.
    earlier = before.messages if before else ()
    known = next(
        (at for at, (one, other) in enumerate(zip(call.messages, earlier, strict=False)) if one != other),
        min(len(call.messages), len(earlier)),
    )
    sent = [_message(message, evidence) for message in call.messages[known:]]
    repeated = tag("p", f"{known} messages as before, then:", class_="hint") if known else None
    offered = tag("p", "Tools offered: ", ", ".join(call.tools), class_="hint") if call.tools else None
    answered = _message(call.response, evidence, opened=True) if call.response else tag("p", call.error, class_="error")
    used = call.usage
    if not used.input_tokens:
        spent = None
    else:
        cost = f", ${used.cost:.4f}" if used.cost else ""
        spent = tag("p", f"{used.input_tokens:,} tokens sent, {used.output_tokens:,} received{cost}", class_="hint")
    inside = [_labelled("asked", join(repeated, *sent)), offered, _labelled("answered", answered), spent]
    status = "failed" if call.error else "answered"
    if call.response is None:
        gist = call.error or ""
    else:
        asked = ", ".join(_asked(call.response))
        gist = f"calls {asked}" if asked else str(call.response.get("content", ""))
    return call.model or str(trace.config.get("model", "the model")), _short(gist), status, inside


def _message(message: Mapping[str, Any], evidence: Mapping[str, Evidence], *, opened: bool = False) -> Html:
    content = str(message.get("content") or "")
    who = join(tag("b", str(message.get("role", ""))), " ", tag("small", _short(content)))
    body = [tag("pre", linked(content, evidence))] if content else []
    body += [tag("pre", asked) for asked in _asked(message)]
    return tag("details", tag("summary", who), *body, class_="message", open="open" if opened else None)


def _asked(message: Mapping[str, Any]) -> Iterator[str]:
    for call in message.get("tool_calls") or ():
        yield f"{call['function']['name']}({call['function']['arguments']})"


def _labelled(label: str, *children: Html) -> Html:
    return tag("div", tag("small", label), *children, class_="labelled")


def _json(value: Any) -> Html:
    return tag("pre", json.dumps(value, ensure_ascii=False, indent=1))


def _short(text: str) -> str:
    line = " ".join(text[: 4 * SHORT].split())
    return line if len(line) <= SHORT else line[: SHORT - 1].rstrip() + "…"
