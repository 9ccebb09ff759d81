"""One file over HTTP into a part file that the next try, or the next process, continues.

A part is only resumed where the server vouches that it is still the same file: by a strong ETag or by a date of
change, sent as `If-Range` and compared with what comes back (RFC 9110, sections 13.1.5 and 14).
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.errors import UserError, WorkError
from kedrec.retry_after import TRANSIENT, retry_after

if TYPE_CHECKING:
    import httpx

__all__ = ["UNKNOWN", "DownloadRetryPolicy", "NotOffered", "OnBytes", "OnNote", "download", "drop_part"]

OnBytes = Callable[[str, int, int], None]
"""Called with the file's name, how many bytes are there, and how many there will be (`UNKNOWN` where nobody says)."""
OnNote = Callable[[str], None]
"""Called with a choice and its reason, in words."""

UNKNOWN = -1
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
LONGEST_WAIT = 60.0
NO_WAY = {errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH}


@dataclass(frozen=True)
class DownloadRetryPolicy:
    """How long to wait for a server, and how often to try again."""

    stall: float = 30.0
    """Seconds without a byte after which a connection is given up."""
    tries: int = 5
    """Tries in a row that bring nothing new before it is given up."""
    pause: float = 1.0
    """Seconds before the second try; doubled for each further one."""


@dataclass(frozen=True)
class Promise:
    """What a server said of the file when the part was begun."""

    address: str
    validator: str
    """Strong ETag or date of change; empty where it gave neither, and then the part cannot be resumed."""
    total: int
    """Bytes of the whole file; `UNKNOWN` where it did not say, and then only the end of the answer tells."""


class NotOffered(WorkError):
    """The server does not give the file, and will not however often it is asked."""


