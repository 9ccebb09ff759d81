"""Messages to and from an OpenAI-compatible server."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk

from kedrec.errors import ModelRefused, ModelUnavailable

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

Answer = dict[str, Any]
"""The JSON of a whole chat completion, as the server sent it."""

__all__ = ["Answer", "Ending", "message_from", "messages_for", "piece_from", "usage_in"]

_THOUGHT = re.compile(r"^\s*<think>.*?</think>\s*", re.DOTALL)


def messages_for(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as the server wants them; a tool call whose arguments were broken goes back with none."""
    sent: list[dict[str, Any]] = []
    for message in messages:
        plain = convert_to_openai_messages([message])[0]
        broken = message.invalid_tool_calls if isinstance(message, AIMessage) else []
        calls = [_call(call["id"], call["name"]) for call in broken]
        sent.append({**plain, "tool_calls": [*plain.get("tool_calls", []), *calls]} if calls else plain)
    return sent


def _call(call_id: str | None, name: str | None) -> dict[str, Any]:
    return {"id": call_id or "call", "type": "function", "function": {"name": name or "unknown", "arguments": "{}"}}


def message_from(answer: Any, who: str) -> AIMessage:
    """The message of a whole answer; tool calls that cannot be read are kept as `invalid_tool_calls`.

    Args:
        answer: the JSON of a chat completion, or whatever came in its place.
        who: the model and the server, for messages.

    Raises:
        ModelUnavailable: where the answer is empty or has no message.
        ModelRefused: where it is no chat completion, was stopped by a filter, or the model declined.
    """
    if not isinstance(answer, dict) or "choices" not in answer:
        raise ModelRefused(
            f"{who} sent something that is no chat completion. Check `base_url`; it usually ends in /v1."
        )
    if not answer["choices"] or not answer["choices"][0].get("message"):
        raise ModelUnavailable(f"{who} sent an answer without a message: {_error_in(answer)}")
    choice = answer["choices"][0]
    message, reason = choice["message"], choice.get("finish_reason")
    text = _THOUGHT.sub("", message.get("content") or "")
    calls, broken = _tool_calls(message.get("tool_calls") or ())
    Ending(who, reason, message.get("refusal")).check(bool(text.strip() or calls or broken))
    return AIMessage(
        content=text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        usage_metadata=usage_in(answer),
        response_metadata={"model_name": answer.get("model"), "finish_reason": reason},
    )


def _error_in(answer: dict[str, Any]) -> str:
    error = answer.get("error")
    return str(error.get("message", error) if isinstance(error, dict) else error or "nothing said why")[:300]


def usage_in(answer: Any) -> UsageMetadata | None:
    """Tokens that the server counted for an answer, or for all pieces of one; None where it counted none."""
    counted = answer.get("usage") if isinstance(answer, dict) else None
    if not counted:
        return None
    sent, received = counted.get("prompt_tokens") or 0, counted.get("completion_tokens") or 0
    return UsageMetadata(input_tokens=sent, output_tokens=received, total_tokens=sent + received)


class Ending:
    """How an answer ended, and whether that is an error.

    Args:
        who: the model and the server, for messages.
        reason: the server's `finish_reason`; None where it has not come.
        refusal: the model's own words where it declined.
    """

    def __init__(self, who: str, reason: str | None = None, refusal: str | None = None) -> None:
        self.who, self.reason, self.refusal = who, reason, refusal

    def check(self, has_content: bool) -> None:
        """Raise where the answer is none.

        Raises:
            ModelRefused: on a content filter, a refusal, or a limit that left no room for any text.
            ModelUnavailable: on an empty answer or one that broke off.
        """
        if self.reason == "content_filter":
            raise ModelRefused(
                f"{self.who}: the content filter stopped the answer. Ask differently or use another model."
            )
        if self.refusal:
            raise ModelRefused(f"{self.who} declined to answer: {self.refusal[:300]}")
        if self.reason is None:
            raise ModelUnavailable(f"{self.who} dropped the connection before the answer was complete.")
        if not has_content and self.reason == "length":
            raise ModelRefused(f"{self.who} used up its limit before it wrote anything. Raise `max_output_tokens`.")
        if not has_content:
            raise ModelUnavailable(f"{self.who} sent an empty answer.")


def _tool_calls(raw: Sequence[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Calls that can be read, and those that cannot."""
    calls, broken = [], []
    for i, one in enumerate(raw, 1):
        function = one.get("function") or {}
        name, given, own = function.get("name"), function.get("arguments"), one.get("id") or f"call-{i}"
        arguments = _arguments(given)
        if name and arguments is not None:
            calls.append(tool_call(name=name, args=arguments, id=own))
        else:
            said = "its arguments are no JSON object" if name else "it names no tool"
            broken.append(invalid_tool_call(name=name, args=str(given), id=own, error=said))
    return calls, broken


def _arguments(given: Any) -> dict[str, Any] | None:
    """A JSON object; some servers send it parsed already, and nothing at all for a tool without arguments."""
    if isinstance(given, dict) or not given:
        return given or {}
    try:
        value = json.loads(given)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def piece_from(piece: ChatCompletionChunk, ending: Ending) -> AIMessageChunk | None:
    """One piece of a streamed answer; None where it holds nothing. How the answer ends is noted in `ending`."""
    usage = usage_in({"usage": piece.usage.model_dump()}) if piece.usage else None
    if not piece.choices:
        return AIMessageChunk(content="", usage_metadata=usage) if usage else None
    choice = piece.choices[0]
    ending.reason = choice.finish_reason or ending.reason
    ending.refusal = (ending.refusal or "") + (getattr(choice.delta, "refusal", None) or "") or None
    calls = [
        tool_call_chunk(
            name=getattr(one.function, "name", None),
            args=getattr(one.function, "arguments", None),
            id=one.id,
            index=one.index,
        )
        for one in choice.delta.tool_calls or ()
    ]
    metadata = {"model_name": piece.model, "finish_reason": choice.finish_reason} if choice.finish_reason else {}
    text = choice.delta.content or ""
    if not (text or calls or metadata or usage):
        return None
    return AIMessageChunk(content=text, tool_call_chunks=calls, usage_metadata=usage, response_metadata=metadata)
