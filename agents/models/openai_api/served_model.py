"""How a chat model sends its requests to an OpenAI-compatible server: connections, retries, pace, budget, streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import PrivateAttr, SecretStr

from kedrec.agents.models.base import ToolOfferingModel
from kedrec.agents.models.openai_api.adapting import adapted, note_refused, refused_part
from kedrec.agents.models.openai_api.answer_cache import AnswerCache
from kedrec.agents.models.openai_api.endpoint import Endpoint, Endpoints
from kedrec.agents.models.openai_api.errors_and_retry import (
    StopAfter,
    model_error,
    seconds_to_wait,
    worth_another_try,
)
from kedrec.agents.models.openai_api.http import Connections
from kedrec.agents.models.openai_api.messages import message_from, messages_for, usage_in
from kedrec.agents.models.openai_api.rate_limit import Pacer
from kedrec.agents.models.openai_api.run_budget import RunBudget
from kedrec.agents.models.openai_api.streams import StreamedAnswer
from kedrec.agents.models.written_calls import VisibleText
from kedrec.errors import ModelUnavailable
from kedrec.redaction import Redactor

if TYPE_CHECKING:
    from tenacity import AsyncRetrying

__all__ = ["OPENAI_ADDRESS", "ServedModel"]

T = TypeVar("T")

END: Any = object()
OPENAI_ADDRESS = "https://api.openai.com/v1"
"""Where requests go when `base_url` is not set."""


class ServedModel(ToolOfferingModel):
    """A model behind `/v1/chat/completions`, without LangChain's side of it.

    What may succeed when tried again (time-outs, 408, 409, 429, 5xx, dropped connections, broken or empty answers,
    errors sent as answers) is tried again, after as long as the server asks for; what cannot is not. A stream is
    started again only before its first text; that of the first stream comes when it is known that no thoughts end in
    it that nothing opened. What the server says it does not take is left out from then on: optional parameters,
    tools, messages of the system, whose text goes before the first of the user. Tool calls that cannot be read come
    back as `invalid_tool_calls`. Calls made while `connected` share connections, pace and budget.

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

    async def _answer(self, request: dict[str, Any]) -> AIMessage:
        async with self._endpoint() as endpoint:
            async for attempt in self._tries():
                with attempt:
                    message = await self._ask(endpoint, request)
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
                whole = answer.whole()
                if whole is None:
                    raise ModelUnavailable(f"{self._who} dropped the connection before the answer was complete.")
                message = message_from(whole, self._who)
            except Exception as error:  # noqa: BLE001 - as above
                raise model_error(error, self._who, self._redactor.text) from None
        self._opens_thoughts = visible.closed_none_alone
        if rest := visible.rest():
            yield rest
        yield message

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
