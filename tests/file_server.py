"""A file server on loopback that misbehaves on request, for the tests of fetching."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["FileServer", "serving"]


class FileServer(ThreadingHTTPServer):
    """Serves `content` under every path; each request first takes the next of `faults`, if any is left."""

    daemon_threads = True
    content = b""
    etag = '"one"'
    modified = ""
    ranges = True
    """Whether it honours Range."""
    checks_if_range = True
    """Whether it looks at If-Range before it does."""
    says_length = True
    faults: list[object]
    """An int: that status; `cut:N`, `stall:N`: after N bytes of the body; None: none."""
    requests: list[dict[str, str]]
    """The headers of each request."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FileServer

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        server = self.server
        server.requests.append(dict(self.headers))
        fault = server.faults.pop(0) if server.faults else None
        if isinstance(fault, int):
            return self._refuse(fault)
        start = self._start()
        if start > len(server.content):
            return self._refuse(416)
        return self._send(start, str(fault or ""))

    def _start(self) -> int:
        asked = self.headers.get("Range", "")
        current = self.headers.get("If-Range") in {self.server.etag, self.server.modified}
        if not asked or not self.server.ranges or (self.server.checks_if_range and not current):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, start: int, fault: str) -> None:
        server, whole = self.server, self.server.content
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        for name, value in (("ETag", server.etag), ("Last-Modified", server.modified)):
            if value:
                self.send_header(name, value)
        if server.says_length:
            self.send_header("Content-Length", str(len(whole) - start))
        self.end_headers()
        kind, _, after = fault.partition(":")
        self.wfile.write(whole[start : start + int(after)] if after else whole[start:])
        self.wfile.flush()
        if kind == "stall":
            self.server.stop.wait(20)
        self.close_connection = bool(kind) or not server.says_length


@contextmanager
def serving(content: bytes, **traits: object) -> Iterator[FileServer]:
    """A server of this content in a thread of its own.

    Args:
        content: the file.
        traits: attributes of `FileServer`.
    """
    server = FileServer(("127.0.0.1", 0), _Handler)
    server.content, server.faults, server.requests, server.stop = content, [], [], threading.Event()
    for name, value in traits.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
