"""The base of chat models that have their whole answer at once: `offline`, `scripted`, replay."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from kedrec.agents.models.base import ToolOfferingModel

__all__ = ["WholeAnswerModel"]


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
