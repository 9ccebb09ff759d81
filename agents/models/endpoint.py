"""One server as all calls of an event loop reach it: its connections, its pace and the purse that pays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.pacing import Pacer
from kedrec.agents.models.purse import Paid, Purse
from kedrec.errors import RateLimited

if TYPE_CHECKING:
    import ssl

    from openai import AsyncOpenAI

__all__ = ["Connections", "Endpoint"]

CALLS_EACH = 2
"""Calls that one client has in flight, and so connections that it keeps."""
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
    async def turn(self, request: Mapping[str, Any], most_received: int) -> AsyncIterator[tuple[AsyncOpenAI, Paid]]:
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
                with self._connections.one() as client:
                    yield client, paid
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


class Connections:
    """Clients of one server, each for a few calls at once: the time that a client's pool takes grows with its size.

    Args:
        base_url: address of the server.
        api_key: the key.
        timeout: seconds.
    """

    def __init__(self, base_url: str, api_key: str, timeout: float) -> None:
        self._address, self._key, self._timeout = base_url, api_key, timeout
        self._calls: dict[AsyncOpenAI, int] = {}

    @contextmanager
    def one(self) -> Iterator[AsyncOpenAI]:
        """A client that has room for another call."""
        client = next((client for client, calls in self._calls.items() if calls < CALLS_EACH), None) or self._another()
        self._calls[client] += 1
        try:
            yield client
        finally:
            self._calls[client] -= 1

    def _another(self) -> AsyncOpenAI:
        from httpx2 import Limits
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        limits = Limits(max_connections=CALLS_EACH, max_keepalive_connections=CALLS_EACH)
        http = DefaultAsyncHttpxClient(limits=limits, timeout=self._timeout, verify=self._tls)
        client = AsyncOpenAI(
            api_key=self._key, base_url=self._address, timeout=self._timeout, max_retries=0, http_client=http
        )
        self._calls[client] = 0
        return client

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: it takes 40 ms."""
        from httpx2 import create_ssl_context

        return create_ssl_context()

    async def __aenter__(self) -> Connections:
        return self

    async def __aexit__(self, *exception: object) -> None:
        for client in self._calls:
            await client.close()
