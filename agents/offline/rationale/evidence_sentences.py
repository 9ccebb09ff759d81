"""Sentences of the evidence, and what each says of a drug in a disease."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kedrec.agents.offline.rationale.strength import Strength, strength_of
from kedrec.records import Entity, Evidence, Stance
from kedrec.tools.findings.effects import Effect, effect_of
from kedrec.tools.literature_tools import joined_names, mentions
from kedrec.tools.text.sentence_cues import Cue, cue_of, sentences_of
from kedrec.tools.text.spans import repeats, words_of, worth

__all__ = ["MOST_QUOTES", "QuestionEvidence", "Quote", "Quoted", "best_of", "sentences_on"]

MOST_QUOTES = 2
"""Most sentences of one answer that say different things."""


class Quote(NamedTuple):
    """A sentence of the evidence."""

    key: str
    """Key of the evidence."""
    text: str
    """The sentence."""
    cue: Cue
    """Which way its words speak, whatever of."""
    effect: Effect
    """What it says that the drug did."""
    strength: Strength | None
    """How strongly it speaks for the drug in the disease."""
    closeness: int
    """2 where it names drug and disease, 1 where it names the drug, else 0."""
    worth: float
    """How much it tells, as `kedrec.tools.text.spans` has it."""


class Quoted(NamedTuple):
    """A sentence of an answer."""

    keys: tuple[str, ...]
    """Keys of the evidence that it rests on."""
    text: str
    """The sentence, word for word as it stands there."""


class QuestionEvidence(NamedTuple):
    """What was found for one question."""

    stance: Stance
    """Which way it speaks for the drug in this disease."""
    quotes: tuple[Quoted, ...]
    """Best first."""


def best_of(quotes: Iterable[Quote]) -> list[Quote]:
    """The first quotes, less those that say what one before says."""
    kept: list[Quote] = []
    for quote in quotes:
        if len(kept) < MOST_QUOTES and not repeats(words_of(quote.text), [words_of(other.text) for other in kept]):
            kept.append(quote)
    return kept


def sentences_on(item: Evidence, drug: Entity, disease: Entity) -> list[Quote]:
    """The sentences that were chosen where one of them names the drug, else its title where that tells a result."""
    chosen = [_quote(item.key, item.passage[start:end], drug, disease) for start, end in item.spans]
    if any(quote.closeness for quote in chosen):
        return chosen
    told = [_quote(item.key, text, drug, disease) for text in sentences_of(item.text)]
    return [quote for quote in told if quote.cue in ("for", "against", "harm")] if item.spans else told


def _quote(key: str, text: str, drug: Entity, disease: Entity) -> Quote:
    named, ill, names = mentions(text, drug), mentions(text, disease), joined_names(disease)
    effect, strength = (
        (effect_of(text, drug, disease), strength_of(text, drug, disease)) if named else ("nothing", None)
    )
    told = worth(text, int(named), ill, names)
    return Quote(key, text, cue_of(text, names), effect, strength, (2 if ill else 1) if named else 0, told)
