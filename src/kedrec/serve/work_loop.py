"""Where questions are worked on: a thread with an event loop of its own, so that the server always answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from kedrec.errors import Overloaded, TookTooLong

__all__ = ["Limits", "WorkLoop"]

T = TypeVar("T")
ENDING = "The server is ending, so the work was stopped. Ask again when it is back."
SPARE = 4
"""Threads beside one for each question."""


@dataclass(frozen=True)
class Limits:
    """How much work is taken on."""

    at_once: int = 4
    """Questions worked on side by side."""
    waiting: int = 16
    """Questions that may wait for that; more are turned away."""
    seconds: float = 300.0
    """For one question, waiting included."""


class WorkLoop:
    """Works on questions within limits; whoever stops waiting for one stops the work on it.

    Args:
        limits: how much is taken on.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._taken, self._ending = limits, 0, False
        self._free = asyncio.Semaphore(limits.at_once)
        self._loop = asyncio.new_event_loop()
        self._beside = ThreadPoolExecutor(limits.at_once + SPARE, thread_name_prefix="beside")
        self._loop.set_default_executor(self._beside)  # else as few as the processors ask for would wait for a model
        self._thread = threading.Thread(target=self._loop.run_forever, name="questions", daemon=True)
        self._thread.start()

    @property
    def taken(self) -> int:
        """Questions in work or waiting."""
        return self._taken

    async def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do a piece of work; cancelling this stops it.

        Raises:
            Overloaded: where too much is going on already, or the server ends.
            TookTooLong: where it takes too long.
        """
        most = self._limits.at_once + self._limits.waiting
        if self._taken >= most:
            raise Overloaded(f"{most} questions are in work or waiting already. Try again in a few seconds.")
        self._taken += 1
        try:
            async with asyncio.timeout(self._limits.seconds) as scope, self._free:
                if self._ending:
                    raise Overloaded(ENDING)
                return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))
        except asyncio.CancelledError:
            waiting = asyncio.current_task()
            if not self._ending or (waiting is not None and waiting.cancelling()):
                raise
            raise Overloaded(ENDING) from None
        except TimeoutError as error:
            if not scope.expired():
                raise
            told = f"No answer within {self._limits.seconds:g} seconds, so the work was stopped."
            raise TookTooLong(
                f"{told} Ask for fewer drugs or a smaller setting, or start the server with more --seconds."
            ) from error
        finally:
            self._taken -= 1

    def end(self) -> None:
        """Stop what is in work and take on no more: whoever waits for it is told so."""
        self._ending = True
        with suppress(RuntimeError):  # closed before
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])

    def close(self) -> None:
        """Stop all work."""
        if self._loop.is_closed():
            return
        self._beside.shutdown(wait=False, cancel_futures=True)
        asyncio.run_coroutine_threadsafe(_stop_all(), self._loop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()


async def _stop_all() -> None:
    """Cancel what is in work on this loop, and end the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    loop.stop()
