"""Chat models behind an OpenAI-compatible server, through the official `openai` package."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import SecretStr

from kedrec.agents.models.openai_api.answer_cache import AnswerCache, digest_of
from kedrec.agents.models.openai_api.served_model import OPENAI_ADDRESS, ServedModel
from kedrec.config import Settings
from kedrec.errors import ConfigError
from kedrec.redaction import Redactor

__all__ = ["OpenAICompatibleChatModel"]

STREAMED: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}


class OpenAICompatibleChatModel(ServedModel):
    """A `ServedModel` as LangChain knows chat models.

    Whole answers are kept: at temperature 0 in the home, else where `keep_answers` says.
    """

    @classmethod
    def open(cls, model: str, settings: Settings) -> Self:
        """Make the model that the settings describe.

        Raises:
            ConfigError: without a key where OpenAI's own server is meant, or with an address that is none.
        """
        address = settings.base_url or OPENAI_ADDRESS
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("`base_url` is no web address. Give it in full, for instance http://localhost:8000/v1.")
        key = settings.api_key.get_secret_value() if settings.api_key else os.environ.get("OPENAI_API_KEY", "")
        if not key and not settings.base_url:
            raise ConfigError(
                f"The model openai:{model} needs a key: set KEDREC_API_KEY or OPENAI_API_KEY. "
                "For a server of your own set KEDREC_BASE_URL; for no language model use --model offline."
            )
        made = cls(
            model=model, base_url=address, api_key=SecretStr(key), timeout=settings.timeout, retries=settings.retries,
            temperature=settings.temperature, max_output_tokens=settings.max_output_tokens, patience=settings.patience,
            requests_per_minute=settings.requests_per_minute, tokens_per_minute=settings.tokens_per_minute,
        )  # fmt: skip
        made._redactor = Redactor(settings)
        if settings.temperature == 0:
            made.keep_answers(settings.home / "cache" / "answers.sqlite")
        return made

    @property
    def _llm_type(self) -> str:
        return "openai-compatible"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        names = ("model", "base_url", "temperature", "max_output_tokens")
        return {name: getattr(self, name) for name in names}

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = self._request(messages, stop, kwargs)
        message = await self._kept_answer(self._answers, request) if self._answers else await self._answer(request)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _kept_answer(self, answers: AnswerCache, request: dict[str, Any]) -> AIMessage:
        digest = digest_of({**request, "base_url": self.base_url})
        async with answers.alone(digest):
            message = answers.get_by_digest(digest)
            if message is None:
                message = await self._answer(request)
                answers.keep_by_digest(digest, message)
        return message

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        request = {**self._request(messages, stop, kwargs), **STREAMED}
        async for piece in self._streamed(request):
            chunk = ChatGenerationChunk(message=_chunk(piece))
            if run_manager and chunk.text:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def told_answer(
        self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]], tell: Callable[[str], None]
    ) -> AIMessage:
        """The answer to messages, its text reported as it comes."""
        offered: dict[str, Any] = {"tools": list(tools)} if tools else {}
        async for piece in self._streamed({**self._request(messages, None, offered), **STREAMED}):
            if isinstance(piece, str):
                tell(piece)
            else:
                message = piece
        return message

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._shared.do(lambda: self._agenerate(messages, stop, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        from anyio.from_thread import start_blocking_portal

        with start_blocking_portal() as portal:
            pieces = self._astream(messages, stop, **kwargs)
            while (piece := portal.call(anext, pieces, None)) is not None:
                if run_manager and piece.text:
                    run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece


def _chunk(piece: str | AIMessage) -> AIMessageChunk:
    """A piece as LangChain takes it; the message comes last, its text is there already."""
    if isinstance(piece, str):
        return AIMessageChunk(content=piece)
    calls: list[tuple[str | None, str | None, str | None]]
    calls = [(call["name"], json.dumps(call["args"]), call["id"]) for call in piece.tool_calls]
    calls += [(call["name"], call["args"], call["id"]) for call in piece.invalid_tool_calls]
    return AIMessageChunk(
        content="",
        tool_call_chunks=[tool_call_chunk(name=n, args=a, id=i, index=at) for at, (n, a, i) in enumerate(calls)],
        usage_metadata=piece.usage_metadata,
        response_metadata=piece.response_metadata,
        chunk_position="last",
    )
