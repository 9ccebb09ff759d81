"""Illnesses that a question names and the graph does not know: asked back, and no other one is taken for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedrec.agents.chat.asking_back import asked_back
from kedrec.agents.chat.entity_finder import ALIKE
from kedrec.agents.chat.intents.wanted import ABOUT_ONE
from kedrec.graphdb.names.readings import is_abbreviation
from kedrec.graphdb.store import GraphStore

if TYPE_CHECKING:
    from kedrec.agents.chat.question_parser import Understanding

__all__ = ["VAGUE", "asking_of_unknown"]

VAGUE = frozenset({"pain", "fever", "disease", "syndrome", "infection", "inflammation", "disorder", "cancer", "injury"})
"""Words for an illness that tell little of which."""
_PLACED = re.compile(r"\b(?:in|for|against|of|caus(?:es?|ing)|triggers?) (?:(?:the|an?|acute|chronic|severe) )?$", re.I)
"""Stands before the name of a disease."""
_WHOSE = re.compile(
    r"\b(?:patients?|child|children|wom[ae]n|m[ae]n|people|someone|adults?|infants?|boy|girl|person)\b"
    r"(?: \w+){0,2} with (?:(?:the|an?|acute|chronic|severe) )?$",
    re.IGNORECASE,
)
"""Stands before what people have."""
_CALLED = re.compile(
    r"\b(?:in|for|against|of|with|causes?|treat) (?:the )?((?!an? |any |this |that |his |her |my |what |which |the )"
    r"(?:[\w'’-]+ ){0,2}[\w'’-]+ (?:disease|syndrome|fever|palsy))\b",
    re.IGNORECASE,
)
"""What is called a disease, whether it is known or not."""


def asking_of_unknown(made: Understanding, store: GraphStore) -> Understanding:
    """Return a question about one drug with the words asked back that stand where a disease would and are none.

    Args:
        made: what was understood; else a disease would be taken that the drug is used for.
        store: the graph.
    """
    called = _CALLED.search(made.text)
    if made.disease or made.unclear or made.ask_back or made.intent not in ABOUT_ONE:
        return made
    whose = [phrase for phrase in made.left_out if _WHOSE.search(made.text[: made.text.find(phrase)])]
    if made.wanted.about and not whose:
        return made
    by_letters = [phrase for phrase in made.left_out if is_abbreviation(phrase)]
    free = made.left_out if made.intent in {"evidence", "causes"} else by_letters
    placed = [phrase for phrase in free if _PLACED.search(made.text[: made.text.find(phrase)])]
    placed = [called.group(1)] if called else placed or whose
    if len(made.drugs) != 1 or not placed:
        return made
    unknown = store.search(placed[0], kinds=("Disease",), limit=3)
    near = tuple(one for one in unknown.alternatives if one.score >= ALIKE and one.name.lower() not in VAGUE)
    unclear = (unknown.model_copy(update={"alternatives": near}),)
    return made.model_copy(update={"unclear": unclear, "ask_back": asked_back((), (), made.drugs, unclear)})
