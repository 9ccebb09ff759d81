"""When the steps and calls of a run were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from kedrec.records import ModelCall, ToolCall, Trace

__all__ = ["TimedCall", "TimedRun", "TimedStep", "timed"]


@dataclass(frozen=True)
class TimedCall:
    """One call, and when it was."""

    number: int
    """From 1, as `kedrec trace show` counts."""
    call: ModelCall | ToolCall
    """The call."""
    start: datetime
    """When it began."""
    end: datetime
    """When it was done."""
    derived: bool
    """Whether its beginning is not recorded, and taken for the end of the call before it."""


@dataclass(frozen=True)
class TimedStep:
    """Calls that one step of the graph made, one after the other or side by side."""

    number: int
    """From 1."""
    name: str
    """Node of the graph."""
    calls: tuple[TimedCall, ...]
    """At least one."""

    @property
    def start(self) -> datetime:
        """When its first call began."""
        return min(timed.start for timed in self.calls)

    @property
    def end(self) -> datetime:
        """When its last call was done."""
        return max(timed.end for timed in self.calls)


@dataclass(frozen=True)
class TimedRun:
    """A run and its steps."""

    start: datetime
    """When it began."""
    end: datetime
    """When it was done."""
    steps: tuple[TimedStep, ...]
    """In order."""


def timed(trace: Trace) -> TimedRun:
    """When everything was.

    A trace holds when the run ended, how long it took and when in it each call began. A call without a beginning (taken
    over by a fork, or recorded by an early version) is laid behind the call before it, and says so.
    """
    end = datetime.fromisoformat(trace.created).astimezone(UTC)
    start = end - timedelta(seconds=trace.seconds)
    calls: list[TimedCall] = []
    for number, call in enumerate(trace.calls, 1):
        derived = call.started is None
        before = calls[-1].end if calls else start
        begun = before if call.started is None else start + timedelta(seconds=call.started)
        calls.append(TimedCall(number, call, begun, begun + timedelta(seconds=call.seconds), derived))
    grouped = groupby(calls, lambda item: item.call.step)
    steps = tuple(TimedStep(at, name, tuple(group)) for at, (name, group) in enumerate(grouped, 1))
    return TimedRun(start, max([end, *(step.end for step in steps)]), steps)
