"""A small server that speaks /v1/chat/completions, well and badly, on a thread of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def completion(content: str | None = "hello", finish: str = "stop", **message: Any) -> dict[str, Any]:
    """An answer of the server."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice], "usage": USAGE}


def failure(
    status: int, message: str = "no", code: str | None = None, param: str | None = None, **headers: str
) -> Reply:
    """An error of the server."""
    body = {"error": {"message": message, "code": code, "type": code, "param": param}}
    return lambda handler: send(handler, status, json.dumps(body).encode(), **headers)


def tool_call(arguments: str, name: str = "look_up", index: int = 0) -> dict[str, Any]:
    """A tool call as the server sends it."""
    return {"index": index, "id": f"id{index}", "type": "function", "function": {"name": name, "arguments": arguments}}


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
    """Send a whole reply; `length` may promise more than there is."""
    handler.send_response(status)
    for name, value in {"Content_Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)


def stream(*deltas: dict[str, Any], finish: str | None = "stop", pause: float = 0.0, done: bool = True) -> Reply:
    """A streamed answer; without `finish` and `done` it breaks off."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny"}
        choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices += [{"index": 0, "delta": {}, "finish_reason": finish}] if finish else []
        frames = [{**frame, "choices": [choice]} for choice in choices]
        frames += [{**frame, "choices": [], "usage": USAGE}] if done else []
        for one in frames:
            handler.wfile.write(f"data: {json.dumps(one)}\n\n".encode())
            handler.wfile.flush()
            time.sleep(pause)
        if done:
            handler.wfile.write(b"data: [DONE]\n\n")

    return reply


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.connection.close()


def html(handler: BaseHTTPRequestHandler) -> None:
    """Answer like a web site."""
    send(handler, 200, b"<html>hello</html>", Content_Type="text/html")


def truncated(handler: BaseHTTPRequestHandler) -> None:
    """Send the first half of an answer as if it were all."""
    body = json.dumps(completion()).encode()
    send(handler, 200, body[: len(body) // 2])


def stalled(seconds: float) -> Reply:
    """Say nothing for a while."""
    return lambda handler: time.sleep(seconds)


Reply = Callable[[BaseHTTPRequestHandler], None]


class ChatServer:
    """Gives the replies of a queue in order, the last one again and again; remembers the requests."""

    def __init__(self) -> None:
        self.queue: list[Reply | dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Give the next reply."""
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.requests.append(json.loads(body))
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        self.times.append(time.monotonic())
        reply = self.queue.pop(0) if len(self.queue) > 1 else self.queue[0]
        if callable(reply):
            reply(handler)
        else:
            send(handler, 200, json.dumps(reply).encode())


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                server.answer(self)
            except (BrokenPipeError, ConnectionResetError, ValueError):
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


CLAIMS: dict[str, list[str]] = {"statements": ["Baricitinib regrew hair.", "It cures all."]}
VERDICTS = {"statements": [{"statement": s, "reason": "r", "verdict": v} for v, s in enumerate(CLAIMS["statements"])]}


def judging(server: ChatServer, *, claims: Any = CLAIMS) -> None:
    """Let the server judge: of two claims that it finds in every rationale, it holds the second for true."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        text = json.dumps(server.requests[-1]["messages"])
        made = VERDICTS if "verdict" in text else claims
        send(handler, 200, json.dumps(completion(json.dumps(made))).encode())

    server.queue = [reply]
