"""What is asked back where a question cannot be answered as it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kedrec.graphdb.names.kinship import are_parts
from kedrec.records import Alternative, Match

__all__ = ["EXAMPLE", "asked_back", "is_yes", "name_chosen", "unknown_told"]

EXAMPLE = "Why baricitinib rather than sulfasalazine for alopecia areata?"
"""A question that can be answered."""
_YES = re.compile(
    r"\s*(?:yes|yep|yeah|yup|correct|right|exactly|i (?:do|did|meant that))\b[\s,.!]*"
    r"(?:please|that one|exactly|i (?:do|did)|correct|right)?[\s.!]*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*(?:the )?(?:(\d)|(first|second|third))(?: one)?[.!]?\s*", re.IGNORECASE)
_ORDINALS = {"first": 1, "second": 2, "third": 3}


def is_yes(text: str) -> bool:
    """Whether a message says yes and nothing else."""
    return _YES.fullmatch(text) is not None


def name_chosen(text: str, unclear: Sequence[Match]) -> str:
    """Return the id that a reply to a question back chooses: by its number, or by yes where one was offered.

    Args:
        text: the message; it comes back where it chooses nothing.
        unclear: what was asked back.
    """
    offered = [match.alternatives or ((match.entity,) if match.entity else ()) for match in unclear]
    options = [option.id for found in offered for option in found]
    if is_yes(text):
        return options[0] if len(options) == 1 else text
    choice = _NUMBER.fullmatch(text)
    number = int(choice.group(1) or _ORDINALS[choice.group(2).lower()]) if choice else 0
    return options[number - 1] if 1 <= number <= len(options) else text


def asked_back(
    ambiguous: Sequence[Match], diseases: Sequence[Match], drugs: Sequence[Match], misspelled: Sequence[Match]
) -> str | None:
    """Say what is missing or unclear; None where nothing is.

    Args:
        ambiguous: names that may mean several things.
        diseases: the diseases that are understood.
        drugs: the drugs that are understood.
        misspelled: words that may have been meant as names.
    """
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


def unknown_told(match: Match) -> str:
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
