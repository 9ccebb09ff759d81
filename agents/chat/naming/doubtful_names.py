"""Names that the graph has for an illness while the literature means another one by them: asked back, never taken.

A synonym is doubted only where nothing in the illness's other names tells it. Letters are then read as articles spell
them out; a longer name that many articles have, and none beside another name of the illness, is doubted as well, unless
there is but one other name, which may as well be the wrong one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kedrec.agents.chat.asking_back import asked_back
from kedrec.agents.chat.question_parser import Understanding
from kedrec.errors import NotReady
from kedrec.graphdb.names.normalize import fold
from kedrec.graphdb.names.readings import fits_letters, is_abbreviation, is_told_by
from kedrec.records import Alternative, Entity, Match

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent

__all__ = ["with_doubt"]

READ = 40
"""Articles with the name that are read."""
MANY = 20
"""Articles with the name of which one should have another name of the illness, if it is one."""
TWICE = 2
"""Articles that have to spell letters out alike."""
NEVER_SO = (
    "“{query}” stands in the graph for {name} ({id}), but no article with that name speaks of it. Is it meant? "
    "If not, give another name of the illness, or its id."
)
"""Asked of a name of which no article bears out what the graph takes it for."""


def with_doubt(agent: Agent, understood: Understanding) -> Understanding:
    """Return what was understood with the disease asked back, where the graph may have the name for a wrong one.

    Args:
        agent: its literature is read.
        understood: what was understood of a message.
    """
    match = understood.disease
    if match is None or match.entity is None or match.match != "synonym" or understood.ask_back:
        return understood
    others = [name for name in (match.entity.name, *match.entity.synonyms) if fold(name) != fold(match.query)]
    if not others or is_told_by(match.query, others):
        return understood
    texts = list(_articles(agent, match.query))
    if is_abbreviation(match.query):
        other = _spelled_out(agent, match.query, texts)
        if other is None or other.id in match.entity.ids:
            return understood
        meant = match.model_copy(update={"entity": None, "alternatives": (_offered(other), _offered(match.entity))})
        return _asking(understood, meant, asked_back((meant,), (), (), ()))
    if len(others) < TWICE or len(texts) < MANY or any(name.lower() in text for text in texts for name in others):
        return understood
    meant = match.model_copy(update={"entity": None, "alternatives": (_offered(match.entity),)})
    return _asking(understood, meant, NEVER_SO.format(query=match.query, name=match.entity.name, id=match.entity.id))


def _asking(understood: Understanding, meant: Match, ask: str | None) -> Understanding:
    return understood.model_copy(update={"disease": None, "unclear": (*understood.unclear, meant), "ask_back": ask})


def _offered(entity: Entity) -> Alternative:
    return Alternative(id=entity.id, name=entity.name, score=100.0)


def _articles(agent: Agent, name: str) -> Iterator[str]:
    """Titles and texts of articles that have a name, in lower case; nothing where there is no literature."""
    try:
        literature = agent.resources.literature()
        hits = literature.search(name, "articles", READ, require_all_of=[[name]]).hits
    except NotReady:
        return
    for document_id in dict.fromkeys(hit.document_id for hit in hits):
        document = literature.document(document_id)
        if document is not None:
            yield f"{document.title}. {document.text}".lower()


def _spelled_out(agent: Agent, short: str, texts: list[str]) -> Entity | None:
    """The illness that articles spell letters out as most often, where the graph has it."""
    told: Counter[str] = Counter()
    for text in texts:
        before = re.search(rf"((?:[\w'’-]+[ -]){{1,6}})\({re.escape(short.lower())}s?\)", text)
        words = before.group(1).split() if before else []
        fitting = (" ".join(words[start:]) for start in range(len(words) - 1, -1, -1))
        told.update([next((name for name in fitting if fits_letters(short, name)), "")])
    for name, count in told.most_common():
        found = agent.resources.store.search(name, kinds=("Disease",), limit=0).entity if name else None
        if found is not None and count >= TWICE:
            return found
    return None
