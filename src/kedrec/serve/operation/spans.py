"""Sends runs to an OpenTelemetry collector, as the spans that `kedrec trace export --otel` writes."""

from __future__ import annotations

import json
import logging
import queue
import threading

import httpx

from kedrec.agents.trace_export.otel import otlp
from kedrec.agents.trace_export.sanitize import clean_trace
from kedrec.config import Settings
from kedrec.records import Trace
from kedrec.redaction import Redactor

__all__ = ["SpanSender"]

MOST_WAITING = 1000
"""Runs that wait to be sent; more are left out, and the log says so."""
SECONDS = 10.0
"""For one request to the collector."""
LOG = logging.getLogger("kedrec.serve")


class SpanSender:
    """Sends runs from a thread of its own; a collector that does not answer keeps no question waiting.

    Args:
        address: of the collector, such as http://127.0.0.1:4318/v1/traces.
        settings: hold the secrets that must not be sent.
    """

    def __init__(self, address: str, settings: Settings) -> None:
        self._address, self._redactor = address, Redactor(settings)
        self._waiting = queue.Queue[Trace | None](MOST_WAITING)
        self._thread = threading.Thread(target=self._send_all, name="spans", daemon=True)
        self._thread.start()

    def hear(self, asker: str, trace: Trace) -> None:
        """Take a run to be sent."""
        try:
            self._waiting.put_nowait(trace)
        except queue.Full:
            LOG.warning("%s is too slow; the spans of %s are left out", self._address, trace.id)

    def close(self) -> None:
        """Send what waits, if that does not take long, and end."""
        try:
            self._waiting.put(None, timeout=SECONDS)
        except queue.Full:
            return
        self._thread.join(SECONDS)

    def _send_all(self) -> None:
        with httpx.Client(timeout=SECONDS, headers={"content-type": "application/json"}) as client:
            while (trace := self._waiting.get()) is not None:
                self._send(client, trace)

    def _send(self, client: httpx.Client, trace: Trace) -> None:
        body = json.dumps(otlp(clean_trace(trace, self._redactor)), ensure_ascii=False).encode("utf-8", "replace")
        try:
            client.post(self._address, content=body).raise_for_status()
        except httpx.HTTPError as error:
            LOG.warning("The spans of %s were not taken by %s: %s", trace.id, self._address, error)
