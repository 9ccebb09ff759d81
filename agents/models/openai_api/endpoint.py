"""One server as all calls of an event loop reach it: its connections, its pace and the purse that pays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from kedrec.agents.models.openai_api.http import Connections
from kedrec.agents.models.openai_api.rate_limit import Pacer
from kedrec.agents.models.openai_api.run_budget import Paid, Purse
from kedrec.errors import RateLimited

__all__ = ["Endpoint"]

BYTES_PER_TOKEN = 4
"""Of ordinary English; for the pace only."""


class Endpoint:
    """What the calls to one server share.

    Args:
        connections: to the server.
        pacer: the pace.
        purse: what pays; None where nobody counts.
    """

    def __init__(self, connections: Connections, pacer: Pacer, purse: Purse | None) -> None:
        self._connections, self._pacer, self._purse = connections, pacer, purse
        self._loop = asyncio.get_running_loop()

    @property
    def here(self) -> bool:
        """Whether this is the event loop that its connections belong to."""
        return asyncio.get_running_loop() is self._loop

    @asynccontextmanager
    async def turn(self, request: Mapping[str, Any], most_received: int) -> AsyncIterator[tuple[Connections, Paid]]:
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
    async def _paying(self, sent: int) -> AsyncIterator[Paid]:
        if self._purse is None:
            yield Paid()
            return
        async with self._purse.paying(sent) as paid:
            yield paid