class _TryAgain(Exception):
    """This try failed; another may not."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


def download(address: str, part: Path, patience: DownloadRetryPolicy, on_bytes: OnBytes, on_note: OnNote) -> None:
    """Bring a file into its part file, going on with what is there; returns when the part is whole.

    Args:
        address: `http://` or `https://`.
        part: the part file; what was promised of it stands beside it.
        patience: how long and how often to try.
        on_bytes: called for each piece.
        on_note: called with each choice and its reason, in words.

    Raises:
        NotOffered: a refusal: 404, 403 and the like, or an answer that does not show whether it is whole.
        WorkError: it failed too often, or cannot be written; what came is kept.
        UserError: the address is none.
    """
    import httpx

    if not address.startswith(("http://", "https://")):
        raise UserError(f"{address!r} is no address to fetch from; it begins with http:// or https://")
    headers = {"Accept-Encoding": "identity"}
    try:
        with httpx.Client(timeout=patience.stall, follow_redirects=True, headers=headers) as client:
            _Transfer(client, address, part, on_bytes, on_note).persist(patience)
    except httpx.InvalidURL as error:
        raise UserError(f"{address!r} is no address to fetch from: {error}") from None


def drop_part(part: Path) -> None:
    """Remove a part and what was promised of it."""
    part.unlink(missing_ok=True)
    _promise_file(part).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Transfer:
    client: httpx.Client
    address: str
    part: Path
    on_bytes: OnBytes
    on_note: OnNote

    def persist(self, patience: DownloadRetryPolicy) -> None:
        """Try until the part is whole, or until too many tries in a row brought nothing."""
        failures = 0
        while not self._is_whole():
            had = _size(self.part)
            try:
                with _failures_explained(self.part):
                    return self._try_once()
            except _TryAgain as problem:
                failures = 1 if _size(self.part) > had else failures + 1
                if failures >= patience.tries:
                    kept = (
                        f"; {_size(self.part):,} bytes are kept, the same command goes on" if _size(self.part) else ""
                    )
                    raise WorkError(f"{self.address}: {problem}; given up after {failures} tries{kept}") from None
                wait = min(LONGEST_WAIT, max(problem.wait, patience.pause * 2 ** (failures - 1)))
                self.on_note(f"{problem}; trying again in {wait:.0f} s")
                time.sleep(wait)
        return None

    def _is_whole(self) -> bool:
        promise = _read_promise(self.part)
        return promise is not None and promise.address == self.address and promise.total == _size(self.part) > 0

    def _try_once(self) -> None:
        kept = _read_promise(self.part)
        usable = kept is not None and kept.address == self.address and kept.validator and _size(self.part)
        begun = kept if usable else None
        headers = {"Range": f"bytes={_size(self.part)}-", "If-Range": begun.validator} if begun else {}
        with self.client.stream("GET", self.address, headers=headers) as answer:
            self._check_status(answer)
            if begun and answer.status_code == 206:
                promise = self._go_on(answer, begun)
            else:
                promise = self._begin(answer, bool(begun))
            self._append(answer, promise.total)
        if promise.total not in {_size(self.part), UNKNOWN}:
            raise _TryAgain(f"{_size(self.part):,} bytes came where {promise.total:,} were promised")
        _write_promise(self.part, replace(promise, total=_size(self.part)))

    def _check_status(self, answer: httpx.Response) -> None:
        said = f"the server answers {answer.status_code} {answer.reason_phrase}".rstrip()
        if answer.status_code == 416:
            drop_part(self.part)
            raise _TryAgain("the server has fewer bytes than are here already; starting over")
        if answer.status_code in TRANSIENT:
            raise _TryAgain(said, retry_after(answer.headers.get("Retry-After", "")) or 0.0)
        if answer.status_code not in {200, 206}:
            raise NotOffered(said)

    def _go_on(self, answer: httpx.Response, promise: Promise) -> Promise:
        """Return the promise, after checking that the answer begins where the part ends, in the same file."""
        found = RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        same_file = _validator(answer) in {"", promise.validator}
        same_total = found is not None and (promise.total == UNKNOWN or found[2] in {"*", str(promise.total)})
        if found is None or int(found[1]) != _size(self.part) or not same_total or not same_file:
            drop_part(self.part)
            raise _TryAgain("the server went on with another file or at another place; starting over")
        self.on_note(f"going on after {_size(self.part):,} bytes")
        return promise

    def _begin(self, answer: httpx.Response, over: bool) -> Promise:
        length = answer.headers.get("Content-Length", "")
        ends = length.isdigit() or "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
        if answer.status_code != 200 or not ends:
            raise NotOffered("the server does not say how long the file is, so that a cut-off one would pass for whole")
        if over:
            self.on_note("starting over: the file has changed, or the server gives it only whole")
        drop_part(self.part)
        promise = Promise(self.address, _validator(answer), int(length) if length.isdigit() else UNKNOWN)
        folder = self.part.parent
        free = shutil.disk_usage(folder).free
        if free < promise.total:
            raise WorkError(
                f"{folder} has room for {free:,} bytes where {promise.total:,} are needed; make room, then again"
            )
        _write_promise(self.part, promise)
        return promise

    def _append(self, answer: httpx.Response, total: int) -> None:
        done = _size(self.part)
        with self.part.open("ab") as out:
            for piece in answer.iter_raw():
                out.write(piece)
                done += len(piece)
                self.on_bytes(self.part.stem, done, total)


@contextmanager
def _failures_explained(part: Path) -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.TimeoutException:
        raise _TryAgain("the server fell silent") from None
    except httpx.TooManyRedirects:
        raise NotOffered("it redirects in a circle") from None
    except httpx.ConnectError as error:
        if _is_unreachable(error):
            raise NotOffered(f"its server cannot be reached from here ({error}); check the network") from None
        raise _TryAgain(f"the connection failed ({error or type(error).__name__})") from None
    except httpx.TransportError as error:
        raise _TryAgain(f"the connection failed ({error or type(error).__name__})") from None
    except OSError as error:
        problem = f"{part} could not be written: {error.strerror or error}; {_size(part):,} bytes are kept"
        raise WorkError(f"{problem}; put that right and run the same command again") from error


def _is_unreachable(error: BaseException | None) -> bool:
    """Whether there is no way to a host at all: no name of it is known, or no network; waiting a second cannot help."""
    while error is not None:
        if isinstance(error, socket.gaierror) or getattr(error, "errno", None) in NO_WAY:
            return True
        error = error.__cause__ or error.__context__
    return False


def _validator(answer: httpx.Response) -> str:
    etag = str(answer.headers.get("ETag", ""))
    return etag if etag.startswith('"') else str(answer.headers.get("Last-Modified", ""))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _promise_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_promise(part: Path) -> Promise | None:
    try:
        return Promise(**json.loads(_promise_file(part).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_promise(part: Path, promise: Promise) -> None:
    _promise_file(part).write_text(json.dumps(asdict(promise)), "utf-8")
