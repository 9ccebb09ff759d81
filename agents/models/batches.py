"""Calls of many questions collected into batches: a batch is ordered when every question in flight waits for one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kedrec.agents.models.batch_journal import BatchJournal, Order
from kedrec.agents.models.batch_lines import ADDRESS, failure_of, is_too_much, reason_of
from kedrec.agents.models.batch_server import ENDED, BatchServer
from kedrec.agents.models.purse import Paid, Purse
from kedrec.errors import ModelError, ModelRefused, ModelUnavailable

if TYPE_CHECKING:
    from openai.types import Batch
    from openai.types.chat import ChatCompletion

__all__ = ["BatchLimits", "Batches"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

CALM = 0.05
"""Seconds for which every question must have been waiting before a batch is ordered."""
SOONEST = 1.0
"""Seconds before a batch is looked at for the first time."""
SLOWER = 1.5
"""How much longer each wait for the next look is."""
IN_VAIN = 30
"""Looks in a row that may fail before a batch is left to the next process."""

_QUESTION: ContextVar[object] = ContextVar("question")


@dataclass(frozen=True)
class BatchLimits:
    """How large a batch may be, and how often it is looked at."""

    requests: int
    """Most requests of a batch."""
    bytes: int
    """Most bytes of its file."""
    poll: float
    """Most seconds between two looks at it."""


class Surely(Protocol):
    """Takes a step until it succeeds or cannot; raises our own errors."""

    def __call__(self, step: Callable[[], Awaitable[T]]) -> Awaitable[T]:
        """Take it."""
        ...


@dataclass(eq=False)
class _Call:
    """One request, and whoever waits for its answer."""

    key: str
    line: bytes
    answer: asyncio.Future[ChatCompletion] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    aside: float = 0.0

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()

    def give(self, answer: ChatCompletion) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class Batches:
    """Orders, awaits and collects the batches of one run.

    What was ordered by an earlier process is collected before anything is answered. An answer is kept before it is paid
    for, and paid for before anybody gets it; a kill between any two steps neither loses nor doubles one.

    Args:
        server: where batches are made.
        journal: what was ordered.
        purse: pays.
        limits: sizes and times.
        keep: keeps the answer to the request with this key; returns whether it was worth keeping.
        surely: tries steps at the server as often as is worth while.
    """

    def __init__(
        self,
        server: BatchServer,
        journal: BatchJournal,
        purse: Purse,
        limits: BatchLimits,
        *,
        keep: Callable[[str, ChatCompletion], bool],
        surely: Surely,
    ) -> None:
        self._server, self._journal, self._purse, self._limits = server, journal, purse, limits
        self._keep, self._surely = keep, surely
        self._most = limits.requests
        self._questions, self._waiting = 0, Counter[object]()
        self._calls: dict[str, _Call] = {}
        self._queue: list[_Call] = []
        self._size = 0
        self._unkept: dict[str, ChatCompletion] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._calm: asyncio.TimerHandle | None = None
        self._resumed = asyncio.ensure_future(self._resume())

    @contextmanager
    def question(self) -> Iterator[None]:
        """Count a question as in flight; calls made meanwhile are its own."""
        token = _QUESTION.set(object())
        self._questions += 1
        try:
            yield
        finally:
            self._questions -= 1
            _QUESTION.reset(token)
            self._look_around()

    async def ready(self) -> None:
        """Wait until what was ordered earlier has been collected.

        Raises:
            ModelError: it could not be collected.
        """
        with self._wait():
            await asyncio.shield(self._resumed)

    async def ask(self, key: str, request: dict[str, Any]) -> ChatCompletion:
        """The answer to a request, out of the next batch.

        Args:
            key: hash of the request, in hex; requests with the same key share an answer.
            request: as for `/v1/chat/completions`.

        Raises:
            ModelUnavailable: the request came back unanswered.
            openai.APIStatusError: the server answered this request with an error.
            BudgetSpent: the call could cost more than is left.
        """
        if key in self._unkept:
            return self._unkept.pop(key)
        with self._wait():
            call = self._calls.get(key) or self._take(key, request)
            return await asyncio.shield(call.answer)

    async def close(self) -> None:
        """Stop waiting; what was ordered goes on at the server."""
        if self._calm is not None:
            self._calm.cancel()
        for task in (*self._tasks, self._resumed):
            task.cancel()
        await asyncio.gather(*self._tasks, self._resumed, return_exceptions=True)

    @contextmanager
    def _wait(self) -> Iterator[None]:
        question = _QUESTION.get(None)
        self._waiting[question] += 1
        self._look_around()
        try:
            yield
        finally:
            self._waiting[question] -= 1
            if not self._waiting[question]:
                del self._waiting[question]

    def _take(self, key: str, request: dict[str, Any]) -> _Call:
        line = {"custom_id": key, "method": "POST", "url": ADDRESS, "body": request}
        call = self._calls[key] = _Call(key, json.dumps(line).encode() + b"\n")
        self._spawn(self._enqueue(call))
        return call

    async def _enqueue(self, call: _Call) -> None:
        try:
            call.aside = await self._purse.set_aside(len(call.line))
        except ModelError as error:
            del self._calls[call.key]
            call.fail(error)
            return
        if len(self._queue) >= self._most or self._size + len(call.line) > self._limits.bytes:
            self._order_queue()
        self._queue.append(call)
        self._size += len(call.line)
        self._look_around()

    def _look_around(self) -> None:
        """Order a batch soon, if every question waits and goes on waiting."""
        if self._everybody_waits() and self._calm is None:
            self._calm = asyncio.get_running_loop().call_later(CALM, self._order_if_calm)

    def _order_if_calm(self) -> None:
        self._calm = None
        if self._everybody_waits() and self._queue:
            self._order_queue()

    def _everybody_waits(self) -> bool:
        return len(self._waiting) >= self._questions

    def _order_queue(self) -> None:
        calls, self._queue, self._size = self._queue, [], 0
        for start in range(0, len(calls), self._most):
            self._spawn(self._order(calls[start : start + self._most]))

    async def _order(self, calls: Sequence[_Call]) -> None:
        """Order a batch of these calls and see it through."""
        order = self._journal.order(len(calls), sum(call.aside for call in calls))
        try:
            lines = b"".join(call.line for call in calls)
            file_id = await self._surely(lambda: self._server.upload(order, lines))
            order = self._journal.note(order, file_id=file_id)
            batch = await self._create(order)
            await self._collect(self._journal.note(order, batch_id=batch.id, status=batch.status), calls)
        except Exception as error:  # noqa: BLE001 - whatever it is, the questions that wait for it must hear of it
            self._give_up(self._journal.orders[order.id], error)
            self._settle(calls, error)

    def _give_up(self, order: Order, error: Exception) -> None:
        """Leave a batch to the next process, and what it may cost aside; one that was refused does not exist."""
        if order.batch_id is None and isinstance(error, ModelRefused):
            self._journal.note(order, status="refused", over=True)
        elif order.file_id is not None:
            self._purse.owe(order.aside)

    async def _create(self, order: Order) -> Batch:
        """Make the batch; a try whose reply was lost may have made it."""
        tries = 0

        async def once() -> Batch:
            nonlocal tries
            tries += 1
            found = await self._server.batch_of(order) if tries > 1 else None
            return found or await self._server.create(order)

        return await self._surely(once)

    async def _resume(self) -> None:
        """Collect what earlier processes have ordered."""
        orders = self._journal.outstanding
        for order in orders:
            self._purse.hold(order.aside)
        for outcome in await asyncio.gather(*(self._recover(order) for order in orders), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _recover(self, order: Order) -> None:
        try:
            if order.batch_id is None:
                batch = await self._surely(lambda: self._server.batch_of(order)) if order.file_id else None
                if batch is None:
                    await self._surely(lambda: self._server.drop_file(order))
                    self._journal.note(order, status="never ordered", over=True)
                    return
                order = self._journal.note(order, batch_id=batch.id, status=batch.status)
            await self._collect(order, ())
        finally:
            self._purse.release(order.aside)

    async def _collect(self, order: Order, calls: Sequence[_Call]) -> None:
        """Wait for the end of a batch, keep and pay for its answers, and hand them out."""
        batch = await self._end_of(order)
        lines = await self._surely(lambda: self._server.answers(batch))
        answers, failures = self._sorted(lines)
        unkept = {key: answer for key, answer in answers.items() if not self._keep(key, answer)}
        self._pay(self._journal.orders[order.id], answers, {call.key: len(call.line) for call in calls})
        if not calls:
            self._unkept.update(unkept)
        if is_too_much(batch):
            self._most = max(1, order.requests // 2)
        self._settle(calls, ModelUnavailable(reason_of(batch)), answers, failures)

    async def _end_of(self, order: Order) -> Batch:
        pause, missed, batch_id = min(SOONEST, self._limits.poll), 0, str(order.batch_id)
        while True:
            try:
                batch = await self._surely(lambda: self._server.look(batch_id))
            except ModelUnavailable as error:
                missed += 1
                if missed == IN_VAIN:
                    raise
                logger.warning("Batch %s is looked at again later: %s", batch_id, error)
            else:
                missed, order = 0, self._noted(order, batch)
                if batch.status in ENDED:
                    return batch
            await asyncio.sleep(pause)
            pause = min(pause * SLOWER, self._limits.poll)

    def _noted(self, order: Order, batch: Batch) -> Order:
        counted = batch.request_counts
        answered, failed = (counted.completed, counted.failed) if counted else (0, 0)
        return self._journal.note(order, status=batch.status, answered=answered, failed=failed, synced=False)

    def _sorted(self, lines: Sequence[dict[str, Any]]) -> tuple[dict[str, ChatCompletion], dict[str, Exception]]:
        """Answers and errors by key."""
        from openai.types.chat import ChatCompletion

        answers, failures = {}, {}
        for line in lines:
            error = failure_of(line)
            if error is None:
                answers[line["custom_id"]] = ChatCompletion.construct(**line["response"]["body"])
            else:
                failures[line["custom_id"]] = error
        return answers, failures

    def _pay(self, order: Order, answers: dict[str, ChatCompletion], sent: dict[str, int]) -> None:
        """Pay for the answers that were not paid for before a kill; their order is that of the server's file."""
        order = self._journal.note(order, paid_from=self._purse.calls) if order.paid_from is None else order
        used = [(key, _used(answer)) for key, answer in answers.items()]
        counted = [(key, paid) for key, paid in used if paid.input_tokens or paid.output_tokens]
        for key, paid in counted[max(0, self._purse.calls - (order.paid_from or 0)) :]:
            self._purse.pay(paid, sent.get(key))
        self._journal.note(order, over=True)

    def _settle(
        self,
        calls: Sequence[_Call],
        otherwise: Exception,
        answers: dict[str, ChatCompletion] | None = None,
        failures: dict[str, Exception] | None = None,
    ) -> None:
        """Hand out what came of calls: an answer, an error of their own, or what became of the batch."""
        for call in calls:
            del self._calls[call.key]
            self._purse.release(call.aside)
            if answers and call.key in answers:
                call.give(answers[call.key])
            else:
                call.fail((failures or {}).get(call.key, otherwise))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _used(answer: ChatCompletion) -> Paid:
    paid = Paid()
    paid.take(answer.usage)
    return paid
