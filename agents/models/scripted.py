"""A chat model that returns scripted replies: for tests, examples and dry runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from pydantic import Field

from kedrec.agents.models.base import WholeAnswerModel
from kedrec.errors import ModelRefused

__all__ = ["ScriptedCall", "ScriptedChatModel", "ScriptedReply"]

ScriptedReply = AIMessage | str | BaseException | Callable[[list[BaseMessage]], Any]
"""What the model does when called: gives a message or a text, raises, or asks a function of the messages sent."""


@dataclass(frozen=True)
class ScriptedCall:
    """What the model was sent, once."""

    messages: list[BaseMessage]
    """The messages, as they were then."""
    tools: tuple[str, ...] = ()
    """Names of the tools offered."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Whatever else was passed: `stop`, `temperature`, …"""


class ScriptedChatModel(WholeAnswerModel):
    """Answers with the replies of a queue, in order, and remembers what it was sent.

    A callable reply may return any of the other kinds. A message is copied before it is given out and gets an id of
    its own, so that one reply used twice is two messages. Usage is estimated where the reply says nothing of it.

    Raises:
        ModelRefused: when the queue is empty.
    """

    queue: list[Any] = Field(default_factory=list)
    """Replies still to come; with `repeat_last` the last one stays."""
    repeat_last: bool = False
    """Whether the last reply is given again and again."""
    history: list[ScriptedCall] = Field(default_factory=list)
    """What was sent, call by call."""
    name: str | None = "scripted"
    """Name of the model, as traces show it."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "scripted"}

    def answer(self, messages: list[BaseMessage], parameters: dict[str, Any]) -> AIMessage:
        """The next reply of the queue."""
        rest = {key: value for key, value in parameters.items() if key != "tools"}
        names = tuple(tool["function"]["name"] for tool in parameters.get("tools", ()))
        self.history.append(ScriptedCall([message.model_copy(deep=True) for message in messages], names, rest))
        if not self.queue:
            raise ModelRefused(f"The script has no reply for call {len(self.history)}. Put one more into `queue`.")
        last = self.repeat_last and len(self.queue) == 1
        reply = self.queue[0] if last else self.queue.pop(0)
        if callable(reply) and not isinstance(reply, (BaseException, AIMessage)):
            reply = reply(messages)
        if isinstance(reply, BaseException):
            raise reply
        message = AIMessage(reply) if isinstance(reply, str) else reply.model_copy(deep=True)
        message.id = None
        if message.usage_metadata is None:
            message.usage_metadata = _estimate(messages, message)
        return message


def _estimate(messages: list[BaseMessage], answer: AIMessage) -> UsageMetadata:
    sent, received = sum(len(str(message.content)) for message in messages) // 4, len(str(answer.content)) // 4 + 1
    return UsageMetadata(input_tokens=sent, output_tokens=received, total_tokens=sent + received)
