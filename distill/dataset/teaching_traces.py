"""Which traces teach, and why the others do not."""

from __future__ import annotations

from typing import Literal

from kedrec.agents.prompting.answer_format import ABSTAINED, LABELS
from kedrec.agents.prompting.answer_parser import parse_decision
from kedrec.records import Trace

__all__ = ["TracesKept", "reason_to_leave_out"]

TracesKept = Literal["correct", "answered", "all"]
"""Traces that teach: whose choice or leaning is the answer; that chose; that chose or leaned."""
ERRORS = {"UnknownEntity": "unknown entity", "AmbiguousName": "ambiguous name", "ToolError": "tool failed"}
"""Type of a trace's error -> reason; errors of the model are `model failed`."""


def reason_to_leave_out(trace: Trace, answer: str | None = None, keep: TracesKept = "correct") -> str | None:
    """Why a trace teaches nothing; None where it does.

    Args:
        trace: the trace.
        answer: id of the right candidate, where the labels are the answers and not the teacher's choice.
        keep: which traces teach.

    Returns:
        `unknown entity`, `ambiguous name`, `tool failed`, `model failed`, `no evidence`, `failed the check`,
        `unreadable answer`, `left undecided` or `teacher differs from the answer`.
    """
    made = trace.recommendation
    if made is None:
        kind = (trace.error or {}).get("type", "")
        return ERRORS.get(kind, "model failed" if kind.startswith("Model") else f"failed: {kind or 'unknown'}")
    if made.favoured is None:
        return _why_abstained(trace)
    if not made.sentences:
        return "failed the check"
    if keep == "answered" and made.choice is None:
        return "left undecided"
    if keep == "correct" and answer not in (None, made.favoured):
        return "teacher differs from the answer"
    return None


def _why_abstained(trace: Trace) -> str:
    labels = LABELS[: len(trace.question["candidates"])]
    calls = trace.model_calls("decide", "repair")
    decision = parse_decision(calls[-1].text if calls else "", labels)
    if any(call.type == "tool" and call.result.status == "failed" for call in trace.calls):
        return "tool failed"
    if decision.label == ABSTAINED:
        return "no evidence"
    return "unreadable answer" if decision.label is None else "failed the check"
