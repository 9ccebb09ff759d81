"""A conversation: what it is about, what a follow-up means, and the answers, each one a trace."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Literal

from kedrec.agents.chat.follow_ups import TopicAnswer, answer_on, topics_in
from kedrec.agents.chat.intents import ABOUT_ONE, TOPICS, Intent
from kedrec.agents.chat.query_builder import query_for
from kedrec.agents.chat.question_parser import WHAT_TO_AVOID, Understanding
from kedrec.agents.chat.question_parser_llm import understand_question
from kedrec.agents.workflow.graph import said_left_out
from kedrec.errors import WorkError
from kedrec.records import Corpora, Match, Recommendation, Record

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent, Query
    from kedrec.agents.workflow.events import Listener
    from kedrec.records import Trace

    Planned = tuple[Query, "Topic", tuple[str, ...]]
    """What a message asks the agent, what the conversation is about once that is answered, and notes."""

__all__ = ["Conversation", "Reply", "Topic"]

_AFRESH = re.compile(
    r"\b(?:best|which|recommend\w*|options?|top|what (?:drugs?|treatments?|can|could|should|helps?|works?))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*(?:the )?(?:(\d)|(first|second|third))(?: one)?[.!]?\s*", re.IGNORECASE)
_ORDINALS = {"first": 1, "second": 2, "third": 3}


class Topic(Record):
    """What a conversation is about."""

    disease: Match | None = None
    """The disease."""
    drugs: tuple[Match, ...] = ()
    """The drugs that were named."""
    recommendation: Recommendation | None = None
    """The last answer."""
    unclear: tuple[Match, ...] = ()
    """What was asked back last."""
    intent: Intent = "choose"
    """What the last question wanted."""


class Reply(Record):
    """What is said to one message."""

    kind: Literal["recommendation", "topic", "question"]
    """A new answer, a side of the last answer, or a question back."""
    notes: tuple[str, ...] = ()
    """How the message was taken."""
    recommendation: Recommendation | None = None
    """The answer, or the one that the topics are from."""
    topics: tuple[TopicAnswer, ...] = ()
    """Answers to domain questions."""
    text: str = ""
    """The question back."""
    trace_id: str | None = None
    """The trace that it rests on."""


class Conversation:
    """Keeps the topic of a conversation and answers its messages.

    Args:
        agent: answers.
        setting: which corpora are used.
        topic: where to go on from.
    """

    def __init__(self, agent: Agent, setting: Corpora, topic: Topic | None = None) -> None:
        self._agent, self._setting = agent, setting
        self.topic = topic or Topic()

    def reply(self, text: str, on_event: Listener | None = None) -> Reply:
        """Answer a message.

        A disease without drugs keeps the drugs ("and for psoriasis?"), drugs without a disease keep the disease ("and
        compared with methotrexate?"), a topic alone is about the chosen drug ("what about its safety?"). The topic of
        the conversation changes only when there is an answer, or a question back about what was understood.

        Raises:
            WorkError: where the run failed.
            UserError: where the question cannot be answered as asked.
        """
        planned = self._plan(text)
        return planned if isinstance(planned, Reply) else self._told(planned, self._agent.run(planned[0], on_event))

    async def areply(self, text: str, on_event: Listener | None = None) -> Reply:
        """Answer a message like `reply`, and leave the event loop free meanwhile; cancelling it stops the run."""
        planned = await asyncio.to_thread(self._plan, text)
        if isinstance(planned, Reply):
            return planned
        return self._told(planned, await self._agent.arun(planned[0], on_event))

    def _plan(self, text: str) -> Reply | Planned:
        """What is said at once, or what the agent has to be asked first."""
        understood, notes = self._understood(text)
        topics = topics_in(text)
        last = self.topic.recommendation
        beyond = understood.intent == "out_of_scope"
        if topics and not beyond and last is not None and understood.disease is None and not understood.unclear:
            drug = self._drug_meant(understood, last)
            if drug is not None and (said := answer_on(last, drug, topics)):
                told = (*notes, *said_left_out(understood.left_out))
                return Reply(kind="topic", notes=told, recommendation=last, topics=said, trace_id=last.trace_id)
        merged = self._merged(understood)
        if merged.ask_back:
            return self._asked_back(understood, merged, notes)
        query, added = query_for(self._agent, merged, self._setting)
        return query, Topic(disease=merged.disease, drugs=merged.drugs, intent=merged.intent), (*notes, *added)

    def _understood(self, text: str) -> tuple[Understanding, tuple[str, ...]]:
        """What a message names; the number of something that was asked back counts as its name."""
        choice = _NUMBER.fullmatch(text)
        options = [option for match in self.topic.unclear for option in _options(match)]
        if choice and options:
            number = int(choice.group(1) or _ORDINALS[choice.group(2).lower()])
            if 1 <= number <= len(options):
                text = options[number - 1]
        return understand_question(self._agent, text)

    def _drug_meant(self, understood: Understanding, last: Recommendation) -> str | None:
        """The drug that a topic is asked about: the one named, if it was weighed, else the chosen one."""
        weighed = {drug.id for drug in last.candidates}
        named = [drug.entity.id for drug in understood.drugs if drug.entity]
        if named:
            return named[0] if named[0] in weighed and len(named) == 1 else None
        return last.favoured or last.candidates[0].id

    def _merged(self, new: Understanding) -> Understanding:
        """A message completed by what the conversation is about."""
        unclear = new.ask_back if new.unclear or new.ask_back == WHAT_TO_AVOID else None
        disease = new.disease or self.topic.disease
        drugs = self._drugs(new)
        beyond = new.ask_back if new.intent == "out_of_scope" else None
        ask = beyond or unclear or (None if disease and (new.disease or new.drugs) else new.ask_back)
        return new.model_copy(update={"disease": disease, "drugs": drugs, "ask_back": ask})

    def _drugs(self, new: Understanding) -> tuple[Match, ...]:
        former = self.topic.drugs
        if len(new.drugs) == 1 and new.intent in ABOUT_ONE[1:]:
            return new.drugs
        if new.disease is not None:
            afresh = bool(new.drugs) or _AFRESH.search(new.text) is not None
            return new.drugs if afresh else former
        if new.drugs and (self.topic.unclear or self.topic.recommendation is None):
            return _joined(former, new.drugs)
        if len(new.drugs) != 1:
            return new.drugs or former
        return (*self._kept(new.drugs[0]), *new.drugs)

    def _kept(self, new: Match) -> tuple[Match, ...]:
        """The drug that a new one is compared with: the chosen one, or the first one named."""
        last = self.topic.recommendation
        chosen = next((drug for drug in last.candidates if drug.id == last.favoured), None) if last else None
        kept = Match(query=chosen.id, match="exact", entity=chosen) if chosen else next(iter(self.topic.drugs), None)
        if kept is None or kept.entity is None or (new.entity and kept.entity.id == new.entity.id):
            return ()
        named = next((drug for drug in self.topic.drugs if drug.entity and drug.entity.id == kept.entity.id), kept)
        return (named,)

    def _asked_back(self, new: Understanding, merged: Understanding, notes: tuple[str, ...]) -> Reply:
        """Ask; what was understood so far stays, so that a short reply completes it."""
        if new.intent != "out_of_scope" and (new.disease or new.drugs or new.unclear):
            known = {"disease": merged.disease, "drugs": merged.drugs, "unclear": new.unclear}
            self.topic = self.topic.model_copy(update=known)
        return Reply(kind="question", notes=notes, text=merged.ask_back or "")

    def _told(self, planned: Planned, trace: Trace) -> Reply:
        """What a run came to; from now on the conversation is about that."""
        _, topic, notes = planned
        if trace.recommendation is None:
            error = trace.error or {"message": "the run ended without an outcome"}
            raise WorkError(f"{error['message']} (trace {trace.id})")
        made = trace.recommendation
        disease = topic.disease or Match(query=made.disease.id, match="exact", entity=made.disease)
        self.topic = topic.model_copy(update={"recommendation": made, "disease": disease})
        said = answer_on(made, made.candidates[0].id, TOPICS.get(topic.intent, ())) if len(made.candidates) == 1 else ()
        if said:
            return Reply(kind="topic", notes=notes, recommendation=made, topics=said, trace_id=trace.id)
        return Reply(kind="recommendation", notes=notes, recommendation=trace.recommendation, trace_id=trace.id)


def _joined(former: tuple[Match, ...], new: tuple[Match, ...]) -> tuple[Match, ...]:
    """Both, each drug once."""
    return tuple({drug.entity.id: drug for drug in (*former, *new) if drug.entity}.values())


def _options(match: Match) -> list[str]:
    """Ids that a number may choose among."""
    return [alternative.id for alternative in match.alternatives] or ([match.entity.id] if match.entity else [])
