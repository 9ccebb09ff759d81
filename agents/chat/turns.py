"""What a conversation says to a message, and what it keeps for the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.agents.chat.intents.wanted import Intent
from kedrec.records import Evidence, Match, Recommendation, Record

if TYPE_CHECKING:
    from kedrec.agents.chat.question_parser import Understanding

__all__ = ["Reply", "Topic"]


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


class Topic(Record):
    """What a conversation is about."""

    disease: Match | None = None
    """The disease."""
    drugs: tuple[Match, ...] = ()
    """The drugs that were named."""
    without: tuple[Match, ...] = ()
    """Drugs that are not to be weighed."""
    recommendation: Recommendation | None = None
    """The last answer."""
    unclear: tuple[Match, ...] = ()
    """What was asked back last."""
    harm: bool = False
    """Whether the disease is one in which harm of the drugs is asked about, and not one that they are to treat."""
    pending: str = ""
    """The question that was asked back last and is not answered yet."""
    intent: Intent = "choose"
    """What the last question wanted."""
    focus: tuple[str, ...] = ()
    """Ids of the drugs that the last reply was about."""
    asked: tuple[str, ...] = ()
    """Domain questions that were asked last."""
    about: tuple[str, ...] = ()
    """Groups of people and harms that were asked about last."""
    assumed: bool = False
    """Whether the disease was not named, and taken as what the drug is used for."""
    earlier: tuple[Match, ...] = ()
    """The one drug that the question before was about, in the same disease."""
    more: dict[str, Evidence] = {}  # noqa: RUF012 - never changed
    """Evidence that was looked up beyond the last answer's."""

    def after(self, whole: Understanding) -> Topic:
        """Return what the conversation is about from a message on.

        Args:
            whole: the message, completed by what the conversation was about.
        """
        # Whether harm is asked about of one drug or class in a disease, or still of several after that.
        same = self.harm and whole.disease == self.disease
        several = len(whole.drugs) > 1 and not (same or whole.group)
        of_harm = whole.disease is not None and whole.intent in {"safety", "causes"} and not several
        # The drug that was asked about before a question of the same about another.
        ill = None if self.assumed else self.disease
        unchanged = (ill and ill.entity) == (whole.disease and whole.disease.entity)
        other = unchanged and len(self.drugs) == len(whole.drugs) == 1 and self.drugs != whole.drugs
        return Topic(
            disease=whole.disease,
            drugs=whole.drugs,
            without=whole.without,
            intent=whole.intent,
            assumed=whole.disease is None,
            earlier=self.drugs if other else (),
            harm=of_harm,
        )

    @property
    def evidence(self) -> dict[str, Evidence]:
        """All evidence that has a key in the conversation."""
        return {**(self.recommendation.evidence if self.recommendation else {}), **self.more}
