"""Chat models behind an OpenAI-compatible server, through the official `openai` package."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr, SecretStr

from kedrec.agents.models.base import ToolOfferingModel
from kedrec.agents.models.openai_api.adapting import adapted, note_refused, refused_part
from kedrec.agents.models.openai_api.answer_cache import AnswerCache, digest_of
from kedrec.agents.models.openai_api.endpoint import Endpoint, Endpoints
from kedrec.agents.models.openai_api.errors_and_retry import (
    StopAfter,
    model_error,
    seconds_to_wait,
    worth_another_try,
)
from kedrec.agents.models.openai_api.http import Connections
from kedrec.agents.models.openai_api.messages import ResponseBody, message_from, messages_for, usage_in
from kedrec.agents.models.openai_api.rate_limit import Pacer
from kedrec.agents.models.openai_api.run_budget import RunBudget
from kedrec.agents.models.openai_api.streams import StreamedAnswer
from kedrec.agents.models.written_calls import VisibleText
from kedrec.config import Settings
from kedrec.errors import ConfigError, ModelUnavailable
from kedrec.redaction import Redactor

if TYPE_CHECKING:
    from tenacity import AsyncRetrying

__all__ = ["OPENAI_ADDRESS", "OpenAICompatibleChatModel"]

T = TypeVar("T")

STREAMED: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
END: Any = object()
OPENAI_ADDRESS = "https://api.openai.com/v1"
"""Where requests go when `base_url` is not set."""


class OpenAICompatibleChatModel(ToolOfferingModel):
    """A chat model behind `/v1/chat/completions`.

    What may succeed when tried again (time-outs, 408, 409, 429, 5xx, dropped connections, broken or empty answers,
    errors sent as answers) is tried again, after as long as the server asks for; what cannot is not. A stream is
    started again only before its first text; that of the first stream comes when it is known that no thoughts end in
    it that nothing opened. What the server says it does not take is left out from then on: optional parameters,
    tools, messages of the system, whose text goes before the first of the user. Tool calls that cannot be read come
    back as `invalid_tool_calls`. Whole answers are kept: at temperature 0 in the home, else where `keep_answers`
    says. Calls made while `connected` share connections, pace and budget.

    Raises:
        ModelUnavailable: when the last try failed, too.
        ModelRefused: when no other try can succeed.
    """

    model: str
    """Name of the model at the server."""
    base_url: str = OPENAI_ADDRESS
    """Address of the server."""
    api_key: SecretStr = SecretStr("")
    """The key; never in an error message."""
    timeout: float = 60.0
    """Seconds for one whole answer; for a stream, seconds until its next piece."""
    retries: int = 3
    """Tries after the first."""
    temperature: float = 0.0
    """Sampling temperature."""
    max_output_tokens: int = 2048
    """Tokens of one answer."""
    patience: float = 120.0
    """Seconds for which a call that the server turns away as one too many is tried again."""
    requests_per_minute: int = 0
    """Calls a minute; 0 for no limit that is known."""
    tokens_per_minute: int = 0
    """Tokens a minute; 0 for no limit that is known."""
    _left_out: set[str] = PrivateAttr(default_factory=set)
    _opens_thoughts: bool = PrivateAttr(default=False)
    _redactor: Redactor = PrivateAttr(default_factory=Redactor)
    _answers: AnswerCache | None = PrivateAttr(default=None)
    _shared: Endpoints = PrivateAttr(default_factory=Endpoints)

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

    def keep_answers(self, path: Path) -> None:
        """Keep answers in a file from now on, and take those that are there; an earlier file stays in use."""
        self._answers = self._answers or AnswerCache(path)

    @property
    def answers(self) -> AnswerCache | None:
        """Where answers are kept; None where they are not."""
        return self._answers

    def use_answers(self, answers: AnswerCache) -> None:
        """Keep answers there from now on, and nowhere else."""
        if self._answers is not None:
            self._answers.close()
        self._answers = answers

    @asynccontextmanager
    async def connected(self, run_budget: RunBudget | None = None) -> AsyncIterator[None]:
        """Let all calls on this event loop share connections, pace and budget, until the last has left."""
        pace = self.requests_per_minute, self.tokens_per_minute
        async with self._shared.using(lambda: Endpoint(self._connect(), Pacer(*pace), run_budget), run_budget):
            yield

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
        message = answers.get_by_digest(digest)
        if message is None:
            message = await self._answer(request)
            answers.keep_by_digest(digest, message)
        return message

    async def _answer(self, request: dict[str, Any]) -> AIMessage:
        async with self._endpoint() as endpoint:
            async for attempt in self._tries():
                with attempt:
                    message = await self._ask(endpoint, request)
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

    async def _streamed(self, request: dict[str, Any]) -> AsyncIterator[str | AIMessage]:
        async with self._endpoint() as endpoint:
            async for attempt in self._tries():
                with attempt:
                    pieces = self._pieces(endpoint, request)
                    first = await anext(pieces)
            yield first
            async for piece in pieces:
                yield piece

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        from anyio.from_thread import start_blocking_portal

        with start_blocking_portal() as portal:
            return portal.call(lambda: self._agenerate(messages, stop, **kwargs))

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

    @asynccontextmanager
    async def _endpoint(self) -> AsyncIterator[Endpoint]:
        """The shared endpoint, or one for this call alone: connections belong to one event loop."""
        shared = self._shared.here
        if shared is not None:
            yield shared
            return
        async with self._connect() as connections:
            yield Endpoint(connections, Pacer(), None)

    def _connect(self) -> Connections:
        return Connections(self.base_url, self.api_key.get_secret_value() or "none", self.timeout)

    def _tries(self) -> AsyncRetrying:
        from tenacity import AsyncRetrying, retry_if_exception

        stop = StopAfter(self.retries, self.patience)
        return AsyncRetrying(stop=stop, wait=seconds_to_wait, retry=retry_if_exception(worth_another_try), reraise=True)

    async def _ask(self, endpoint: Endpoint, request: dict[str, Any]) -> AIMessage:
        async with endpoint.turn(request, self.max_output_tokens) as (connections, paid):
            try:
                answer = await self._in_time(self._send(connections.post, request))
                paid.take(usage_in(answer))
                return message_from(answer, self._who)
            except Exception as error:  # noqa: BLE001 - whatever the client raises becomes one of our errors
                raise model_error(error, self._who, self._redactor.text) from None

    async def _pieces(self, endpoint: Endpoint, request: dict[str, Any]) -> AsyncIterator[str | AIMessage]:
        """Text as it may be shown, then the whole message, read as one that came at once."""
        answer, visible = StreamedAnswer(), VisibleText(sure=self._opens_thoughts)
        async with endpoint.turn(request, self.max_output_tokens) as (connections, paid):
            try:
                async for piece in self._stream_of(connections, request):
                    shown = visible.add(answer.add(piece))
                    if shown:
                        yield shown
                paid.take(usage_in(answer.whole()))
                message = self._ended(answer.whole())
            except Exception as error:  # noqa: BLE001 - as above
                raise model_error(error, self._who, self._redactor.text) from None
        self._opens_thoughts = visible.closed_none_alone
        if rest := visible.rest():
            yield rest
        yield message

    def _ended(self, answer: ResponseBody | None) -> AIMessage:
        if answer is None:
            raise ModelUnavailable(f"{self._who} dropped the connection before the answer was complete.")
        return message_from(answer, self._who)

    async def _stream_of(self, connections: Connections, request: dict[str, Any]) -> AsyncIterator[Any]:
        """The pieces of a stream, each in time."""
        pieces, first = await self._send(_opened(connections, self._in_time), request)
        async with aclosing(pieces):
            yield first
            while (piece := await self._in_time(anext(pieces, END))) is not END:
                yield piece

    async def _in_time(self, step: Awaitable[T]) -> T:
        async with asyncio.timeout(self.timeout):
            return await step

    async def _send(self, send: Callable[[dict[str, Any]], Awaitable[T]], request: dict[str, Any]) -> T:
        """Send a request, again without what the server says it does not take."""
        from openai import APIStatusError

        sent = adapted(request, self._left_out)
        try:
            return await send(sent)
        except APIStatusError as error:
            refused = refused_part(error, sent)
            if refused is None:
                raise
            note_refused(refused, self._left_out, self._who)
            return await self._send(send, request)

    def _request(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        limit = "max_completion_tokens" if self.base_url == OPENAI_ADDRESS else "max_tokens"
        optional = {"stop": stop} if stop else {}
        return {
            "model": self.model,
            "messages": messages_for(messages),
            "temperature": self.temperature,
            limit: self.max_output_tokens,
            **optional,
            **kwargs,
        }

    @property
    def _who(self) -> str:
        return f"The model {self.model} at {urlsplit(self.base_url).hostname}"


def _opened(
    connections: Connections, in_time: Callable[[Awaitable[Any]], Awaitable[Any]]
) -> Callable[[dict[str, Any]], Awaitable[tuple[AsyncGenerator[Any], Any]]]:
    """What opens the stream that a request asks for, and has its first piece."""

    async def opened(request: dict[str, Any]) -> tuple[AsyncGenerator[Any], Any]:
        pieces = connections.stream(request)
        return pieces, await in_time(anext(pieces, None))

    return opened


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
