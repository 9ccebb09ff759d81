"""Which disease and which drugs a question is about, how that was understood, and what has to be asked back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kedrec.agents.chat.combining import names_in, unknown_names
from kedrec.agents.chat.entity_finder import NameInText, doubtful_words
from kedrec.agents.chat.intents import ABOUT_ONE, Intent, intent_of
from kedrec.agents.chat.left_out import left_out
from kedrec.graphdb.names.kinship import are_parts
from kedrec.graphdb.store import GraphStore
from kedrec.records import Alternative, Match, Record

__all__ = [
    "EXAMPLE",
    "WHAT_TO_AVOID",
    "Understanding",
    "asks_what_to_avoid",
    "said_how",
    "understand",
    "understood_from",
]

EXAMPLE = "Why baricitinib rather than sulfasalazine for alopecia areata?"
"""A question that can be answered."""
_VAGUE = frozenset(
    {"pain", "fever", "disease", "syndrome", "infection", "inflammation", "disorder", "cancer", "injury"}
)
_WORDS = {"Compound": "drug", "Disease": "disease"}
WHAT_TO_AVOID = "I weigh drugs that may help and cannot list those to avoid. Name the drugs that you have in mind."
"""Asked back where the question is what not to give."""
_AVOID = re.compile(
    r"\b(?:(?:should|must|can)(?: ?not|n't)|not (?:to )?(?:be )?(?:given?|used?|taken?|prescribed?)|never|avoid\w*"
    r"|contraindicat\w*|worst)\b",
    re.IGNORECASE,
)


class Understanding(Record):
    """What was understood of a question in plain words."""

    text: str
    """The question."""
    disease: Match | None = None
    """The disease; its `query` is how the question names it."""
    drugs: tuple[Match, ...] = ()
    """The drugs, in the order of the question."""
    unclear: tuple[Match, ...] = ()
    """Names that may mean several things, and words that may be misspelled names, with what they may have meant."""
    left_out: tuple[str, ...] = ()
    """What the question says beside the names, such as a stage, an age or a dose, and nothing takes into account."""
    intent: Intent = "choose"
    """What the question wants."""
    ask_back: str | None = None
    """One line to ask the user, where the question cannot be answered as it stands."""


def understand(text: str, store: GraphStore) -> Understanding:
    """Understand a question by the names and synonyms of the graph, with no language model.

    Args:
        text: the question.
        store: the graph.

    Returns:
        What was found, and what to ask back where the disease is missing, a name is ambiguous or nearly a name; a
        similar name is offered and never put in place of what was written.
    """
    found = names_in(text, store)
    known = [named for named in found if named.match.match != "none"]
    diseases = _one_each(named.match for named in known if named.kind == "Disease")
    drugs = _one_each(named.match for named in known if named.kind == "Compound")
    misspelled = _misspelled(text, store, found, diseases, drugs)
    made = understood_from(text, diseases, drugs, misspelled, unknown_names(found))
    vague = [match.query for match in diseases if match not in _without_vague(diseases)]
    return made.model_copy(update={"left_out": left_out(text, found, vague)})


def understood_from(
    text: str,
    diseases: Sequence[Match],
    drugs: Sequence[Match],
    misspelled: Sequence[Match] = (),
    unknown: Sequence[Match] = (),
) -> Understanding:
    """Put together what was found in a question.

    Args:
        text: the question.
        diseases: the diseases found, ambiguous ones included.
        drugs: the drugs found, ambiguous ones included.
        misspelled: words that may have been meant as names, with suggestions.
        unknown: combinations and salts that the graph does not have, with their parts or drug.
    """
    ambiguous = [match for match in (*diseases, *drugs) if match.entity is None]
    sure = _without_vague([match for match in diseases if match.entity is not None])
    known = tuple(match for match in drugs if match.entity is not None)
    ask = " ".join(_unknown(match) for match in unknown) or _ask_back(ambiguous, sure, known, misspelled)
    if ask is None and not known and asks_what_to_avoid(text):
        ask = WHAT_TO_AVOID
    intent, beyond = intent_of(text, len(known), disease=bool(sure))
    if len(known) == 1 and intent in ABOUT_ONE[1:] and not (sure or ambiguous or misspelled or unknown):
        ask = None
    disease = sure[0] if len(sure) == 1 else None
    return Understanding(
        text=text,
        disease=disease,
        drugs=known,
        unclear=() if beyond else (*unknown, *ambiguous, *_several(sure), *misspelled),
        intent=intent,
        ask_back=beyond or ask,
    )


def asks_what_to_avoid(text: str) -> bool:
    """Whether a question asks which drugs not to give; what ranks best would be the opposite of an answer."""
    return _AVOID.search(text) is not None


def said_how(match: Match) -> str:
    """How a name was understood, for people: `“RA” as Rheumatoid Arthritis (Disease::…, synonym)`."""
    if match.entity is None:
        return f"“{match.query}” as nothing yet ({match.match})"
    how = "" if match.match == "exact" else f", {match.match}"
    return f"“{match.query}” as {match.entity.name} ({match.entity.id}{how})"


def _one_each(matches: Iterable[Match]) -> list[Match]:
    """Each entity once, by the first name that it is given."""
    seen: dict[str, Match] = {}
    for match in matches:
        seen.setdefault(match.entity.id if match.entity else match.query.lower(), match)
    return list(seen.values())


def _without_vague(diseases: list[Match]) -> list[Match]:
    """Diseases without words such as “pain”, where another is named beside them."""
    precise = [match for match in diseases if match.query.lower() not in _VAGUE]
    return precise or diseases


def _several(diseases: Sequence[Match]) -> tuple[Match, ...]:
    return tuple(diseases) if len(diseases) > 1 else ()


def _misspelled(
    text: str, store: GraphStore, found: Sequence[NameInText], diseases: Sequence[Match], drugs: Sequence[Match]
) -> list[Match]:
    """Words that may have been meant as what the question lacks."""
    kinds = [*([] if diseases else ["Disease"]), *([] if len(drugs) > 1 else ["Compound"])]
    return doubtful_words(text, store, found, kinds)


def _ask_back(
    ambiguous: Sequence[Match], diseases: Sequence[Match], drugs: Sequence[Match], misspelled: Sequence[Match]
) -> str | None:
    if ambiguous:
        return " ".join(f"“{match.query}” may mean {_listed(match.alternatives)}. Which one?" for match in ambiguous)
    if len(diseases) > 1:
        return f"Which disease is meant: {_or([match.entity.name for match in diseases if match.entity])}?"
    if misspelled:
        return " ".join(f"“{match.query}” is not a name I know. {_meant(match)}" for match in misspelled)
    if diseases:
        return None
    if drugs:
        named = _and([match.entity.name for match in drugs if match.entity])
        return f"For which disease? I understood {named}, but found no disease in the question."
    return f"I found no disease and no drug in that. Ask about drugs for a disease, for instance: {EXAMPLE}"


def _unknown(match: Match) -> str:
    """Say that a salt is unknown and which drug it is of, or what an unknown combination is made of."""
    if match.alternatives and not are_parts(match.query, [part.name for part in match.alternatives]):
        return f"The graph has no drug called “{match.query}”. {_meant(match)} Then ask with that name."
    said = f"“{match.query}” reads as one combination, and the graph has none of that name."
    parts = [part.name for part in match.alternatives]
    if not parts:
        return f"{said} {_meant(match)}"
    if len(parts) == 1:
        return f"{said} Of its parts it has {parts[0]} alone; ask about that, if it is meant."
    return f"{said} Of its parts it has {_and(parts)}; ask about one, or write “{_or(parts)}” to compare them."


def _meant(match: Match) -> str:
    if not match.alternatives:
        return "Give another name of it, or its id."
    return f"Did you mean {_or([alternative.name for alternative in match.alternatives])}?"


def _listed(alternatives: Sequence[Alternative]) -> str:
    return _or([f"{alternative.name} ({alternative.id})" for alternative in alternatives])


def _or(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
