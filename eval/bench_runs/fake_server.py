"""A scripted teacher behind an OpenAI-compatible server: as slow and as faulty as it is set to be.

It reads the evidence out of the prompts and quotes it, so that its answers pass the check. It knows nothing: its choice
is the hash of the question. For benchmarks, for tests of faults and for dry runs of a whole job.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.prompting.domain_questions import QUESTION_KEYS
from kedrec.eval.bench_runs.fake_batches import BatchDesk

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["FAULTS", "Teacher", "reply_to", "served"]

_EVIDENCE = re.compile(r'<evidence key="([KPT]\d+)">\n(.*?)\n</evidence>', re.DOTALL)
_LABEL = re.compile(r"^([A-J]): (.+)$", re.MULTILINE)


def reply_to(messages: list[dict[str, Any]]) -> str:
    """What the teacher writes: the word that ends an investigation, answer lines, or a decision."""
    asked = str(messages[-1]["content"])
    if "\nCHOICE: one of" in "\n".join(str(message["content"]) for message in messages if message["role"] == "user"):
        question = str(messages[1]["content"])
        labelled: list[tuple[str, str]] = _LABEL.findall(question)
        label, name = labelled[int(hashlib.sha256(question.encode()).hexdigest(), 16) % len(labelled)]
        quotes = [_quote(key, text) for key, text in _EVIDENCE.findall(question) if name.lower() in text.lower()]
        lines = "\n".join(quotes[:3]) or "- The evidence was read."
        return f"CHOICE: {label}\nCONFIDENCE: 0.7\nRATIONALE:\n{lines}"
    if "question_key |" in asked:
        return "\n".join(f"{key} | unclear | {NO_EVIDENCE}" for key in QUESTION_KEYS)
    return "enough"


def _quote(key: str, text: str) -> str:
    words = " ".join(text.split()[:60]).rstrip(".")
    return f"- {words} [{key}]."


Request = Callable[["web.Request", dict[str, Any], "Teacher"], Awaitable[Any]]
FAULTS: dict[str, Request] = {}
"""What can go wrong, by name."""


def _fault(function: Request) -> Request:
    FAULTS[function.__name__.strip("_")] = function
    return function


@_fault
async def _rate_limit(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _error(429, "rate_limit_exceeded", "slow down", {"Retry-After": "0.05"})


@_fault
async def _server_error(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _error(500, "server_error", "something broke")


@_fault
async def _dropped(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    if request.transport is not None:
        request.transport.abort()
    return _error(500, "dropped", "nobody reads this")


@_fault
async def _truncated(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    from aiohttp import web

    whole = json.dumps(teacher.completion(body))
    return web.Response(text=whole[: len(whole) // 2], content_type="application/json")


@_fault
async def _empty(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _json(teacher.completion(body, content=""))


@_fault
async def _stalled(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    await asyncio.sleep(teacher.stall)
    return _error(504, "stalled", "nobody waited for this")


@_fault
async def _wrong_tool(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _json(teacher.completion(body, content="", call=("no_such_tool", '{"x": 1}')))


@_fault
async def _broken_arguments(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _json(teacher.completion(body, content="", call=("graph_evidence", '{"disease": "Dis')))


@_fault
async def _too_long(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _error(400, "context_length_exceeded", "This model's maximum context length is 10 tokens.")


@_fault
async def _content_filter(request: web.Request, body: dict[str, Any], teacher: Teacher) -> Any:
    return _error(400, "content_filter", "The content was filtered.")


@dataclass
class Teacher:
    """What the server does.

    Attributes:
        latency: seconds before each answer.
        faults: share of the requests that go wrong, 0 to 1.
        kinds: which faults, each as likely; all by default.
        seed: of the faults.
        stall: seconds for which a stalled answer says nothing.
        per_minute: requests of a minute beyond which it answers 429; None for no limit.
    """

    latency: float = 0.0
    faults: float = 0.0
    kinds: tuple[str, ...] = tuple(FAULTS)
    seed: int = 0
    stall: float = 30.0
    per_minute: int | None = None
    counts: Counter[str] = field(default_factory=Counter)
    """Requests by what became of them."""
    in_flight: int = 0
    """Requests being answered now."""
    most_in_flight: int = 0
    """The most at once."""

    def __post_init__(self) -> None:
        self.desk = BatchDesk(self.completion)
        self._chance = random.Random(self.seed)
        self._times: list[float] = []

    async def answer(self, request: web.Request) -> Any:
        """Answer one request."""
        body = await request.json()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._over_limit():
                self.counts["over_limit"] += 1
                return _error(429, "rate_limit_exceeded", "too many requests", {"Retry-After": "0.5"})
            if self._chance.random() < self.faults:
                kind = self._chance.choice(self.kinds)
                self.counts[kind] += 1
                return await FAULTS[kind](request, body, self)
            self.counts["answered"] += 1
            await asyncio.sleep(self.latency)
            return await _stream(request, self, body) if body.get("stream") else _json(self.completion(body))
        finally:
            self.in_flight -= 1

    def _over_limit(self) -> bool:
        if self.per_minute is None:
            return False
        now = asyncio.get_running_loop().time()
        self._times = [time for time in self._times if time > now - 60]
        if len(self._times) >= self.per_minute:
            return True
        self._times.append(now)
        return False

    def completion(
        self, body: dict[str, Any], content: str | None = None, call: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """An answer in OpenAI's form."""
        text = reply_to(body["messages"]) if content is None else content
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if call:
            function = {"name": call[0], "arguments": call[1]}
            message["tool_calls"] = [{"id": "call-1", "type": "function", "function": function}]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}
        sent = sum(len(str(part["content"])) for part in body["messages"]) // 4
        usage = {"prompt_tokens": sent, "completion_tokens": len(text) // 4 + 1}
        usage["total_tokens"] = sum(usage.values())
        return {
            "id": "c1", "object": "chat.completion", "created": 1, "model": body.get("model", "teacher"),
            "choices": [choice], "usage": usage,
        }  # fmt: skip

    def app(self) -> web.Application:
        """The server's application: `/v1/chat/completions`, files and batches, and `/counts` for whoever watches."""
        from aiohttp import web

        async def counted(_: web.Request) -> Any:
            return _json({"counts": dict(self.counts), "most_in_flight": self.most_in_flight})

        made = web.Application(client_max_size=256 * 2**20)
        made.add_routes([web.post("/v1/chat/completions", self.answer), web.get("/counts", counted)])
        made.add_routes(self.desk.routes())
        return made


def _json(value: dict[str, Any]) -> Any:
    from aiohttp import web

    return web.json_response(value)


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Any:
    from aiohttp import web

    body = {"error": {"message": message, "type": code, "code": code, "param": None}}
    return web.json_response(body, status=status, headers=headers)


async def _stream(request: web.Request, teacher: Teacher, body: dict[str, Any]) -> Any:
    from aiohttp import web

    whole = teacher.completion(body)
    choice = whole["choices"][0]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    deltas = [{"role": "assistant", "content": ""}, {"content": choice["message"]["content"]}, {}]
    for number, delta in enumerate(deltas):
        end = choice["finish_reason"] if number == len(deltas) - 1 else None
        frame = {**whole, "object": "chat.completion.chunk", "usage": None}
        frame["choices"] = [{"index": 0, "delta": delta, "finish_reason": end}]
        await response.write(f"data: {json.dumps(frame)}\n\n".encode())
    usage = {**whole, "object": "chat.completion.chunk", "choices": []}
    await response.write(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())
    return response


async def served(teacher: Teacher, port: int = 0) -> tuple[web.AppRunner, str]:
    """Listen on loopback on the running event loop.

    Returns:
        What to `cleanup()`, and the address for `base_url`.
    """
    from aiohttp import web

    runner = web.AppRunner(teacher.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"


async def _serve(teacher: Teacher, port: int) -> None:
    _, url = await served(teacher, port)
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until stopped; the first line printed is the address."""
    parser = argparse.ArgumentParser(prog="python -m kedrec.eval.bench_runs.fake_server", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--faults", type=float, default=0.0, help="share of the requests that go wrong, 0 to 1")
    parser.add_argument("--kinds", nargs="*", choices=sorted(FAULTS), default=list(FAULTS), help="which faults")
    parser.add_argument("--per-minute", type=int, help="requests of a minute beyond which it answers 429")
    parser.add_argument("--stall", type=float, default=30.0, help="seconds for which a stalled answer says nothing")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    chosen = vars(parser.parse_args())
    port = chosen.pop("port")
    try:
        asyncio.run(_serve(Teacher(**{**chosen, "kinds": tuple(chosen["kinds"])}), port))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
