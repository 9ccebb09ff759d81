"""What a run tells while it goes on: for progress bars and for streaming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from kedrec.records import Record

__all__ = ["STEPS", "Event", "Listener"]

STEPS = {
    "resolve": "understanding the names", "gather": "gathering evidence", "investigate": "looking further",
    "use_tools": "looking further", "answer": "answering the domain questions", "decide": "deciding",
    "check": "checking the rationale", "repair": "mending the rationale", "finish": "writing it down",
}  # fmt: skip
"""Node of the graph -> what is going on while it works, for people who wait."""


class Event(Record):
    """One thing that happened in a run."""

    kind: Literal["step_started", "step_finished", "tool_called", "model_called", "token"]
    """What happened."""
    step: str
    """Node of the graph in which it happened."""
    text: str = ""
    """Name of the tool or model, or the piece of text that the model wrote."""
    seconds: float = 0.0
    """How long it took; 0 for what has only begun."""


Listener = Callable[[Event], None]
"""Gets every event, in the thread that runs the graph."""
