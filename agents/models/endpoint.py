"""One server as all calls of an event loop reach it: its connections, its pace and the purse that pays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kedrec.agents.models.pacing import Pacer
from kedrec.agents.models.purse import Paid, Purse
from kedrec.errors import RateLimited

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["Endpoint", "connect"]

CONNECTIONS = 2048
"""Most of them, and most that are kept open for the next call."""
BYTES_PER_TOKEN = 4
"""Of ordinary English; for the pace only."""


class Endpoint:
    """What the calls to one server share.

    Args:
        client: the connections.
        pacer: the pace.
        purse: what pays; None where nobody counts.
    """

    def __init__(self, client: AsyncOpenAI, pacer: Pacer, purse: Purse | None) -> None:
        self.client, self._pacer, self._purse = client, pacer, purse

    @asynccontextmanager
    async def turn(self, sent: int, most_received: int) -> AsyncIterator[Paid]:
        """Wait until a call may be made, and hold its place until it is answered.

        Args:
            sent: bytes of the request.
            most_received: tokens that the answer may have.

        Raises:
            BudgetSpent: the call could cost more than is left.
        """
        expected = sent // BYTES_PER_TOKEN + most_received // 4
        async with self._pacer.turn(expected), self._paying(sent) as paid:
            try:
                yield paid
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


def connect(base_url: str, api_key: str, timeout: float) -> AsyncOpenAI:
    """Connections to a server; to be closed on the event loop that used them."""
    from httpx2 import Limits
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    limits = Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    http = DefaultAsyncHttpxClient(limits=limits, timeout=timeout)
    return AsyncOpenAI(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0, http_client=http)
