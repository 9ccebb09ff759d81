"""Requests to one host: at its pace, repeated where that may help, their answers kept.

Whoever asks says how an answer is read. Only an answer that could be read is kept; one that is cut off, or that is
no answer to the question (a page that says "busy", with status 200), is asked for again.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from kedrec.errors import SourceError, SourceRefused, SourceUnavailable
from kedrec.retry_after import TRANSIENT, retry_after
from kedrec.tools.live.rate_limit import RequestSpacer
from kedrec.tools.live.response_cache import Answers, name_of

if TYPE_CHECKING:
    import httpx

__all__ = ["Asker", "Host", "HttpResponse", "HttpRetryPolicy", "Unsound"]

LARGEST = 128 << 20
"""Bytes of the largest answer that is taken."""
_SHOWN = 200
_TAGS = re.compile(r"<[^>]*>")

T = TypeVar("T")


class Unsound(Exception):
    """An answer that is none: cut off, or not of the form asked for."""


@dataclass(frozen=True)
class Host:
    """A server, and how it wants to be asked."""

    name: str
    """What people call it."""
    address: str
    """What all its addresses begin with."""
    setting: str
    """The setting that holds the address."""
    per_second: float
    """Requests a second that it allows."""
    sent_along: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Fields that go with every request and are part of no address, message or name: who asks, and the key. A host
    that has any is asked by POST."""
    secret: str = field(default="", repr=False)
    """The key among them; a host that repeats it in an answer is not quoted."""


@dataclass(frozen=True)
class HttpRetryPolicy:
    """How long to wait for a server, and how often to try again."""

    stall: float = 30.0
    """Seconds without a byte after which a request is given up; one that drips is given up after four times that."""
    retries: int = 3
    """Further tries."""
    pause: float = 1.0
    """Seconds before the second try, doubled for each further one, and by chance up to half as long again."""
    longest: float = 60.0
    """Seconds; a host that asks for more than that between two tries is given up."""


@dataclass(frozen=True)
class HttpResponse(Generic[T]):
    """An answer that was read."""

    value: T
    """What it says."""
    body: bytes
    """The answer itself."""
    given: float
    """When it was given, in seconds since 1970."""
    kept: bool
    """Whether it comes from the disk."""


class _Later(Exception):
    """This try failed; another may not."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class Asker:
    """Asks one host.

    Args:
        host: The server.
        client: Sends the requests; whoever made it closes it.
        pacer: Its pace.
        answers: Where its answers are kept.
        patience: How long and how often to try.
    """

    def __init__(
        self, host: Host, client: httpx.Client, pacer: RequestSpacer, answers: Answers, patience: HttpRetryPolicy
    ) -> None:
        self.host = host
        self._client, self._pacer, self._answers, self._patience = client, pacer, answers, patience

    def ask(
        self, path: str, fields: Mapping[str, str], read: Callable[[bytes], T], *, fresh: bool = False
    ) -> HttpResponse[T]:
        """Ask, or take the kept answer.

        Args:
            path: What follows the host's address.
            fields: What is asked.
            read: Reads an answer; raises `Unsound` where it is none and `SourceError` where it says no.
            fresh: Whether to ask although an answer is kept.

        Raises:
            SourceUnavailable: every try failed, or the host asks for more patience than there is.
            SourceRefused: the host will not answer this.
        """
        address = f"{self.host.address.rstrip('/')}/{path}"
        name = name_of(address, fields)
        held = None if fresh else self._answers.find(name)
        if held is not None:
            return HttpResponse(read(held.body), held.body, held.given, kept=True)
        body, value = self._persist(address, fields, read)
        kept = self._answers.keep(name, f"{address} {dict(fields)}", body)
        return HttpResponse(value, body, kept.given, kept=False)

    def _persist(self, address: str, fields: Mapping[str, str], read: Callable[[bytes], T]) -> tuple[bytes, T]:
        """Try until an answer can be read."""
        failures = 0
        while True:
            self._pacer.wait()
            try:
                body = self._try_once(address, fields)
                return body, read(body)
            except (_Later, Unsound) as error:
                failures += 1
                self._wait(error, failures)

    def _wait(self, problem: _Later | Unsound, failures: int) -> None:
        """Wait before the next try, or give up."""
        patience, asked_for = self._patience, getattr(problem, "wait", 0.0)
        if asked_for > patience.longest:
            raise SourceUnavailable(f"{self.host.name}: {problem}; it asks to wait {asked_for:,.0f} s. Try again then.")
        if failures > patience.retries:
            raise SourceUnavailable(f"{self.host.name}: {problem}; given up after {failures} tries. Try again later.")
        if asked_for:
            self._pacer.hold_off(asked_for)
        pause = min(patience.longest, patience.pause * 2 ** (failures - 1))
        time.sleep(pause * random.uniform(1.0, 1.5))

    def _try_once(self, address: str, fields: Mapping[str, str]) -> bytes:
        import httpx

        try:
            if self.host.sent_along:
                sent = self._client.stream("POST", address, data={**fields, **self.host.sent_along})
            else:
                sent = self._client.stream("GET", address, params=dict(fields))
            with sent as answer:
                body = self._body(answer)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise SourceRefused(f"{self.host.name}: the setting `{self.host.setting}` is no address: {error}") from None
        except httpx.TimeoutException:
            raise _Later("the server fell silent") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _Later(f"the connection failed ({type(error).__name__})") from None
        if answer.status_code != 200:
            raise self._problem(answer, body)
        return body

    def _body(self, answer: httpx.Response) -> bytes:
        until, body = time.monotonic() + 4 * self._patience.stall, bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise SourceRefused(f"{self.host.name}: an answer is larger than {LARGEST >> 20} MiB; ask for less")
            if time.monotonic() > until:
                raise _Later("the server only drips")
        secret = self.host.secret.encode()
        return bytes(body).replace(secret, b"[secret]") if secret else bytes(body)

    def _problem(self, answer: httpx.Response, body: bytes) -> _Later | SourceError:
        status = answer.status_code
        said = " ".join(_TAGS.sub(" ", body[:4000].decode("utf-8", "replace")).split())[:_SHOWN]
        if status in TRANSIENT:
            limit = "it wants fewer requests" if status == 429 else "it is out of order"
            return _Later(f"{limit} (status {status})", retry_after(answer.headers.get("Retry-After", "")) or 0.0)
        if answer.is_redirect:
            target = answer.headers.get("Location", "")
            return SourceRefused(f"{self.host.name}: it has moved to {target}; set `{self.host.setting}`")
        return SourceRefused(f"{self.host.name}: status {status}{f', {said!r}' if said else ''}")
