"""The chat model behind an OpenAI-compatible server, asked through its Batch API: later, and for less."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import PrivateAttr

from kedrec.agents.models.openai_api.adapting import adapted, note_refused, refused_part
from kedrec.agents.models.openai_api.answer_cache import digest_of
from kedrec.agents.models.openai_api.chat_model import OpenAICompatibleChatModel
from kedrec.agents.models.openai_api.errors_and_retry import model_error, worth_another_try
from kedrec.agents.models.openai_api.messages import ResponseBody, message_from
from kedrec.agents.models.openai_api.run_budget import RunBudget
from kedrec.agents.models.openai_batch.client import BatchServer
from kedrec.agents.models.openai_batch.collector import Batches, BatchLimits
from kedrec.agents.models.openai_batch.journal import BatchJournal
from kedrec.agents.models.openai_batch.orders import BatchOrders
from kedrec.agents.open_model import check_spec
from kedrec.config import Settings
from kedrec.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["BatchedChatModel"]

T = TypeVar("T")

MEGABYTE = 1_000_000


class BatchedChatModel(OpenAICompatibleChatModel):
    """A chat model whose calls wait for each other and go to the server in batches.

    Requests, messages, answers kept and errors are those of `OpenAICompatibleChatModel`; a call that may succeed when
    tried again goes into the next batch. It answers only while `connected` with a budget.
    """

    journal_file: Path
    """Where batches are written down."""
    batch_requests: int = 50_000
    """Most requests of a batch."""
    batch_megabytes: int = 200
    """Most megabytes of its file."""
    batch_poll: float = 60.0
    """Most seconds between two looks at it."""
    _batches: Batches | None = PrivateAttr(default=None)

    @classmethod
    def open_for(cls, settings: Settings, journal_file: Path) -> Self:
        """Make the model that the settings describe, for one run.

        Args:
            settings: name an `openai:` model.
            journal_file: where the batches of the run are written down.

        Raises:
            ConfigError: for a model that is not behind a server, or without a key where one is needed.
        """
        kind, name = check_spec(settings.model)
        if kind != "openai":
            raise ConfigError(f"The model {settings.model} takes no batches; --engine batch is for openai:MODEL.")
        direct = OpenAICompatibleChatModel.open(name, settings)
        same = {field: getattr(direct, field) for field in OpenAICompatibleChatModel.model_fields}
        made = cls(
            **same | {"name": settings.model}, journal_file=journal_file, batch_requests=settings.batch_requests,
            batch_megabytes=settings.batch_megabytes, batch_poll=settings.batch_poll,
        )  # fmt: skip
        made._answers, made._redactor = direct._answers, direct._redactor
        return made

    @asynccontextmanager
    async def connected(self, run_budget: RunBudget | None = None) -> AsyncIterator[None]:
        """Let all calls on this event loop share their batches; within it, once more for each question."""
        if self._batches is not None:
            with self._batches.question():
                yield
            return
        if run_budget is None:
            raise ConfigError("A model that is asked in batches answers the questions of a run only.")
        async with self._connect() as connections, self._collecting(connections.client, run_budget):
            yield

    @asynccontextmanager
    async def _collecting(self, client: AsyncOpenAI, run_budget: RunBudget) -> AsyncIterator[None]:
        journal = BatchJournal(self.journal_file)
        orders = BatchOrders(
            BatchServer(client),
            journal,
            run_budget,
            poll=self.batch_poll,
            keep=self._keep_answer,
            retrying=self._retrying,
        )
        self._batches = Batches(orders, run_budget, BatchLimits(self.batch_requests, self.batch_megabytes * MEGABYTE))
        try:
            yield
        finally:
            await self._batches.close()
            self._batches = None
            journal.close()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await self._open_batches.ready()
        return await super()._agenerate(messages, stop, run_manager, **kwargs)

    async def _answer(self, request: dict[str, Any]) -> AIMessage:
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        stop = stop_after_attempt(self.retries + 1)
        async for attempt in AsyncRetrying(stop=stop, retry=retry_if_exception(worth_another_try), reraise=True):
            with attempt:
                message = await self._ask_in_batch(request)
        return message

    async def _ask_in_batch(self, request: dict[str, Any]) -> AIMessage:
        """Ask, again without what the server says it does not take."""
        from openai import APIStatusError

        sent = adapted(request, self._left_out)
        try:
            return message_from(
                await self._open_batches.ask(digest_of({**request, "base_url": self.base_url}).hex(), sent), self._who
            )
        except Exception as error:  # noqa: BLE001 - whatever came of it becomes one of our errors
            refused = refused_part(error, sent) if isinstance(error, APIStatusError) else None
            if refused is None:
                raise self._typed(error) from None
            note_refused(refused, self._left_out, self._who)
        return await self._ask_in_batch(request)

    def _keep_answer(self, key: str, answer: ResponseBody) -> bool:
        try:
            message = message_from(answer, self._who)
        except ModelError:
            return False
        return self._answers is not None and self._answers.keep_by_digest(bytes.fromhex(key), message)

    async def _retrying(self, step: Callable[[], Awaitable[T]]) -> T:
        """Take a step at the server, as often as another try is worth while."""
        async for attempt in self._tries():
            with attempt:
                try:
                    taken = await step()
                except Exception as error:  # noqa: BLE001 - as above
                    raise self._typed(error) from None
        return taken

    def _typed(self, error: Exception) -> ModelError:
        return model_error(error, self._who, self._redactor.text)

    @property
    def _open_batches(self) -> Batches:
        if self._batches is None:
            raise ConfigError("A model that is asked in batches answers the questions of a run only.")
        return self._batches
