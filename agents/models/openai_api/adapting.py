"""What a server turns out not to take, and a request without it."""

from __future__ import annotations

import logging
import re
from collections.abc import Set
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.openai_api.errors_and_retry import said_by
from kedrec.agents.models.openai_api.messages import without_system

if TYPE_CHECKING:
    import openai

__all__ = ["adapted", "note_refused", "refused_part"]

logger = logging.getLogger(__name__)

_MAY_BE_LEFT_OUT = ("temperature", "max_completion_tokens", "max_tokens", "stream_options")
_NO_TOOLS = re.compile(
    r"(?:not|n't) support[^.]{0,30}\b(?:tool|function)|\b(?:tool|function)s?\b[^.]{0,40}(?:not|n't|un)\W?support"
    r"|enable-auto-tool-choice|tool-call-parser|requires? --jinja|support tool use",
    re.IGNORECASE,
)
_NO_SYSTEM = re.compile(
    r"\bsystem\b[^.]{0,40}(?:not|n't|un)\W?(?:support|allow)|(?:not|n't) support[^.]{0,30}\bsystem\b"
    r"|roles must alternate|developer instruction is not enabled",
    re.IGNORECASE,
)
_SAID = {
    "tools": "%s takes no tools: it is asked without them from now on.",
    "system": "%s takes no message of the system: its text goes before the first of the user from now on.",
}


def refused_part(error: openai.APIStatusError, sent: dict[str, Any]) -> str | None:
    """What of a request a server does not take and can do without: an optional parameter, `tools` or `system`."""
    said = said_by(error)
    if sent.get("tools") and _NO_TOOLS.search(said):
        return "tools"
    if any(message["role"] == "system" for message in sent["messages"]) and _NO_SYSTEM.search(said):
        return "system"
    return _refused_parameter(error, sent) if error.status_code == 400 else None


def _refused_parameter(error: openai.APIStatusError, sent: dict[str, Any]) -> str | None:
    text = f"{error.param or ''} {said_by(error)}"
    if error.code not in ("unsupported_parameter", "unsupported_value") and "support" not in text.lower():
        return None
    return next((name for name in _MAY_BE_LEFT_OUT if name in sent and re.search(rf"\b{name}\b", text)), None)


def note_refused(part: str, left_out: set[str], who: str) -> None:
    """Leave a part out from now on, and say so the first time where it changes what the model can do."""
    if part in _SAID and part not in left_out:
        logger.warning(_SAID[part], who)
    left_out.add(part)


def adapted(request: dict[str, Any], left_out: Set[str]) -> dict[str, Any]:
    """A request without what the server does not take."""
    gone = left_out | {"tool_choice", "parallel_tool_calls"} if "tools" in left_out else left_out
    kept = {name: value for name, value in request.items() if name not in gone}
    return {**kept, "messages": without_system(kept["messages"])} if "system" in left_out else kept
