"""Base classes of the chat models: tools in OpenAI's form, and models that have their whole answer at once."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from kedrec.errors import ModelError

__all__ = ["ToolOfferingModel", "WholeAnswerModel"]


class ToolOfferingModel(BaseChatModel):
    """A chat model that takes tools as OpenAI describes them, as the parameter `tools`."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools to the model."""
        choice = {"tool_choice": tool_choice} if tool_choice is not None else {}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    async def whole_answer(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]] = ()) -> AIMessage:
        """The answer to messages, as `ainvoke` gives it, but no callback of LangChain hears of it: that costs much.

        Args:
            messages: what is asked.
            tools: offered to the model, in OpenAI's form.
        """
        offered: dict[str, Any] = {"tools": list(tools)} if tools else {}
        made = await self._agenerate(messages, **offered)
        message: AIMessage = made.generations[0].message  # type: ignore[assignment]
        return message

    async def told_answer(
        self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]], tell: Callable[[str], None]
    ) -> AIMessage:
        """The answer to messages, its text reported as it comes.

        Args:
            messages: what is asked.
            tools: offered to the model, in OpenAI's form.
            tell: gets each piece of the text.
        """
        asked: Any = self.bind(tools=list(tools)) if tools else self
        whole: Any = None
        async for chunk in asked.astream(messages):
            if chunk.content:
                tell(str(chunk.content))
            whole = chunk if whole is None else whole + chunk
        if whole is None:
            raise ModelError("The chat model ended its stream without an answer.")
        message: AIMessage = whole
        return message


class WholeAnswerModel(ToolOfferingModel):
    """A chat model that only has to say what the whole answer is; tools, streaming and async calls follow from that."""

    cache: bool | None = False
    """Its answers cost nothing, so a cache that others set up is not used."""

    @abstractmethod
    def answer(self, messages: list[BaseMessage], parameters: dict[str, Any]) -> AIMessage:
        """The whole answer.

        Args:
            messages: what was sent.
            parameters: `tools` as OpenAI describes them, `stop`, and whatever else was bound.
        """

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.answer(messages, _parameters(stop, kwargs)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self.answer(messages, _parameters(stop, kwargs))):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager and chunk.content:
                run_manager.on_llm_new_token(str(chunk.content), chunk=generation)
            yield generation


def _parameters(stop: list[str] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
    return kwargs if stop is None else {**kwargs, "stop": stop}


def _chunks(message: AIMessage) -> Iterator[AIMessageChunk]:
    """The text line by line, then one chunk with everything else."""
    for line in str(message.content).splitlines(keepends=True):
        yield AIMessageChunk(content=line)
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"], ensure_ascii=False), id=call["id"], index=i)
        for i, call in enumerate(message.tool_calls)
    ]
    yield AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
    )
