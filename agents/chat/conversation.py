"""A conversation: what it is about, what a follow-up means, and the answers, each one a trace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from kedrec.agents.agent import Query
from kedrec.agents.chat.asking_back import is_yes, name_chosen
from kedrec.agents.chat.aspects import (
    LISTED,
    NOT_FOUND,
    NOT_RULED_OUT,
    Looked,
    effect_asked,
    limits_of,
    look_up,
    told_of_harm,
)
from kedrec.agents.chat.aspects.drug_facts import uses_of
from kedrec.agents.chat.follow_up_meaning import (
    asks_on,
    asks_why_not,
    completes,
    drugs_meant,
    is_harm,
    merged,
    said_absent,
)
from kedrec.agents.chat.from_last_answer import (
    answer_on,
    reasons,
    said_missing,
    sources,
    telling,
    told_overall,
    topics_in,
)
from kedrec.agents.chat.intents.wanted import SAID, TOPICS, Intent, Wanted
from kedrec.agents.chat.left_out import narrowing
from kedrec.agents.chat.naming.class_members import with_members
from kedrec.agents.chat.naming.doubtful_names import with_doubt
from kedrec.agents.chat.query_builder import query_for, without_failed
from kedrec.agents.chat.question_parser import Understanding
from kedrec.agents.chat.question_parser_llm import understand_question
from kedrec.agents.chat.turns import Reply, Topic
from kedrec.agents.workflow.graph import said_left_out
from kedrec.errors import error_named
from kedrec.graphdb.names.other_names import read_as
from kedrec.records import SIDE_EFFECT, Corpora, Entity, Match, Recommendation

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.workflow.events import Listener
    from kedrec.records import Trace

    Planned = tuple[Query, "Topic", Wanted, tuple[str, ...]]
    """What a message asks the agent, what the conversation is about once that is answered, and notes."""

__all__ = ["PERSONAL", "Conversation", "Reply", "Topic"]

_ELSE = re.compile(
    r"\b(?:else|others?|another|alternatives?|instead|besides|substitut\w*|replac\w*|options?)\b", re.IGNORECASE
)
_OVERALL = ("clinical_evidence", "safety", "against")
"""Domain questions that are answered of another drug where none was asked."""
PERSONAL = "This is what is written in general; what suits you or someone close to you, a doctor or pharmacist can say."
"""Said beside an answer to a question about somebody's own treatment."""
NOTHING_YET = "There is no answer yet that could be explained or cited. Ask about drugs for a disease first."
NOTHING_OFFERED = "Nothing was asked back. Ask on, of the last answer or of another disease."


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
        self.understood: Understanding | None = None

    def reply(self, text: str, on_event: Listener | None = None) -> Reply:
        """Answer a message.

        A disease without drugs keeps the drugs ("and for psoriasis?"), drugs without a disease keep the disease ("and
        compared with methotrexate?"), a topic alone is about the drug in focus ("what about its safety?"), a harm or a
        group of people about the drugs that were weighed ("which has fewer infections?", "in pregnancy?"). The topic of
        the conversation changes only when there is an answer, or a question back about what was understood.

        Raises:
            KedrecError: what ended the run: `WorkError` where it failed.
            UserError: where the question cannot be answered as asked.
        """
        planned = self._plan(text)
        return planned if isinstance(planned, Reply) else self._told(planned, self._agent.run(planned[0], on_event))

    async def areply(self, text: str, on_event: Listener | None = None) -> Reply:
        """Answer a message like `reply`, and leave the event loop free meanwhile; cancelling it stops the run."""
        planned = await asyncio.to_thread(self._plan, text)
        if isinstance(planned, Reply):
            return planned
        trace = await self._agent.arun(planned[0], on_event)
        return await asyncio.to_thread(self._told, planned, trace)

    def _plan(self, text: str) -> Reply | Planned:
        """What is said at once, or what the agent has to be asked first."""
        understood, notes = self._understood(text)
        self.understood = understood
        named = (*understood.drugs, *([understood.disease] if understood.disease else []))
        notes = (*notes, *read_as(named))
        if (said := self._at_once(understood, notes)) or (said := self._on_last(understood, notes)):
            return said
        if effect := self._agent.reads_weighing and effect_asked(understood, self._agent.resources.store):
            return self._contest(understood, effect, notes)
        whole = without_failed(merged(understood, self.topic))
        if whole.ask_back:
            return self._asked_back(understood, whole, notes)
        if whole.wanted.together and whole.disease is None:
            return self._together(whole, notes)
        if self._needs_lists(whole) and (alone := self._together(whole, notes, together=False)).topics:
            return alone
        notes = (*notes, *said_absent(whole, self.topic))
        query, added = query_for(self._agent, whole, self._setting)
        return query, self.topic.after(whole), whole.wanted, (*notes, *self._personal(whole.wanted), *added)

    def _needs_lists(self, whole: Understanding) -> bool:
        """Whether it is about drugs in no disease: several, or one of which the graph states no use."""
        if whole.disease is not None or whole.intent not in LISTED:
            return False
        drugs = [drug.entity for drug in whole.drugs if drug.entity]
        return len(drugs) > 1 or (len(drugs) == 1 and not uses_of(self._agent, drugs[0]))

    def _contest(self, asked: Understanding, effect: Entity, notes: tuple[str, ...]) -> Planned:
        """What the agent is asked where drugs are compared by a side effect."""
        ids = tuple(drug.entity.id for drug in asked.drugs if drug.entity)
        query = Query(disease=effect.id, candidates=ids, setting=self._setting, text=asked.text)
        return query, Topic(drugs=asked.drugs, intent="causes"), asked.wanted, (*notes, *self._personal(asked.wanted))

    def _understood(self, text: str) -> tuple[Understanding, tuple[str, ...]]:
        """What a message names; the number of something that was asked back counts as its name."""
        understood, notes = understand_question(self._agent, name_chosen(text, self.topic.unclear))
        known, told = with_members(self._agent, self._setting, with_doubt(self._agent, understood))
        return known, (*notes, *told)

    def _at_once(self, new: Understanding, notes: tuple[str, ...]) -> Reply | None:
        """What is said without looking anything up; None where something has to be."""
        if new.intent == "restart":
            self.topic = Topic()
        if new.intent in SAID or new.intent == "out_of_scope":
            return Reply(kind="question", notes=notes, text=new.ask_back or SAID.get(new.intent, ""))
        named = bool(new.drugs or new.disease or new.unclear)
        waits = not (named or new.intent in {"citation", "explain"} or completes(new, self.topic))
        if (self.topic.pending and waits) or (not self.topic.pending and is_yes(new.text)):
            return Reply(kind="question", notes=notes, text=self.topic.pending or NOTHING_OFFERED)
        asks_choice = new.intent == "choose" and not (named or _ELSE.search(new.text))
        asks_choice = asks_choice and self.topic.recommendation is not None and not self.topic.earlier
        if new.intent not in {"citation", "explain"} and not (asks_choice or asks_why_not(new, self.topic)):
            return None
        last, evidence = self.topic.recommendation, self.topic.evidence
        if last is None and not evidence:
            return Reply(kind="question", notes=notes, text=NOTHING_YET)
        if new.intent == "citation":
            return self._sources(new, notes, last)
        told = reasons(last, plain=new.wanted.plain) if last else ()
        return Reply(
            kind="topic", notes=notes, recommendation=last, topics=told, trace_id=last.trace_id if last else None
        )

    def _sources(self, new: Understanding, notes: tuple[str, ...], last: Recommendation | None) -> Reply:
        evidence = self.topic.evidence
        topics, missing = sources(new.wanted.keys, evidence), said_missing(new.wanted.keys, evidence)
        if not topics:
            return Reply(kind="question", notes=notes, text=missing)
        notes = (*notes, missing) if missing else notes
        more = {key: self.topic.more[key] for key in new.wanted.keys if key in self.topic.more}
        trace = last.trace_id if last else None
        return Reply(kind="topic", notes=notes, recommendation=last, topics=topics, evidence=more, trace_id=trace)

    def _on_last(self, new: Understanding, notes: tuple[str, ...]) -> Reply | None:
        """What is said of the drugs of the last answer; None where the message goes elsewhere."""
        last, about = self.topic.recommendation, asks_on(new, self.topic)
        if last is None and self.topic.drugs and self.topic.disease is None and new.wanted.about and not new.drugs:
            return self._together(
                new.model_copy(update={"drugs": self.topic.drugs}), notes, together=new.wanted.together
            )
        if last is None or about is None:
            return None
        drugs = drugs_meant(new, self.topic, last, about)
        keys = topics_in(new.text) or TOPICS.get(new.intent, ())[:1]
        if not about and not keys:
            keys, about = self.topic.asked or (() if self.topic.about else _OVERALL), self.topic.about
        if about and set(keys) <= {"safety", "against"}:
            keys = ()
        other = new.disease.entity if new.disease and new.intent in {"safety", "causes"} else None
        harmful = other if other is not None and other.id != last.disease.id and not is_harm(new) else None
        looked = self._looked(drugs, about, last.disease, harmful=harmful)
        if harmful and any(one.answer.citations for one in looked.topics):
            looked = looked._replace(topics=tuple(one for one in looked.topics if one.answer.citations))
        said = [one for drug in drugs for one in answer_on(last, drug.id, keys)]
        if new.intent == "safety" and not (about or harmful or any(one.answer.citations for one in said)):
            beyond = self._looked(drugs, (), None, lists="safety")
            if any(one.answer.citations for one in beyond.topics):
                looked, said = beyond, []
        if not (said or looked.topics):
            return None
        self.topic = self.topic.model_copy(
            update={"focus": tuple(drug.id for drug in drugs), "asked": keys, "about": about,
                    "more": {**self.topic.more, **looked.evidence}}
        )  # fmt: skip
        left_out = () if about else said_left_out(new.left_out)
        told = (*notes, *self._personal(new.wanted), *limits_of(looked, drugs, new.text), *left_out)
        return Reply(kind="topic", notes=told, recommendation=last, topics=(*looked.topics, *said),
                     evidence=looked.evidence, trace_id=last.trace_id)  # fmt: skip

    def _looked(
        self,
        drugs: Sequence[Entity],
        about: Sequence[str],
        disease: Entity | None,
        *,
        together: bool = False,
        harmful: Entity | None = None,
        lists: Intent | None = None,
    ) -> Looked:
        if not (about or together or harmful or lists):
            return Looked()
        return look_up(self._agent, self._setting, drugs, about, disease=disease, together=together, harmful=harmful,
                       lists=lists, known=self.topic.evidence)  # fmt: skip

    def _together(self, whole: Understanding, notes: tuple[str, ...], *, together: bool = True) -> Reply:
        """What is said of drugs where no disease is named, taken together where that is asked: no choice is made."""
        drugs = tuple(drug.entity for drug in whole.drugs if drug.entity)
        self.topic = Topic(drugs=whole.drugs, intent=whole.intent)
        lists = None if together else whole.intent
        looked = self._looked(drugs, whole.wanted.about, None, together=together, lists=lists)
        self.topic = self.topic.model_copy(update={"more": looked.evidence})
        told = (*notes, *self._personal(whole.wanted), *limits_of(looked, drugs, ""))
        return Reply(kind="topic", notes=told, topics=looked.topics, evidence=looked.evidence)

    def _personal(self, wanted: Wanted) -> tuple[str, ...]:
        return (PERSONAL,) if wanted.personal else ()

    def _asked_back(self, new: Understanding, whole: Understanding, notes: tuple[str, ...]) -> Reply:
        """Ask, again where a reply names nothing; what was understood stays, so that a short reply completes it."""
        told = whole.ask_back or ""
        if new.disease or new.drugs or new.unclear:
            known = {"disease": whole.disease, "drugs": whole.drugs, "unclear": new.unclear, "intent": whole.intent,
                     "about": whole.wanted.about}  # fmt: skip
            self.topic = self.topic.model_copy(update={**known, "pending": told})
        return Reply(kind="question", notes=notes, text=self.topic.pending or told)

    def _told(self, planned: Planned, trace: Trace) -> Reply:
        """What a run came to; from now on the conversation is about that."""
        query, topic, wanted, notes = planned
        if trace.recommendation is None:
            raise error_named(trace.failure["type"], f"{trace.failure['message']} (trace {trace.id})")
        made = trace.recommendation
        if made.disease.kind == SIDE_EFFECT:
            self.topic = topic.model_copy(update={"more": made.evidence})
            return Reply(kind="topic", notes=(*notes, NOT_RULED_OUT), topics=told_of_harm(made), evidence=made.evidence,
                         trace_id=trace.id)  # fmt: skip
        disease = topic.disease or Match(query=made.disease.id, match="exact", entity=made.disease)
        keys = TOPICS.get(topic.intent, ())
        self.topic = topic.model_copy(
            update={"recommendation": made, "disease": disease, "asked": keys, "about": wanted.about}
        )
        harmful = made.disease if topic.harm and not wanted.together else None
        lists = topic.intent if topic.assumed and topic.intent in {"use", "safety"} else None
        ill = None if lists == "safety" else made.disease
        looked = self._looked(made.candidates, wanted.about, ill, together=wanted.together, harmful=harmful,
                              lists=lists)  # fmt: skip
        self.topic = self.topic.model_copy(update={"more": looked.evidence})
        said = [one for drug in made.candidates for one in telling(answer_on(made, drug.id, keys))]
        found = any(one.answer.citations for one in looked.topics)
        said = [one for one in said if one.answer.citations or not found]
        beside = (said or found) and topic.intent not in {"choose", "list"}
        kind: Literal["topic", "recommendation"] = "topic" if beside else "recommendation"
        overall = told_overall(made) if said and len(made.candidates) > 1 and not topic.harm else ()
        limits = limits_of(looked, made.candidates, trace.question.get("text") or "")
        if topic.intent in {"safety", "causes"} and not (found or any(one.answer.citations for one in said)):
            limits = tuple(dict.fromkeys((*limits, NOT_FOUND)))
        narrower = narrowing(query.left_out or (), query.text or "") if kind == "topic" else ()
        unsaid = [phrase for phrase in narrower if not any(phrase in one.answer.text for one in said)]
        limits = (*limits, *said_left_out(unsaid))
        return Reply(kind=kind, notes=(*notes, *overall, *limits), recommendation=made, topics=(*looked.topics, *said),
                     evidence=looked.evidence, trace_id=trace.id)  # fmt: skip
