"""A batch from its order to its answers: steps are journalled first; answers are stored, then paid for, then used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from kedrec.agents.models.openai_api.messages import ResponseBody, usage_in
from kedrec.agents.models.openai_api.run_budget import CallUsage, RunBudget
from kedrec.agents.models.openai_batch.client import ENDED, BatchServer
from kedrec.agents.models.openai_batch.journal import BatchJournal, Order
from kedrec.agents.models.openai_batch.result_lines import failure_of, is_too_much, reason_of
from kedrec.errors import ModelRefused, ModelUnavailable

if TYPE_CHECKING:
    from openai.types import Batch

__all__ = ["BatchOrders", "BatchOutcome", "Retrying"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

SOONEST = 1.0
"""Seconds before a batch is polled for the first time."""
SLOWER = 1.5
"""Factor by which the wait between two polls grows."""
MOST_FAILED_POLLS = 30
"""Polls in a row that may fail before this process gives the batch up; the next one resumes it."""


class Retrying(Protocol):
    """Takes a step at the server until it succeeds or cannot; raises our own errors."""

    def __call__(self, step: Callable[[], Awaitable[T]]) -> Awaitable[T]:
        """Take it."""
        ...


@dataclass(frozen=True)
class BatchOutcome:
    """The outcome of a batch."""

    reason: Exception
    """Why a request that is in neither `answers` nor `failures` has no answer."""
    answers: dict[str, ResponseBody] = field(default_factory=dict)
    """Answers by key."""
    failures: dict[str, Exception] = field(default_factory=dict)
    """Errors of single requests by key."""
    unkept: dict[str, ResponseBody] = field(default_factory=dict)
    """Answers with an error in place of text; they were not stored."""
    too_much: bool = False
    """Whether the server refused it because its queue is full."""

    def give(self, key: str) -> ResponseBody:
        """The answer to one request.

        Raises:
            ModelError: there is none.
            openai.APIStatusError: the server answered it with an error.
        """
        if key in self.answers:
            return self.answers[key]
        raise self.failures.get(key, self.reason)


class BatchOrders:
    """Orders batches and collects their answers.

    A kill between any two steps neither loses an answer nor pays for one twice: see `recover`.

    Args:
        server: where batches are made.
        journal: what was ordered.
        run_budget: pays.
        poll: most seconds between two polls of a batch.
        keep: stores the answer to the request with this key; returns false if the answer is an error.
        retrying: retries requests to the server.
    """

    def __init__(
        self,
        server: BatchServer,
        journal: BatchJournal,
        run_budget: RunBudget,
        *,
        poll: float,
        keep: Callable[[str, ResponseBody], bool],
        retrying: Retrying,
    ) -> None:
        self._server, self._journal, self._run_budget = server, journal, run_budget
        self._poll, self._keep, self._retrying = poll, keep, retrying

    async def place(self, lines: Mapping[str, bytes], aside: float) -> BatchOutcome:
        """Order a batch and see it through.

        Args:
            lines: of its file, by key.
            aside: US dollars that it may cost at most.

        Raises:
            ModelError: it could not be ordered, or the server could not be reached for too long.
        """
        order = self._journal.order(len(lines), aside)
        try:
            content = b"".join(lines.values())
            file_id = await self._retrying(lambda: self._server.upload(order, content))
            ordered = self._journal.note(order, file_id=file_id)
            batch = await self._create(ordered)
            ordered = self._journal.note(ordered, batch_id=batch.id, status=batch.status)
            return await self._collect(ordered, {key: len(line) for key, line in lines.items()})
        except Exception as error:
            # Left to the next process, with what it may cost; one that was refused does not exist.
            held = self._journal.orders[order.id]
            if held.batch_id is None and isinstance(error, ModelRefused):
                self._journal.note(held, status="refused", over=True)
            elif held.file_id is not None and not held.over:
                self._run_budget.owe(held.aside)
            raise

    async def recover(self) -> dict[str, ResponseBody]:
        """Collect what earlier processes have ordered; what never became a batch is deleted at the server.

        Returns:
            Answers by key that were not kept.

        Raises:
            ModelError: a batch could not be collected.
        """
        orders = self._journal.outstanding
        for order in orders:
            self._run_budget.hold(order.aside)
        outcomes = await asyncio.gather(*(self._recover(order) for order in orders), return_exceptions=True)
        unkept: dict[str, ResponseBody] = {}
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            unkept |= outcome.unkept
        return unkept

    async def _recover(self, order: Order) -> BatchOutcome:
        try:
            if order.batch_id is None:
                batch = await self._retrying(lambda: self._server.batch_of(order)) if order.file_id else None
                if batch is None:
                    await self._retrying(lambda: self._server.drop_file(order))
                    self._journal.note(order, status="never ordered", over=True)
                    return BatchOutcome(ModelUnavailable("It never was a batch."))
                order = self._journal.note(order, batch_id=batch.id, status=batch.status)
            return await self._collect(order, {})
        except ModelRefused as error:
            raise ModelRefused(
                f"Batch {order.batch_id or order.id} of an earlier process cannot be collected: {error} Use the key it"
                f" was ordered with; to give its answers up, delete {self._journal.path}."
            ) from None
        finally:
            self._run_budget.release(order.aside)

    async def _create(self, order: Order) -> Batch:
        """Make the batch; a try whose reply was lost may have made it."""
        tries = 0

        async def once() -> Batch:
            nonlocal tries
            tries += 1
            found = await self._server.batch_of(order) if tries > 1 else None
            return found or await self._server.create(order)

        return await self._retrying(once)

    async def _collect(self, order: Order, sent: Mapping[str, int]) -> BatchOutcome:
        """Wait for the end of a batch, keep its answers and pay for them."""
        batch = await self._end_of(order)
        lines = await self._retrying(lambda: self._server.answers(batch))
        answers, failures = {}, {}
        for line in lines:
            error = failure_of(line)
            if error is None:
                answers[line["custom_id"]] = line["response"]["body"]
            else:
                failures[line["custom_id"]] = error
        unkept = {key: answer for key, answer in answers.items() if not self._keep(key, answer)}
        self._pay(self._journal.orders[order.id], answers, sent)
        return BatchOutcome(ModelUnavailable(reason_of(batch)), answers, failures, unkept, is_too_much(batch))

    async def _end_of(self, order: Order) -> Batch:
        pause, missed, batch_id = min(SOONEST, self._poll), 0, str(order.batch_id)
        while True:
            try:
                batch = await self._retrying(lambda: self._server.look(batch_id))
            except ModelUnavailable as error:
                missed += 1
                if missed == MOST_FAILED_POLLS:
                    raise
                logger.warning("Batch %s is looked at again later: %s", batch_id, error)
            else:
                missed, counted = 0, batch.request_counts
                answered, failed = (counted.completed, counted.failed) if counted else (0, 0)
                order = self._journal.note(order, status=batch.status, answered=answered, failed=failed, synced=False)
                if batch.status in ENDED:
                    return batch
            await asyncio.sleep(pause)
            pause = min(pause * SLOWER, self._poll)

    def _pay(self, order: Order, answers: Mapping[str, ResponseBody], sent: Mapping[str, int]) -> None:
        """Pay for the answers that were not paid for before a kill; their order is that of the server's files."""
        order = self._journal.note(order, paid_from=self._run_budget.calls) if order.paid_from is None else order
        used = [(key, _used(answer)) for key, answer in answers.items()]
        counted = [(key, paid) for key, paid in used if paid.input_tokens or paid.output_tokens]
        for key, paid in counted[max(0, self._run_budget.calls - (order.paid_from or 0)) :]:
            self._run_budget.pay(paid, sent.get(key))
        self._journal.note(order, over=True)


def _used(answer: ResponseBody) -> CallUsage:
    paid = CallUsage()
    paid.take(usage_in(answer))
    return paid
