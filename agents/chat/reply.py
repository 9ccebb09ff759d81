"""What a conversation says to one message."""

from __future__ import annotations

from typing import Literal

from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.records import Evidence, Recommendation, Record

__all__ = ["Reply"]


class Reply(Record):
    """What is said to one message."""

    kind: Literal["recommendation", "topic", "question"]
    """A new answer, sides of an answer or what was looked up for it, or something said or asked back."""
    notes: tuple[str, ...] = ()
    """How the message was taken."""
    recommendation: Recommendation | None = None
    """The answer, or the one that the topics are from."""
    topics: tuple[TopicAnswer, ...] = ()
    """Answers to domain questions, and to what was asked beside them."""
    evidence: dict[str, Evidence] = {}  # noqa: RUF012 - never changed
    """What they cite beyond the evidence of the answer."""
    text: str = ""
    """What is said or asked back."""
    trace_id: str | None = None
    """The trace that it rests on."""

    @property
    def cited(self) -> dict[str, Evidence]:
        """All evidence by key."""
        return {**(self.recommendation.evidence if self.recommendation else {}), **self.evidence}
