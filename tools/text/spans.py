"""What of a passage is worth reading: the one to three sentences that tell something about a drug in a disease.

Sentences are chosen by what they tell: that they name drug and disease, or two of the drugs; an outcome, harm or a
failure; a figure; the conclusion. Criteria of eligibility, aims, methods and single cases come last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from kedrec.tools.text.cues.pattern import CuePattern
from kedrec.tools.text.sentence_cues import (
    cue_of,
    is_criterion,
    reads_well,
    sets_out,
    speaks_of_harm,
)
from kedrec.tools.text.tokens import sentence_spans

__all__ = ["GAP", "Span", "WordSet", "excerpt", "repeats", "telling_spans", "words_of", "worth"]

Span = tuple[int, int]
"""Offset of the first character, and behind the last."""
WordSet = frozenset[str]
"""The different words of a sentence, in lower case."""
GAP = " … "
"""Stands for what was left out between two spans."""
MOST_SENTENCES = 3
MOST_CHARACTERS = 420
"""Characters of the spans of one passage; a first sentence may be longer."""
LONGEST_SENTENCE = 420

_SAME = 0.85
"""Share of a sentence's words from which on another says the same."""
_FEW = 5
"""Words below which sentences may be alike by chance."""
_FIGURE = re.compile(
    r"\d+(?:\.\d+)?\s?%|\bp\s?[<=>≤]|\bCI\b|\b(?:OR|RR|HR|MD|SMD)\b\s?[=:,(]|hazard ratio|odds ratio|relative risk"
)
_CONCLUDES = CuePattern(
    r"^(?:in )?conclu(?:sion|ding)|we conclude|(?:these|our) (?:results|findings|data)|suggest(?:s|ed)? that|^overall"
    r"|was stopped|why stopped|terminated (?:because|due|early)|withdrawn (?:because|due|from)|should be considered"
)
_CASE = CuePattern(r"\bcase (?:report|of an?)\b|\bwe (?:report|present|describe) (?:an?|the)\b|\b\d+[- ]year[- ]old\b")
_TELLS = {"for": 3.0, "against": 3.5, "harm": 2.5, "use": 1.0, "silent": 0.0}


def words_of(sentence: str) -> WordSet:
    """The words of a sentence, by which it is known again."""
    return frozenset(re.findall(r"[^\W_]+", sentence.lower()))


def repeats(words: WordSet, shown: Iterable[WordSet]) -> bool:
    """Whether nearly all of a sentence's words stand in one of the sentences shown."""
    return len(words) >= _FEW and any(len(words & other) >= _SAME * len(words) for other in shown)


def telling_spans(
    text: str,
    start: int,
    drugs: Sequence[Callable[[str], bool]],
    disease: Callable[[str], bool],
    illness: str = "",
    *,
    acts: Callable[[str], float] = lambda _: 0.0,
    shown: Sequence[WordSet] = (),
) -> tuple[Span, ...]:
    """Return the sentences that tell most, in the order of the text; the first ones where none tells anything.

    A sentence that repeats another, the title or what is shown already is left out while others tell anything.

    Args:
        text: the passage, what stands before it included.
        start: where the record's own text begins.
        drugs: for each drug in question, whether a sentence names it.
        disease: whether a sentence names the disease.
        illness: names of the disease, which separate its own symptoms from harm.
        acts: how much a sentence explains how one of the drugs acts or the disease arises; that counts in full where
            the passage names not both, and half where it does.
        shown: words of the sentences that are shown of other passages.
    """
    spans = sentence_spans(text, start)
    told = [text[one:end] for one, end in spans]
    named = [sum(names(sentence) for names in drugs) for sentence in told]
    late = len(told) - 2
    ill = [disease(one) for one in told]
    acting = 0.5 if any(ill) and any(named) else 1.0
    worths = [
        worth(one, named[at], ill[at], illness, late=at >= late) + acting * (acts(one) if named[at] or ill[at] else 0.0)
        for at, one in enumerate(told)
    ]
    best = sorted(range(len(spans)), key=lambda at: (-worths[at], at))
    useful = [at for at in best if worths[at] > 0] or best[:1]
    chosen: list[int] = []
    room, known = MOST_CHARACTERS, [*shown, words_of(text[:start])]
    for at in useful:
        size, words = min(len(told[at]), LONGEST_SENTENCE), words_of(told[at])
        if len(chosen) < MOST_SENTENCES and (not chosen or size <= room) and not repeats(words, known):
            chosen.append(at)
            known.append(words)
            room -= size
    chosen = chosen or useful[:1]
    return tuple(_cut(text, spans[at]) for at in sorted(chosen))


def excerpt(text: str, spans: Iterable[Span]) -> str:
    """Return the spans as one text, with a mark where something between them was left out."""
    parts: list[str] = []
    last: int | None = None
    for start, end in spans:
        if last is not None:
            parts.append(" " if not text[last:start].strip() else GAP)
        parts.append(text[start:end])
        last = end
    return "".join(parts)


def worth(sentence: str, named: int, ill: bool, illness: str = "", *, late: bool = False) -> float:
    """Return how much a sentence says of drugs in a disease; 0 or less where it is not worth reading.

    Args:
        sentence: the sentence.
        named: how many of the drugs in question it names.
        ill: whether it names the disease.
        illness: names of the disease.
        late: whether it is one of the last of its text, where conclusions stand.
    """
    if not named and not ill and not late:
        return 0.0
    concludes = _CONCLUDES.search(sentence) is not None
    if not named and not ill and not concludes:
        return 0.0
    told = _TELLS[cue_of(sentence, illness)] + 0.5 * speaks_of_harm(sentence, illness) + 0.5 * ill
    told += (3.0 if ill else 2.0) * bool(named) + 3.0 * (named > 1)
    told += 1.5 * (_FIGURE.search(sentence) is not None) + 1.5 * concludes
    criterion = is_criterion(sentence)
    told -= 6.0 * sets_out(sentence) + 8.0 * criterion + 3.0 * (criterion or not reads_well(sentence))
    return told - 1.5 * (_CASE.search(sentence) is not None)


def _cut(text: str, span: Span) -> Span:
    """A sentence without end, cut at a word."""
    start, end = span
    if end - start <= LONGEST_SENTENCE:
        return span
    return start, start + len(text[start : start + LONGEST_SENTENCE].rsplit(" ", 1)[0])
