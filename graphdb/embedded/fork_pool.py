"""Searches for many at once, in forks of this process: one process keeps one processor busy at most."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, TypeVar

from kedrec.errors import WorkError
from kedrec.processors import processors

__all__ = ["side_by_side"]

Argument = TypeVar("Argument")
Result = TypeVar("Result")

WORTH_FORKS = 1_000
"""Searches from which on forks are worth their time."""
PART = 100
"""Searches that a fork is given at once."""

_search: ContextVar[Callable[[Any], Any]] = ContextVar("_search")
"""What this fork searches with."""


@contextmanager
def side_by_side(search: Callable[[Argument], Result], asked: Sequence[Argument]) -> Iterator[Iterator[Result]]:
    """Make searches, many of them in as many forks as there are processors; no fork is left afterwards.

    A fork sees all that this process has in memory, so that nothing is opened again. It is made on Linux only, and must
    do nothing that another thread may have been in the middle of: numpy's searches and Python's own types do not.

    Args:
        search: what is to be done; what it returns must be picklable.
        asked: what it is called with, each picklable.

    Yields:
        What each search finds, in order.

    Raises:
        WorkError: a fork was killed.
    """
    if len(asked) < WORTH_FORKS or processors() < 2 or sys.platform != "linux":
        yield map(search, asked)
        return
    forks, context = min(processors(), -(-len(asked) // PART)), multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(forks, context, initializer=_begin, initargs=(search,))
    try:
        yield _found(pool, search, asked)
    except BrokenProcessPool:
        raise WorkError(f"A process that made a part of {len(asked):,} searches was killed.") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _found(
    pool: ProcessPoolExecutor, search: Callable[[Argument], Result], asked: Sequence[Argument]
) -> Iterator[Result]:
    """What the forks will find; where the system has no process left to give, what is found here."""
    try:
        with _all_forks_or_none(), _without_warning():
            return pool.map(_searched, asked, chunksize=PART)
    except OSError:
        return map(search, asked)


@contextmanager
def _all_forks_or_none() -> Iterator[None]:
    """End the forks that were made where not all could be: the pool does not know of them, and they would wait."""
    before = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for fork in set(multiprocessing.active_children()) - before:
            fork.kill()
            fork.join()
        raise


def _begin(search: Callable[[Any], Any]) -> None:
    """Take over what to search with; Ctrl-C is the business of the process that forked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _search.set(search)


def _end_with_parent() -> None:
    """End when the process that forked has gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


def _searched(one: Any) -> Any:
    return _search.get()(one)


@contextmanager
def _without_warning() -> Iterator[None]:
    """Python warns of every fork beside threads, those that numpy keeps for its products included."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        yield
