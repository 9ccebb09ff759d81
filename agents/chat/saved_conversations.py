"""Conversations kept in SQLite, so that one can be resumed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.agents.chat.conversation import Reply, Topic
from kedrec.records import in_brackets

if TYPE_CHECKING:
    from langchain_community.chat_message_histories import SQLChatMessageHistory
    from sqlalchemy import Engine

    from kedrec.agents.chat.from_last_answer import TopicAnswer

__all__ = ["ChatHistory"]

_TOPIC = "kedrec_topic"


class ChatHistory:
    """The messages of a conversation, in LangChain's SQL history.

    Args:
        folder: where `history.sqlite` is; made where missing.
        conversation: id of the conversation; the last one of the folder where None.
    """

    def __init__(self, folder: Path, conversation: str | None) -> None:
        from sqlalchemy import create_engine

        folder.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{folder / 'history.sqlite'}")
        self.conversation = conversation or _last(self._engine) or ""
        self._messages = _history(self._engine, self.conversation)

    def begin(self, conversation: str) -> None:
        """Begin another conversation; the former stays."""
        self.conversation = conversation
        self._messages = _history(self._engine, conversation)

    def add(self, text: str, reply: Reply, topic: Topic) -> None:
        """Keep a message, its reply, and what the conversation is about after it."""
        from langchain_core.messages import AIMessage, HumanMessage

        kept = {_TOPIC: topic.model_dump(mode="json"), "trace_id": reply.trace_id}
        self._messages.add_messages([HumanMessage(text), AIMessage(spoken(reply), additional_kwargs=kept)])

    def topic(self) -> Topic:
        """What the conversation was about when it was left."""
        said = [message for message in self._messages.messages if _TOPIC in message.additional_kwargs]
        return Topic.model_validate(said[-1].additional_kwargs[_TOPIC]) if said else Topic()

    def texts(self) -> list[tuple[str, str]]:
        """Who said what, in order: `human` or `ai`, and the text."""
        return [(message.type, str(message.content)) for message in self._messages.messages]

    def close(self) -> None:
        """Close the file."""
        self._messages.session_maker.remove()  # type: ignore[union-attr]
        self._engine.dispose()


def spoken(reply: Reply) -> str:
    """A reply as plain text."""
    if reply.kind == "question":
        return reply.text
    if reply.kind == "topic":
        return "\n".join(map(_topic, reply.topics))
    recommendation = reply.recommendation
    if recommendation is None:
        return ""
    names = {drug.id: drug.name for drug in recommendation.candidates}
    head = names.get(recommendation.choice or "", recommendation.undecided)
    return "\n".join([head, *(f"{one.text} {in_brackets(one.citations)}" for one in recommendation.sentences)])


def _topic(topic: TopicAnswer) -> str:
    said = f"{topic.answer.text} {in_brackets(topic.answer.citations)}".rstrip()
    return f"{topic.heading}\n{said}" if topic.title else said


def _history(engine: Engine, conversation: str) -> SQLChatMessageHistory:
    from langchain_community.chat_message_histories import SQLChatMessageHistory

    return SQLChatMessageHistory(conversation, connection=engine)


def _last(engine: Engine) -> str | None:
    """The conversation that was spoken in last."""
    from sqlalchemy import inspect, text

    if not inspect(engine).has_table("message_store"):
        return None
    with engine.connect() as connection:
        row = connection.execute(text("SELECT session_id FROM message_store ORDER BY id DESC LIMIT 1")).first()
    return str(row[0]) if row else None
