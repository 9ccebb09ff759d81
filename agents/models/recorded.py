"""A chat model that repeats the answers of a trace, for `--model replay:TRACE`."""

from __future__ import annotations

from kedrec.agents.models.scripted import ScriptedChatModel

__all__ = ["RecordedChatModel"]


class RecordedChatModel(ScriptedChatModel):
    """Gives recorded answers in order, whatever it is asked."""

    reads_weighing: bool = False
    """Whether the model recorded was offered `weigh_evidence`."""
