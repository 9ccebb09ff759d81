"""Output whose reader has gone, as behind `| head`: no failure, and nothing to report."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import sys
from typing import TextIO

__all__ = ["flushed", "reader_is_gone"]


def reader_is_gone(error: BaseException | None) -> bool:
    """Whether an error comes of it that nobody reads stdout or stderr any more, and not of another pipe.

    Args:
        error: what was raised; an exit that it led to tells it too.
    """
    by_library = isinstance(error, SystemExit)
    cause = error.__context__ if error is not None and by_library else error
    if not (isinstance(cause, OSError) and cause.errno == errno.EPIPE):
        return False
    return by_library or any(_is_broken(stream) for stream in (sys.__stdout__, sys.__stderr__))


def flushed() -> bool:
    """Write out what is left, and where that cannot be let nothing be tried again as the interpreter ends.

    Returns:
        False where stdout could not take all of it for another reason than a reader who has gone.
    """
    whole = True
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError as error:
            whole = whole and error.errno == errno.EPIPE
            # Point the stream at the null device.
            with contextlib.suppress(OSError, ValueError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())
                os.close(nothing)
    return whole


def _is_broken(stream: TextIO | None) -> bool:
    """Whether a stream is a pipe that nobody reads."""
    try:
        handle = -1 if stream is None else stream.fileno()
        poll = select.poll()
        poll.register(handle, select.POLLOUT)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):
        return False
