"""One server as all calls of an event loop reach it: its connections, its pace and the budget that pays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import wait
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from kedrec.agents.models.openai_api.http import Connections
from kedrec.agents.models.openai_api.rate_limit import Pacer
from kedrec.agents.models.openai_api.run_budget import CallUsage, RunBudget
from kedrec.errors import ConfigError, RateLimited

__all__ = ["Endpoint", "Endpoints"]

T = TypeVar("T")
STOPPED_AFTER = 1.0
"""Seconds after which a thread that waits looks whether the event loop still runs."""
BYTES_PER_TOKEN = 4
"""Of ordinary English; for the pace only."""


class Endpoint:
    """What the calls to one server share.

    Args:
        connections: to the server.
        pacer: the pace.
        run_budget: what pays; None where nobody counts.
    """

    def __init__(self, connections: Connections, pacer: Pacer, run_budget: RunBudget | None) -> None:
        self._connections, self._pacer, self._run_budget = connections, pacer, run_budget

    def pays_from(self, run_budget: RunBudget) -> bool:
        """Whether this is the budget that pays."""
        return self._run_budget is run_budget

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.__aexit__()

    @asynccontextmanager
    async def turn(
        self, request: Mapping[str, Any], most_received: int
    ) -> AsyncIterator[tuple[Connections, CallUsage]]:
        """Wait until a call may be made, and hold its place until it is answered.

        Args:
            request: what is to be sent.
            most_received: tokens that the answer may have.

        Yields:
            What to send it with, and where to say what it used.

        Raises:
            BudgetSpent: the call could cost more than is left.
        """
        sent = len(json.dumps(request["messages"]))
        expected = sent // BYTES_PER_TOKEN + most_received // 4
        async with self._pacer.turn(expected), self._paying(sent) as paid:
            try:
                yield self._connections, paid
            except RateLimited as error:
                self._pacer.turned_away(error.retry_after)
                raise
            self._pacer.answered(expected, paid.input_tokens + paid.output_tokens)

    @asynccontextmanager
    async def _paying(self, sent: int) -> AsyncIterator[CallUsage]:
        if self._run_budget is None:
            yield CallUsage()
            return
        async with self._run_budget.paying(sent) as paid:
            yield paid


class _Shared:
    """An endpoint, and how many use it just now."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint, self.users = endpoint, 0


class Endpoints:
    """The endpoint of each event loop: who comes first opens it, who leaves last closes it."""

    def __init__(self) -> None:
        self._of_loop: dict[asyncio.AbstractEventLoop, _Shared] = {}

    @property
    def here(self) -> Endpoint | None:
        """That of this event loop, where somebody uses one."""
        shared = self._of_loop.get(asyncio.get_running_loop())
        return shared.endpoint if shared else None

    def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do work for a thread that waits for it.

        That is on the one event loop where an endpoint is used, so that its connections serve this call too; on one
        made for it where there is none or this thread is the loop's own.
        """
        loops = list(self._of_loop)
        if len(loops) != 1 or asyncio._get_running_loop() is not None:
            from anyio.from_thread import start_blocking_portal

            with start_blocking_portal() as portal:
                made: T = portal.call(work)
                return made
        doing = asyncio.run_coroutine_threadsafe(work(), loops[0])
        while not doing.done() and loops[0].is_running():
            wait([doing], STOPPED_AFTER)
        return doing.result(0)

    @asynccontextmanager
    async def using(self, opened: Callable[[], Endpoint], run_budget: RunBudget | None) -> AsyncIterator[None]:
        """Use that of this event loop.

        Args:
            opened: opens one, where nobody has yet.
            run_budget: what is to pay; None for whatever pays already.

        Raises:
            ConfigError: another budget pays on this event loop.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._of_loop:
            self._of_loop[loop] = _Shared(opened())
        shared = self._of_loop[loop]
        if run_budget is not None and not shared.endpoint.pays_from(run_budget):
            raise ConfigError("Two runs cannot share one model on one event loop. Open a model for each.")
        shared.users += 1
        try:
            yield
        finally:
            shared.users -= 1
            if not shared.users:
                del self._of_loop[loop]
                await shared.endpoint.close()
