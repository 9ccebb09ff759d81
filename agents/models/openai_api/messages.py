"""Messages to and from an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call

from kedrec.agents.models.written_calls import arguments_in, text_of, without_thoughts, written_calls
from kedrec.errors import ModelRefused, ModelUnavailable

ResponseBody = dict[str, Any]
"""The JSON of a whole chat completion, as the server sent it."""

__all__ = ["Ending", "ResponseBody", "message_from", "messages_for", "usage_in", "without_system"]


def messages_for(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as the server wants them; a tool call whose arguments were broken goes back with none."""
    sent: list[dict[str, Any]] = []
    for message in messages:
        plain = convert_to_openai_messages([message])[0]
        broken = message.invalid_tool_calls if isinstance(message, AIMessage) else []
        calls = [
            {
                "id": call["id"] or "call",
                "type": "function",
                "function": {"name": call["name"] or "unknown", "arguments": "{}"},
            }
            for call in broken
        ]
        sent.append({**plain, "tool_calls": [*plain.get("tool_calls", []), *calls]} if calls else plain)
    return sent


def without_system(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages for a model that takes none of the system: its text goes before the first of the user."""
    said = "\n\n".join(text_of(message.get("content")) for message in messages if message["role"] == "system")
    rest = [message for message in messages if message["role"] != "system"]
    if not said:
        return rest
    first = next((i for i, message in enumerate(rest) if message["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": said}, *rest]
    asked = {**rest[first], "content": f"{said}\n\n{text_of(rest[first].get('content'))}"}
    return [*rest[:first], asked, *rest[first + 1 :]]


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
        error = answer.get("error")
        error_in = str(error.get("message", error) if isinstance(error, dict) else error or "nothing said why")[:300]
        raise ModelUnavailable(f"{who} sent an answer without a message: {error_in}")
    choice = answer["choices"][0]
    message = choice["message"]
    text, calls, broken = written_calls(without_thoughts(text_of(message.get("content"))))
    sent_calls = message.get("tool_calls") or ()
    if sent_calls:
        calls, broken = _tool_calls(sent_calls)
    reason = choice.get("finish_reason") or ("tool_calls" if calls or broken else "stop")
    Ending(who, reason, message.get("refusal")).check(bool(text.strip() or calls or broken))
    return AIMessage(
        content=text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        usage_metadata=usage_in(answer),
        response_metadata={"model_name": answer.get("model"), "finish_reason": reason},
    )


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
        reason: the server's `finish_reason`.
        refusal: the model's own words where it declined.
    """

    def __init__(self, who: str, reason: str, refusal: str | None = None) -> None:
        self.who, self.reason, self.refusal = who, reason, refusal

    def check(self, has_content: bool) -> None:
        """Raise where the answer is none.

        Raises:
            ModelRefused: on a content filter, a refusal, or a limit that left no room for any text.
            ModelUnavailable: on an empty answer.
        """
        if self.reason == "content_filter":
            raise ModelRefused(
                f"{self.who}: the content filter stopped the answer. Ask differently or use another model."
            )
        if self.refusal:
            raise ModelRefused(f"{self.who} declined to answer: {self.refusal[:300]}")
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
        arguments = arguments_in(given)
        if name and arguments is not None:
            calls.append(tool_call(name=name, args=arguments, id=own))
        else:
            said = "its arguments are no JSON object" if name else "it names no tool"
            broken.append(invalid_tool_call(name=name, args=str(given), id=own, error=said))
    return calls, broken
