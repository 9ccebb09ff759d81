"""A chat model that says what it is told to say: for tests, examples and dry runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from kedrec.errors import ModelRefused

__all__ = ["Reply", "ScriptedCall", "ScriptedChatModel"]

Reply = AIMessage | str | BaseException | Callable[[list[BaseMessage]], Any]
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


class ScriptedChatModel(BaseChatModel):
    """Answers with the replies of a queue, in order, and remembers what it was sent.

    A callable reply may return any of the other kinds. A message is copied before it is given out and gets an id of
    its own, so that one reply used twice is two messages. A text comes with an estimate of its tokens as usage.

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

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools; the history names them."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        choice = {"tool_choice": tool_choice} if tool_choice is not None else {}
        return self.bind(tools=offered, **choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, stop, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self._next(messages, stop, kwargs)):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager and chunk.content:
                run_manager.on_llm_new_token(str(chunk.content), chunk=generation)
            yield generation

    def _next(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> AIMessage:
        self.history.append(_call(messages, stop, kwargs))
        if not self.queue:
            raise ModelRefused(f"The script has no reply for call {len(self.history)}. Put one more into `queue`.")
        last = self.repeat_last and len(self.queue) == 1
        return _message(self.queue[0] if last else self.queue.pop(0), messages)


def _call(messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> ScriptedCall:
    parameters = {key: value for key, value in kwargs.items() if key != "tools"}
    if stop is not None:
        parameters["stop"] = stop
    names = tuple(tool["function"]["name"] for tool in kwargs.get("tools", ()))
    return ScriptedCall([message.model_copy(deep=True) for message in messages], names, parameters)


def _message(reply: Any, messages: list[BaseMessage]) -> AIMessage:
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


def _chunks(message: AIMessage) -> Iterator[AIMessageChunk]:
    """The text word by word, then one chunk with everything else."""
    for word in str(message.content).splitlines(keepends=True) if isinstance(message.content, str) else ():
        yield AIMessageChunk(content=word)
    calls = [
        tool_call_chunk(name=c["name"], args=json.dumps(c["args"], ensure_ascii=False), id=c["id"], index=i)
        for i, c in enumerate(message.tool_calls)
    ]
    yield AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
    )
