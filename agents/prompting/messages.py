"""Messages in OpenAI's chat form, as traces hold them, and as LangChain's models take them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.graph_request import PAYLOAD_KEY
from kedrec.characters import mended

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

__all__ = ["ChatMessage", "asked_calls", "fingerprint", "from_model", "human", "system", "to_model", "tool_answer"]

ChatMessage = dict[str, Any]
"""`{role, content, tool_calls?, tool_call_id?}`."""


def system(text: str) -> ChatMessage:
    """A message of the system."""
    return {"role": "system", "content": text}


def human(text: str) -> ChatMessage:
    """A message of the user."""
    return {"role": "user", "content": text}


def tool_answer(call_id: str, name: str, text: str) -> ChatMessage:
    """What a tool answered."""
    return {"role": "tool", "tool_call_id": call_id, "name": name, "content": text}


def to_model(messages: Sequence[ChatMessage], payload: Mapping[str, Any]) -> list[BaseMessage]:
    """LangChain's messages; the last one of the user carries the payload."""
    from langchain_core.messages import HumanMessage

    converted = [_to_message(message) for message in messages]
    last = next((message for message in reversed(converted) if isinstance(message, HumanMessage)), None)
    if last is not None:
        last.additional_kwargs[PAYLOAD_KEY] = dict(payload)
    return converted


def from_model(message: AIMessage) -> ChatMessage:
    """A model's answer in chat form; calls whose arguments are no JSON are kept as they came."""
    content = message.content
    if isinstance(content, str):
        text = content
    else:
        text = "".join(block if isinstance(block, str) else str(block.get("text", "")) for block in content)
    answer: ChatMessage = {"role": "assistant", "content": text}
    calls = [(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    calls += [(call["id"], call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    if calls:
        answer["tool_calls"] = [_call(call_id or f"call-{i}", *rest) for i, (call_id, *rest) in enumerate(calls, 1)]
    return answer


def asked_calls(message: ChatMessage) -> list[tuple[str, str, dict[str, Any] | None]]:
    """The tool calls of an answer: id, name, arguments; None where the arguments are no JSON object."""
    return [
        (call["id"], call["function"]["name"], _arguments(call["function"]["arguments"]))
        for call in message.get("tool_calls", ())
    ]


def fingerprint(*parts: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _to_message(message: ChatMessage) -> BaseMessage:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    role, content = message["role"], message["content"]
    if role == "system":
        return SystemMessage(content)
    if role == "user":
        return HumanMessage(content)
    if role == "tool":
        return ToolMessage(content, tool_call_id=message["tool_call_id"], name=message["name"])
    asked = [{"id": i, "name": name, "args": args or {}, "type": "tool_call"} for i, name, args in asked_calls(message)]
    return AIMessage(content, tool_calls=asked)


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        value = mended(json.loads(text))
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
