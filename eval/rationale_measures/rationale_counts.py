"""What can be counted of one rationale without knowing what is true: its sentences, what they rest on, its length."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from kedrec.agents.prompting.citation_check import Checker
from kedrec.eval.rationale_measures.subjects import named_drugs
from kedrec.records import ModelCall, Recommendation, Sentence, Trace

__all__ = ["ARITHMETIC", "NO_KIND", "RationaleCounts", "counts_of"]

NO_KIND = "none given"
"""Kind of a sentence whose model did not say what it is about."""
ARITHMETIC = re.compile(r"[+\-−]\d\.\d\d|log-odds|how far what", re.IGNORECASE)
"""How the weigher's arithmetic reads: a signed share with two places, `log-odds`, the words of its likenesses."""
_QUOTE = re.compile(r"“([^”]+)”|\"([^\"]+)\"")
_ROUND = str.maketrans("[]–", "()-")
_LEFT_OUT = re.compile(r"\s*(?:…|\.\.\.|\[…\])\s*")

Tokens = Callable[[str], int]
"""Text -> number of tokens."""


class RationaleCounts(NamedTuple):
    """Counts of one rationale."""

    sentences: int
    """Sentences."""
    kinds: Counter[str]
    """Sentences by kind."""
    grounded: int
    """Sentences whose cited evidence names every drug and disease that they name, at least one of the drugs, and holds
    their numbers and symbols; what the weigher counted does not help here."""
    contrasting: int
    """Sentences that name two candidates."""
    arithmetic: int
    """Sentences that print arithmetic."""
    own_arithmetic: int
    """Of which those whose cited evidence does not hold it word for word."""
    quotes: int
    """Passages in quotation marks."""
    verbatim: int
    """Of which word for word in the evidence that their sentence cites, but for spaces, brackets and dashes."""
    words: int
    """Words, citation marks left out."""
    evidence_tokens: int
    """Tokens of all evidence that was gathered."""
    decide_tokens: int | None
    """Tokens of the last request for a decision and the answer to it; None where the trace has none."""


def counts_of(trace: Trace, made: Recommendation, tokens: Tokens) -> RationaleCounts:
    """Count what a rationale consists of.

    Args:
        trace: the run.
        made: its recommendation.
        tokens: counts tokens.
    """
    checker = Checker(made.evidence, (made.disease, *made.candidates))
    printed = [sentence for sentence in made.sentences if ARITHMETIC.search(sentence.text)]
    quotes = [(quote, sentence) for sentence in made.sentences for quote in _quotes(sentence.text)]
    calls = trace.model_calls("decide", "repair")
    return RationaleCounts(
        sentences=len(made.sentences),
        kinds=Counter(sentence.kind or NO_KIND for sentence in made.sentences),
        grounded=sum(_is_grounded(sentence, made, checker) for sentence in made.sentences),
        contrasting=sum(len(named_drugs(sentence.text, made)) > 1 for sentence in made.sentences),
        arithmetic=len(printed),
        own_arithmetic=sum(not _is_quoted(sentence, made) for sentence in printed),
        quotes=len(quotes),
        verbatim=sum(_is_verbatim(quote, sentence, made) for quote, sentence in quotes),
        words=sum(len(sentence.text.split()) for sentence in made.sentences),
        evidence_tokens=sum(tokens(item.text) for item in made.evidence.values()),
        decide_tokens=sum(tokens(text) for text in _texts(calls[-1:])) if calls else None,
    )


def _is_grounded(sentence: Sentence, made: Recommendation, checker: Checker) -> bool:
    held = " \n ".join(_cited_texts(sentence, made))
    return bool(named_drugs(held, made)) and checker.reason(sentence.text, sentence.citations) is None


def _is_quoted(sentence: Sentence, made: Recommendation) -> bool:
    held = _plain(" \n ".join(_cited_texts(sentence, made)))
    return all(_plain(match[0]) in held for match in ARITHMETIC.finditer(sentence.text))


def _quotes(text: str) -> list[str]:
    return [curly or straight for curly, straight in _QUOTE.findall(text)]


def _is_verbatim(quote: str, sentence: Sentence, made: Recommendation) -> bool:
    """Whether each piece of a quote, as parted by what was left out, stands in the cited evidence."""
    held = [_plain(text) for text in _cited_texts(sentence, made)]
    pieces = [piece for piece in map(_plain, _LEFT_OUT.split(quote)) if piece]
    return any(all(piece in text for piece in pieces) for text in held)


def _cited_texts(sentence: Sentence, made: Recommendation) -> list[str]:
    return [made.evidence[key].text for key in sentence.citations if key in made.evidence]


def _plain(text: str) -> str:
    """A text to compare quotes by: whoever quotes may mend spaces and change the form of brackets and dashes."""
    return "".join(text.lower().translate(_ROUND).split())


def _texts(calls: Sequence[ModelCall]) -> list[str]:
    messages = [message for call in calls for message in (*call.messages, call.response or {})]
    return [str(message.get("content") or "") for message in messages]
