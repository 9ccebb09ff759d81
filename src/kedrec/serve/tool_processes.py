"""Processes beside the server that call the tools: one interpreter has no time for all that many chats compute.

Everything that has to be one stays in the server: conversations, limits, budgets, counts and traces. A process opens
the home's graph and literature itself and answers what a tool finds; it ends with the server, however that ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any

from kedrec.agents.resources import Resources
from kedrec.config import Settings
from kedrec.errors import UserError
from kedrec.gc_pause import settled
from kedrec.records import Corpora, ToolResult

if TYPE_CHECKING:
    from kedrec.agents.agent import Query
    from kedrec.agents.workflow.calls import CallElsewhere

__all__ = ["ToolProcesses"]

LOG = logging.getLogger(__name__)


class ToolProcesses:
    """Calls tools over the home of the settings, nothing hidden.

    Args:
        settings: name the home.
        count: how many processes.

    Raises:
        UserError: where the settings have other sources asked as well.
    """

    def __init__(self, settings: Settings, count: int) -> None:
        if settings.live:
            told = "One process has to count the requests that PubMed and ClinicalTrials.gov allow"
            raise UserError(f"{told}: give --tool-processes without KEDREC_LIVE, or KEDREC_LIVE without it.")
        self._setting, self._count = settings.setting, count
        self._pool = ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=_begin, initargs=(settings,)
        )
        self._broken = False

    def warm(self, weigh: bool) -> None:
        """Open what the first call of each process would have to wait for.

        Args:
            weigh: whether evidence is weighed by rule.

        Raises:
            KedrecError: what kept a process from it.
        """
        opening = [self._pool.submit(_open, self._setting, weigh) for _ in range(self._count)]
        wait(opening)
        for one in opening:
            one.result()

    def for_question(self, query: Query, weigh: bool) -> CallElsewhere:
        """What calls the tools of a question."""

        async def call(name: str, arguments: dict[str, Any]) -> ToolResult | None:
            if self._broken:
                return None
            try:
                return await self._done(_call, query.setting, weigh, query.disease, name, arguments)
            except BrokenProcessPool:
                self._broken = True
                LOG.warning("A process that called tools has ended; the server calls them itself from now on.")
                return None

        return call

    async def _done(self, what: Callable[..., ToolResult], *arguments: Any) -> ToolResult:
        return await asyncio.wrap_future(self._pool.submit(what, *arguments))

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)


_SERVED: list[Settings] = []
"""Settings of the server, in a process that calls its tools."""


def _begin(settings: Settings) -> None:
    """End when the server has ended; Ctrl-C is for the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_server, daemon=True).start()
    _SERVED.append(settings)


def _end_with_server() -> None:
    server = parent_process()
    if server is not None:
        server.join()
        os._exit(0)


@cache
def _resources() -> Resources:
    return Resources.open(_SERVED[0])


def _open(setting: Corpora, weigh: bool) -> None:
    _resources().toolbox(setting, weigh=weigh)
    if weigh:
        _resources().weigher()
    settled()


def _call(setting: Corpora, weigh: bool, about: str, name: str, arguments: dict[str, Any]) -> ToolResult:
    return _resources().toolbox(setting, weigh=weigh, about=about).call(name, arguments)
