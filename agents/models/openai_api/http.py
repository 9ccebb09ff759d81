"""Connections to one OpenAI-compatible server: answers over aiohttp, files and batches through the `openai` package.

For a whole answer that package, with its HTTP client, takes 1.8 ms of processor time a call, of which a run of a
hundred thousand questions makes half a million; aiohttp takes 0.35 ms.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from kedrec.agents.models.openai_api.errors_and_retry import error_within, status_error
from kedrec.agents.models.openai_api.messages import ResponseBody
from kedrec.agents.models.openai_api.streams import events_in
from kedrec.characters import mended

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientResponse, ClientSession
    from openai import AsyncOpenAI

__all__ = ["Connections"]

KEPT_SECONDS = 4.0
"""How long a connection is kept unused; common servers close theirs after five, just when the next call is sent."""
_FROM_ENVIRONMENT = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}


class Connections:
    """What sends the calls of one event loop.

    Args:
        base_url: address of the server.
        api_key: the key.
        timeout: seconds that the `openai` package waits; who posts has a limit of their own.
    """

    def __init__(self, base_url: str, api_key: str, timeout: float) -> None:
        self._address, self._key, self._timeout = base_url.rstrip("/"), api_key, timeout

    async def post(self, request: dict[str, Any]) -> ResponseBody | str:
        """Ask for a whole answer.

        Args:
            request: in the server's form.

        Returns:
            The answer's JSON, or its text where it is none and the server does not call it JSON.

        Raises:
            openai.APIStatusError: the server refused.
            aiohttp.ClientError, OSError: it could not be reached, or dropped the connection.
            ValueError: what it calls JSON is none.
        """
        async with self._asked(request) as response:
            return await _whole(response)

    async def stream(self, request: dict[str, Any]) -> AsyncGenerator[Any]:
        """Ask for an answer in pieces.

        Args:
            request: in the server's form.

        Yields:
            The JSON of each piece, or of the whole answer where the server sends it at once; None at the server's word
            that it is done.

        Raises:
            openai.APIStatusError, aiohttp.ClientError, OSError, ValueError: as for a whole answer.
        """
        async with self._asked(request) as response:
            if not response.ok or response.content_type != "text/event-stream":
                yield await _whole(response)
                return
            async for event in events_in(response.content.iter_any()):
                yield _sound(event, dict(response.headers))

    def _asked(self, request: dict[str, Any]) -> AbstractAsyncContextManager[ClientResponse]:
        sent = json.dumps(request, separators=(",", ":")).encode("ascii")
        return self._session.post(f"{self._address}/chat/completions", data=sent, proxy=self._proxy)

    @cached_property
    def client(self) -> AsyncOpenAI:
        """The client of the `openai` package, for files and batches."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(api_key=self._key, base_url=self._address, timeout=self._timeout, max_retries=0)

    @cached_property
    def _session(self) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, TCPConnector

        connector = TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS, ssl=self._tls)
        # The headers of the `openai` package; a password in the address replaces the key, as there.
        known = {name: os.environ[variable] for name, variable in _FROM_ENVIRONMENT.items() if variable in os.environ}
        key = {} if urlsplit(self._address).username else {"Authorization": f"Bearer {self._key}"}
        return ClientSession(
            connector=connector,
            headers={"Content-Type": "application/json", "User-Agent": "kedrec", **known, **key},
            timeout=ClientTimeout(total=None),
        )

    @property
    def _tls(self) -> ssl.SSLContext | bool:
        """The authorities that the `openai` package trusts; reading them takes 40 ms."""
        if not self._address.startswith("https:"):
            return True
        from httpx2 import create_ssl_context

        return create_ssl_context()

    @cached_property
    def _proxy(self) -> str | None:
        """What the environment names for this address."""
        address = urlsplit(self._address)
        found = getproxies()
        return None if proxy_bypass(address.netloc) else found.get(address.scheme) or found.get("all")

    async def __aenter__(self) -> Connections:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if "_session" in self.__dict__:
            await self._session.close()
        if "client" in self.__dict__:
            await self.client.close()


async def _whole(response: ClientResponse) -> ResponseBody | str:
    content = _content(response, await response.read())
    if not response.ok:
        raise status_error(response.status, content, dict(response.headers))
    sound: ResponseBody | str = _sound(content, dict(response.headers))
    return sound


def _sound(content: Any, headers: Mapping[str, str]) -> Any:
    """What the server sent, unless it is an error that came as an answer.

    Raises:
        openai.APIStatusError: where it is.
    """
    error = error_within(content, headers)
    if error is not None:
        raise error
    return mended(content)


def _content(response: ClientResponse, said: bytes) -> ResponseBody | str:
    """JSON, by whatever name; text where it is none, unless a whole answer calls itself JSON."""
    try:
        content: ResponseBody = json.loads(said)
    except ValueError:
        if response.ok and response.content_type.endswith("json"):
            raise
        return said.decode("utf-8", "replace").strip()
    return content
