"""The conversations that the server remembers, in memory: how many, and which one it forgets first."""

from __future__ import annotations

from collections import OrderedDict

from kedrec.agents.chat.conversation import Topic

__all__ = ["FORGOTTEN", "KeptConversations"]

MOST_CONVERSATIONS = 200
"""Conversations that are remembered; the one without a message for longest is forgotten first."""
FORGOTTEN = "The conversation is not known here any more; the question was taken by itself."


class KeptConversations:
    """What each conversation is about, by its name."""

    def __init__(self) -> None:
        self._topics: OrderedDict[str, Topic] = OrderedDict()

    def topic(self, name: str) -> Topic | None:
        """What a conversation is about; None if it is unknown or forgotten."""
        return self._topics.get(name)

    def keep(self, name: str, topic: Topic) -> None:
        """Remember what a conversation is about."""
        self._topics[name] = topic
        self._topics.move_to_end(name)
        while len(self._topics) > MOST_CONVERSATIONS:
            self._topics.popitem(last=False)
