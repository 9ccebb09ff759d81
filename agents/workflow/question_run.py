"""What a run of one question begins with and ends with, live and replayed alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedrec.agents.prompting.templates import load_prompts
from kedrec.agents.workflow.calls import Calls
from kedrec.agents.workflow.context import RunContext
from kedrec.agents.workflow.events import Listener
from kedrec.agents.workflow.question_limits import QuestionLimits
from kedrec.agents.workflow.requests import Requests
from kedrec.config import Settings
from kedrec.errors import KedrecError
from kedrec.records import Corpora, Recommendation, Record

__all__ = ["Query", "asked_of", "open_context", "outcome"]


class Query(Record):
    """A question: which of these drugs for this disease, or which is more likely to have this side effect?"""

    disease: str
    """Name or id; of a side effect its id."""
    candidates: tuple[str, ...]
    """Names or ids, one to ten."""
    setting: Corpora
    """Which corpora are used."""
    text: str | None = None
    """The question in plain words, where it was asked so."""
    left_out: tuple[str, ...] | None = None
    """What it says and nothing takes into account."""


def open_context(
    settings: Settings, calls: Calls, tools: tuple[str, ...], trace_id: str, listener: Listener | None = None
) -> RunContext:
    """What the nodes of one run share, for a live run and for a replay alike."""
    return RunContext(
        settings, calls, QuestionLimits(settings),
        Requests(load_prompts(), settings.evidence_tokens, settings.least_confidence), tools, trace_id,
        listener,
    )  # fmt: skip


def asked_of(question: Mapping[str, Any]) -> dict[str, Any]:
    """What a run is asked, from a query as data: live and replayed alike."""
    asked = {"disease": question["disease"], "candidates": list(question["candidates"])}
    left_out = question.get("left_out")
    return {**asked, "left_out": list(left_out)} if left_out else asked


async def outcome(
    asked: dict[str, Any], setting: Corpora, context: RunContext
) -> tuple[Recommendation | None, dict[str, str] | None]:
    """Run the graph; a recommendation, or what kept it from one."""
    from langgraph.errors import GraphRecursionError

    from kedrec.agents.workflow.graph import run_flow

    try:
        end = await run_flow(asked, setting, context)
    except KedrecError as error:
        return None, {"type": type(error).__name__, "message": str(error)}
    except GraphRecursionError as error:
        return None, {"type": "WorkError", "message": f"The run did not end: {error}"}
    if end.get("error"):
        return None, end["error"]
    return Recommendation.model_validate(end["recommendation"]), None
