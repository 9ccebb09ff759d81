"""Counts for Prometheus: requests, questions, calls of models and tools, tokens and cost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from kedrec.agents.traces.labels import call_model
from kedrec.records import ModelCall, Trace

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kedrec.serve.service import Service

__all__ = ["Counted", "Metrics"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Bounds of durations."""


class Metrics:
    """What a server counts; each has a registry of its own.

    Args:
        service: what is served; its questions are counted from now on.
    """

    def __init__(self, service: Service) -> None:
        self._registry = made = CollectorRegistry()
        self._requests = Counter(
            "kedrec_requests", "Requests by way, method and status.", ("route", "method", "status"), registry=made
        )
        self._seconds = Histogram(
            "kedrec_request_seconds", "Until the last byte of an answer.", ("route",), registry=made, buckets=SECONDS
        )
        self._questions = Counter("kedrec_questions", "Questions by outcome.", ("outcome",), registry=made)
        self._took = Histogram("kedrec_question_seconds", "Work on a question.", registry=made, buckets=SECONDS)
        self._calls = Counter(
            "kedrec_calls", "Calls of models and tools, by outcome.", ("kind", "name", "outcome"), registry=made
        )
        self._tokens = Counter("kedrec_tokens", "Tokens by model and direction.", ("model", "way"), registry=made)
        self._cost = Counter("kedrec_cost_usd", "US dollars by key.", ("key",), registry=made)
        self._open = Gauge("kedrec_open_requests", "Requests not yet answered, streams included.", registry=made)
        work = Gauge("kedrec_open_questions", "Questions in work or waiting.", registry=made)
        work.set_function(lambda: service.work.taken)
        service.finished.append(self.hear)

    def text(self) -> bytes:
        """All counts in Prometheus' form."""
        return generate_latest(self._registry)

    def begin(self) -> None:
        """Count a request that has come."""
        self._open.inc()

    def end(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._open.dec()
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def hear(self, asker: str, trace: Trace) -> None:
        """Count a question that was worked on."""
        made = trace.recommendation
        failed = trace.error["type"] if trace.error else "failed"
        self._questions.labels(("chosen" if made.choice else "abstained") if made else failed).inc()
        self._took.observe(trace.seconds)
        self._cost.labels(asker).inc(trace.usage.cost)
        for call in trace.calls:
            if isinstance(call, ModelCall):
                model = call_model(call, trace)
                self._calls.labels("model", model, call.error.partition(":")[0] if call.error else "answered").inc()
                self._tokens.labels(model, "sent").inc(call.usage.input_tokens)
                self._tokens.labels(model, "received").inc(call.usage.output_tokens)
            else:
                self._calls.labels("tool", call.name, call.result.status).inc()


class Counted:
    """Counts all that an application answers, what its guard refuses included.

    Args:
        app: the application.
        metrics: count.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status, begun = 500, time.perf_counter()

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.begin()
        try:
            return await self._app(scope, receive, seen)
        finally:
            self._metrics.end(_route(scope), _method(scope), status, time.perf_counter() - begun)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: Scope) -> str:
    """The method, if it is one that there is: a client must not be able to make up counts."""
    return scope["method"] if scope["method"] in METHODS else "other"


def _route(scope: Scope) -> str:
    """The way of a request with its parameters left out; `none` for what is refused or leads nowhere."""
    found = scope.get("kedrec_route") or scope.get("route")
    return str(getattr(found, "path", found or "none"))
