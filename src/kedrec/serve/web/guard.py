"""What stands before all that HTTP brings: who may ask, from which page, how much, and how long that may take."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kedrec.serve.access.keys import ASKER, EVERYONE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kedrec.serve.access.keys import Keys
    from kedrec.serve.access.rates import Rates

__all__ = ["CLOSED", "Guard", "Refusal", "refused"]

MOST_BYTES = 64 * 1024
"""Of a request's body."""
MOST_BYTES_OF_A_CHAT = 1024 * 1024
"""Of a request that brings all that was said before."""
MOST_DEEP = 16
"""Levels of a request's JSON."""
_TEXT = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
"""A text of JSON, also one that does not end: so none is looked at twice."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
SECONDS_TO_SEND = 10.0
"""In which a request's body must have come."""
CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What a browser may do with an answer that is no page."""
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
OPEN_TO_ALL = frozenset({"/health", "/ready"})
"""Paths that need no key and are not counted."""
LOGIN = 'Basic realm="KEDRec: any user name, and the key as the password", charset="UTF-8"'


class Refusal(Exception):
    """A request that is not let through.

    Args:
        status: HTTP status.
        kind: name of the error.
        message: what was found and what to do.
        wait: seconds after which it may come again.
    """

    def __init__(self, status: int, kind: str, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.wait = status, kind, message, wait


class Guard:
    """Lets through what comes to a known host name, from our own pages or from no page, with the key where one is set.

    Args:
        app: gets what is let through.
        hosts: names under which the server is reached, in small letters.
        keys: one of which everybody must send; None where none is asked for.
        rates: how often each may ask; None for no limit.
    """

    def __init__(
        self, app: ASGIApp, hosts: Iterable[str], keys: Keys | None = None, rates: Rates | None = None
    ) -> None:
        self._app, self._hosts, self._keys, self._rates = app, frozenset(hosts), keys, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        try:
            self._check(scope)
            body = await _body(receive, _most(scope)) if scope["method"] != "GET" else b""
        except Refusal as refusal:
            return await refused(refusal, _guarded(send), as_openai=scope["path"].startswith("/v1/"))
        return await self._app(scope, _again(body, receive), _guarded(send))

    def _check(self, scope: Scope) -> None:
        given = _headers(scope)
        if _name_of(given.get("host", "")) not in self._hosts:
            told = "This server is not known by that name. Start it with --allow-host NAME to answer there."
            raise Refusal(421, "UnknownHost", told)
        _check_origin(scope, given)
        if scope["path"] not in OPEN_TO_ALL:
            self._check_asker(scope, given)
        if scope["method"] == "POST":
            _check_type(given, _most(scope))

    def _check_asker(self, scope: Scope, given: Mapping[str, str]) -> None:
        """Who asks is known by a key, else by the address: so nobody can try keys at any speed."""
        name = self._keys.name_of(given.get("authorization", "")) if self._keys is not None else EVERYONE
        address = (scope.get("client") or ("",))[0]
        asker = f"address {address}" if self._keys is None or name is None else f"key {name}"
        wait = self._rates.wait(asker) if self._rates is not None else 0.0
        if wait > 0:
            raise Refusal(429, "TooMany", f"Too many requests. Send the next in {wait:.1f} seconds.", wait)
        if name is None:
            told = "Send the key as 'Authorization: Bearer KEY', or as a password for any user."
            raise Refusal(401, "KeyNeeded", told)
        ASKER.set(name)


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; one that was sent twice counts as neither."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        found[key] = f"{found[key]}, {value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found


def _name_of(host: str) -> str:
    """The name in a Host header, without the port."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def _check_origin(scope: Scope, given: Mapping[str, str]) -> None:
    """Refuse what another site's page sends: of its links only those that lead a person to a page of ours count."""
    site = given.get("sec-fetch-site", "none")
    led = given.get("sec-fetch-mode") == "navigate" and given.get("sec-fetch-dest") == "document"
    led = led and scope["method"] == "GET" and not scope["path"].startswith(("/api", "/mcp", "/v1"))
    origin = given.get("origin")
    ours = origin is None or origin.lower() in {f"{scheme}://{given['host'].lower()}" for scheme in ("http", "https")}
    if not ours or (site not in ("none", "same-origin") and not led):
        raise Refusal(403, "OtherSite", "A page of another site may not ask this server.")


def _most(scope: Scope) -> int:
    """Bytes that the body of a request may have."""
    return MOST_BYTES_OF_A_CHAT if scope["path"].startswith("/v1/") else MOST_BYTES


def _check_type(given: Mapping[str, str], most: int) -> None:
    if "transfer-encoding" not in given and given.get("content-length", "0") == "0":
        return
    if given.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "NotJson", "Send JSON, with 'Content-Type: application/json'.")
    length = given.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise _too_large(most)


async def _body(receive: Receive, most: int) -> bytes:
    """The whole body, if it is small, comes in time and is not too deep."""
    try:
        async with asyncio.timeout(SECONDS_TO_SEND):
            body = await _whole(receive, most)
    except TimeoutError:
        raise Refusal(408, "TooSlow", f"The request did not come within {SECONDS_TO_SEND:g} seconds.") from None
    if _depth(body) > MOST_DEEP:
        raise Refusal(400, "TooDeep", f"The JSON has more than {MOST_DEEP} levels.")
    return body


async def _whole(receive: Receive, most: int) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _depth(body: bytes) -> int:
    """How many lists and objects stand in one another."""
    deepest = depth = 0
    for byte in _TEXT.sub(b"", body).translate(None, _NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _too_large(most: int) -> Refusal:
    return Refusal(413, "TooLarge", f"A request may have {most // 1024} KiB.")


def _again(body: bytes, receive: Receive) -> Receive:
    """What the app receives: the body that was read already, then whatever comes."""
    told = False

    async def give() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def _guarded(send: Send) -> Send:
    """What an answer goes through: it gets the headers that keep browsers from doing more with it than showing it."""

    async def pass_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.decode("latin-1").lower() for name, _ in message["headers"]}
            more = {**ALWAYS, "content-security-policy": CLOSED}
            added = [(name.encode(), value.encode()) for name, value in more.items() if name not in there]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return pass_on


async def refused(refusal: Refusal, send: Send, *, as_openai: bool = False) -> None:
    """Answer with a refusal; with the fields that OpenAI's errors have besides where that is asked for."""
    more = {"param": None, "code": refusal.kind} if as_openai else {}
    body = json.dumps({"error": {"type": refusal.kind, "message": refusal.message, **more}}).encode()
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refusal.wait is not None:
        headers.append((b"retry-after", str(math.ceil(refusal.wait)).encode()))
    if refusal.status == 401:
        headers.append((b"www-authenticate", LOGIN.encode()))
    start: dict[str, Any] = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
