"""Calls of many questions collected into batches: a batch is ordered when every question in flight waits for one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from kedrec.agents.models.openai_api.messages import ResponseBody
from kedrec.agents.models.openai_api.run_budget import RunBudget
from kedrec.agents.models.openai_batch.orders import BatchOrders, BatchOutcome
from kedrec.agents.models.openai_batch.result_lines import ADDRESS

__all__ = ["BatchLimits", "Batches"]

CALM = 0.05
"""Seconds for which every question must have been waiting before a batch is ordered."""

_QUESTION: ContextVar[object] = ContextVar("question")


@dataclass(frozen=True)
class BatchLimits:
    """How large a batch may be."""

    requests: int
    """Most requests of a batch."""
    bytes: int
    """Most bytes of its file."""


@dataclass(eq=False)
class _Call:
    """One request, and whoever waits for its answer."""

    key: str
    line: bytes
    answer: asyncio.Future[ResponseBody] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    aside: float = 0.0

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()

    def take(self, outcome: BatchOutcome) -> None:
        try:
            answer = outcome.give(self.key)
        except Exception as error:  # noqa: BLE001 - whatever came of it belongs to whoever waits
            self.fail(error)
        else:
            self.answer.set_result(answer)


class Batches:
    """The calls of one run on their way into batches and back.

    What was ordered by an earlier process is collected before anything is answered. Where the server says that too
    much waits there, batches go one after the other from then on, and in halves.

    Args:
        orders: orders and collects.
        run_budget: puts aside what a call may cost before it goes into a batch.
        limits: of each batch.
    """

    def __init__(self, orders: BatchOrders, run_budget: RunBudget, limits: BatchLimits) -> None:
        self._orders, self._run_budget, self._limits = orders, run_budget, limits
        self._most = limits.requests
        self._questions, self._waiting = 0, Counter[object]()
        self._calls: dict[str, _Call] = {}
        self._queue: list[_Call] = []
        self._size = 0
        self._under_way, self._one_ended = 0, asyncio.Event()
        self._crowded, self._alone = False, asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._calm: asyncio.TimerHandle | None = None
        self._recovered = asyncio.ensure_future(orders.recover())

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
            await asyncio.shield(self._recovered)

    async def ask(self, key: str, request: dict[str, Any]) -> ResponseBody:
        """The answer to a request, out of the next batch.

        Args:
            key: hash of the request, in hex; requests with the same key share an answer.
            request: as for `/v1/chat/completions`.

        Raises:
            ModelUnavailable: the request came back unanswered.
            openai.APIStatusError: the server answered this request with an error.
            BudgetSpent: the call could cost more than is left.
        """
        with self._wait():
            unkept = await asyncio.shield(self._recovered)
            if key in unkept:
                return unkept.pop(key)
            call = self._calls.get(key) or self._take(key, request)
            return await asyncio.shield(call.answer)

    async def close(self) -> None:
        """Stop waiting; what was ordered continues at the server."""
        if self._calm is not None:
            self._calm.cancel()
        for task in (*self._tasks, self._recovered):
            task.cancel()
        await asyncio.gather(*self._tasks, self._recovered, return_exceptions=True)

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
            call.aside = await self._run_budget.set_aside(len(call.line))
        except Exception as error:  # noqa: BLE001 - too dear, or a full disk: whoever waits must hear of it
            del self._calls[call.key]
            call.fail(error)
            return
        if len(self._queue) >= self._most or self._size + len(call.line) > self._limits.bytes:
            self._order_queue()
        self._queue.append(call)
        self._size += len(call.line)
        self._look_around()

    def _look_around(self) -> None:
        """Order a batch soon, if every question is still waiting then."""
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
        self._spawn(self._see_through(calls))

    async def _see_through(self, calls: Sequence[_Call]) -> None:
        """Order these calls, in parts where they are too many for one batch, and hand out the results."""
        while len(calls) > self._most:
            part, calls = calls[: self._most], calls[self._most :]
            await self._see_through(part)
        try:
            outcome = await self._place(calls)
        except Exception as error:  # noqa: BLE001 - whatever it is, the questions that wait for it must hear of it
            return self._hand_out(calls, BatchOutcome(error))
        if outcome.too_much and len(calls) > 1:
            self._crowded, self._most = True, min(self._most, len(calls) // 2)
            return await self._see_through(calls)
        return self._hand_out(calls, outcome)

    async def _place(self, calls: Sequence[_Call]) -> BatchOutcome:
        if not self._crowded:
            return await self._place_now(calls)
        async with self._alone:
            while self._under_way:
                self._one_ended.clear()
                await self._one_ended.wait()
            return await self._place_now(calls)

    async def _place_now(self, calls: Sequence[_Call]) -> BatchOutcome:
        self._under_way += 1
        try:
            return await self._orders.place({call.key: call.line for call in calls}, sum(call.aside for call in calls))
        finally:
            self._under_way -= 1
            self._one_ended.set()

    def _hand_out(self, calls: Sequence[_Call], outcome: BatchOutcome) -> None:
        for call in calls:
            del self._calls[call.key]
            self._run_budget.release(call.aside)
            call.take(outcome)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
