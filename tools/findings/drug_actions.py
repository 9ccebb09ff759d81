"""Sentences that tell how a drug acts (what it inhibits, what it is, what it changes), or how a disease comes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kedrec.tools.findings.animals_or_people import in_animals
from kedrec.tools.text.cues.pattern import CuePattern

__all__ = ["action_worth", "course_worth", "explains"]

_ACTS = re.compile(
    r"\b(?:inhibit(?:s|ing)?|block(?:s|ing)?|antagoni[sz]es?|activates?|modulates?|suppress(?:es)?|stimulates?|depletes?"
    r"|binds?|acts? (?:by|on|as|via|through)|selective inhibition|mechanism involves)\b",
    re.IGNORECASE,
)
"""What a drug does, behind its name; what it did was seen in one experiment."""
_CHANGES = re.compile(
    r"(?<!\ban )(?<!\ba )(?<!\bthe )\b(?:(?:reduc|decreas|increas|enhanc|induc|stimulat|disrupt|impair|modulat|regulat"
    r"|promot|facilitat|rais)"
    r"(?:es|e|ing)"
    r"|(?:lower|prevent|inhibit|block|suppress|potentiat|interfer|augment)(?:s|es|ing))\b",
    re.IGNORECASE,
)
"""What a drug does to a process."""
_IS_A = re.compile(
    r"\b(?:inhibitor|blocker|(?:ant)?agonist|modulator|activator|opener|antimetabolite)s?\b", re.IGNORECASE
)
"""What a drug is, behind its name (`X, a … inhibitor`) or before it (`inhibitors such as X`)."""
_INTRODUCES = re.compile(r"^\s*(?:\([^)]*\)\s*)?(?:,|\(|is\b|are\b|was\b|an?\b|the\b)", re.IGNORECASE)
_LEADS_TO = re.compile(
    r"^s?,?\s*(?:\([^)]*\),?\s*)?(?:such as|like|including|e\.g\.,?|namely)?\s*"
    r"(?:(?!(?:and|or|of|for|in|on|to|with|by|from)\b)[\w-]+,? (?:and |or )?)?$"
)
_LIKE = re.compile(
    r"\b(?:similar(?:ities)?|close|(?:un)?related|unlike|analog\w*|derivative|compar\w+)"
    r"(?: (?:to|of|with))? (?:the )?$",
    re.IGNORECASE,
)
"""Before a drug that another one is likened to, which then acts."""
_GOES_ON = re.compile(r"\s*(?:,|\)|and\b|or\b)")
_DONE_TO = re.compile(
    r"\b(?:is|are|was|were|be|been|not|but)\s+$|\b(?:but|whereas|while|although)\b|\b(?:is|was|"
    r"were) not\b"
)
"""What is done to the drug, or by something else."""
_OTHER = re.compile(r"^[\s-]+(?:deficien|resist|withdraw|intoleran|metaboli|absorption|concentration|sensitiv)")
"""Behind the name where it is not the drug that acts."""
_PROCESS = CuePattern(
    r"\b\w*(?:synthesis|genesis|lysis|secretion|excretion|absorption|resorption|(?:re)?uptake|release|transmission|"
    r"proliferation"
    r"|apoptosis|inflammation|inflammatory|contraction|relaxation|constriction|dilat(?:at)?ion|replication|"
    r"transcription"
    r"|translation|signal(?:l?ing)?|degradation|oxidation|polymerization|assembly|aggregation|differentiation|migration"
    r"|conduction|depolari[sz]ation|coagulation|pathways?|channels?|levels|production|formation|transport|division)\b"
)
"""What goes on in the body, or in what lives in it."""
_KINETICS = CuePattern(
    r"cytochrome|\bCYP ?\d|P-glycoprotein|glucuronid|pharmacokinetic|bioavailab|drug interaction|\bconjugation\b"
    r"|\bneither\b|\b(?:did|does|do|had) no(?:t\b|\b)"
)
"""What drugs do to one another, and what one does not do: neither is how a drug acts."""
_APART = re.compile(
    r"\b(?:patients|combin\w+|co-?treat\w+"
    r"|resistan\w+|mutation\w*|polymorphism\w*|[IE]C\(?50\)?|preincubat\w*|additive\w*|synerg\w*|potency|massive|significantly|effectively|ranked"
    r"|least|here we|treated with|given with|interact\w*|silico|blood levels of|potentiat\w+|conver(?:sion|ted)"
    r"|conclu\w+|demonstrate|than|\d+ ?(?:mg|[μµn]?M\b)|\d+(?:\.\d+)? ?%)|(?<=\w)-induced\b|^[A-Z]{6,}:"
    r"|\bspecies\b|\bmost effective\b|\bisolates?\b",
    re.IGNORECASE,
)
"""Marks of an experiment, of a comparison or of a trial, besides animals; what is known of a drug is said without."""
_PASSING = CuePattern(
    r"\badverse|side[- ]effect|\bdamage\b|\bseems?\b"
    r"|\btoxic|\btolerab|\bbleeding\b|\bmortality\b|\bsurvival\b|\bmarketed\b|\bprescribed\b"
    r"|\bavailable\b"
    r"|\bwe (?:have |also )?(?:assess|investigat|stud|test|examin|compar|evaluat)"
    r"|\b(?:was|were) (?:tested|studied|compared|investigated)|^Effects? of\b|\breviewed\b|^agents\b"
    r"|^following\b|^in contrast\b|\bcase of\b|\bwe (?:present|report)\b|\b(?:un)?related to\b"
    r"|^(?:however|therefore|thus|moreover|furthermore)\b|\bthis (?:syndrome|case|phenomenon|patient|concept"
    r"|hypothesis|view)\b|^this \w+ effect\b|\b(?:un|not )affected by\b"
    r"|^these (?:effects?|results?|findings|data|changes|observations)\b|^evidence for th(?:is|ese)\b"
    r"|\breview (?:summari[sz]es|discusses|describes)\b"
)
"""Marks of a sentence on harm, on the market or on what was studied, which names what a drug is only in passing."""
_IS = re.compile(
    r"^[^,;:]{0,30}\b(?:is|are)\b[^.;:]{0,110}"
    r"\b(?:characteri[sz]ed|mediated|caused|driven|due to|disorder|disease|condition)\b"
)
"""Behind the name of a disease: what it is."""
_OF = re.compile(r"\b(?:pathogenesis|pathophysiology|symptoms|hallmark) of (?:\w+ ){0,3}$", re.IGNORECASE)
"""Before the name of a disease: what it comes from."""
_TREATS = re.compile(
    r"\b(?:(?:abdominal|severe|chronic) pain|diarrh\w+|weight loss|fatigue"
    r"|treat\w*|therap\w+|drugs?|approved|inhibitors?|efficacy|trials?|patients|management|reliev\w+)\b",
    re.IGNORECASE,
)
"""What is done against a disease is not how it comes, nor what it feels like."""
_OPEN = re.compile(
    r"\bun(?:known|clear)\b|\bnot (?:well |fully |yet )*(?:known|understood|clear)|\bmay\b", re.IGNORECASE
)
"""What nobody knows tells no process."""
_STATED = 1.5
"""How much a sentence has to tell to be told for the sake of how a drug acts alone."""
_NEAR = 70
"""Characters between a drug's name and what tells how it acts, and between a change and what is changed."""
_ON_TARGET = 2.0
"""What it adds that a sentence names what the drug is known to act on."""
_LONG = 240
"""Characters from which on a sentence says more than how a drug acts."""

Spans = Sequence[tuple[int, int]]
"""Where a sentence names a drug: offset of the first character, and behind the last."""


def action_worth(sentence: str, drug: Spans, acted_on: Iterable[str] = ()) -> float:
    """How much a sentence explains how a drug acts, and on which process; 0 where it does not.

    Args:
        sentence: A sentence.
        drug: Where it names the drug.
        acted_on: Words for what the drug is known to act on, in lower case; a sentence with one of them tells more.
    """
    words = explains(sentence, drug)
    if not words or any(kind.search(sentence) for kind in (_KINETICS, _PASSING)) or _of_an_experiment(sentence):
        return 0.0
    named = {found[0].lower() for found in _PROCESS.finditer(sentence)}
    lowered = sentence.lower()
    told = min(words, 2) + 1.5 * min(len(named), 2) + _ON_TARGET * any(word in lowered for word in acted_on)
    told -= 0.5 * (len(sentence) > _LONG)
    return told if told >= _STATED else 0.0


def course_worth(sentence: str, disease: Spans, acted_on: Iterable[str] = ()) -> float:
    """How much a sentence explains the process behind a disease; 0 where it does not.

    Args:
        sentence: A sentence.
        disease: Where it names the disease.
        acted_on: Words for what a drug is known to act on, in lower case; a sentence with one of them tells more.
    """
    if not disease or _OPEN.search(sentence) or _TREATS.search(sentence):
        return 0.0
    named = {found[0].lower() for found in _PROCESS.finditer(sentence)}
    if not named:
        return 0.0
    told = any(_OF.search(sentence[: one[0]]) or (one[0] < 40 and _IS.search(sentence[one[1] :])) for one in disease)
    lowered = sentence.lower()
    on_target = _ON_TARGET * any(word in lowered for word in acted_on)
    worth = 1.0 + min(len(named), 2) + on_target - _of_an_experiment(sentence) - 0.5 * (len(sentence) > _LONG)
    return worth if told and worth >= _STATED else 0.0


def _of_an_experiment(sentence: str) -> bool:
    return _APART.search(sentence) is not None or in_animals(sentence)


def explains(sentence: str, drug: Spans) -> int:
    """How many words tell by what a drug acts: `it inhibits …`, `it reduces … release`, `inhibitors such as it`.

    What acts on the drug itself, as a `dopamine agonist` on dopamine's receptors, does not count.

    Args:
        sentence: A sentence.
        drug: Where it names the drug.
    """
    acting = [one for one in drug if not _LIKE.search(sentence[: one[0]])]
    return sum(_acts(sentence, one) + _is_a(sentence, one) + _changes(sentence, one) for one in acting)


def _acts(sentence: str, drug: tuple[int, int]) -> bool:
    word = _ACTS.search(sentence, drug[1], drug[1] + _NEAR)
    if word is None or not _does(sentence, drug, word):
        return False
    return word[0].lower().startswith("act") or not _DONE_TO.search(sentence, drug[1], word.start())


def _changes(sentence: str, drug: tuple[int, int]) -> bool:
    word = _CHANGES.search(sentence, drug[1], drug[1] + _NEAR)
    if word is None or not _does(sentence, drug, word) or _DONE_TO.search(sentence, drug[1], word.start()):
        return False
    return _PROCESS.search(sentence, word.end(), word.end() + _NEAR) is not None


def _does(sentence: str, drug: tuple[int, int], word: re.Match[str]) -> bool:
    """Whether the drug may be what does something, and not what it is done to."""
    listed = sentence.count(",", drug[1], word.start()) > 1
    other = sentence.startswith("-induced", drug[1]) or _OTHER.search(sentence[drug[1] :]) is not None
    return not (listed or other) and (word[0].lower().startswith("act") or not sentence.startswith(" by", word.end()))


def _is_a(sentence: str, drug: tuple[int, int]) -> bool:
    behind = _IS_A.search(sentence, drug[1], drug[1] + _NEAR)
    between = sentence[drug[1] : behind.start()] if behind else ""
    others = behind is not None and behind[0].endswith("s") and " are " not in between
    if behind and not others and _INTRODUCES.search(between) and between.count(",") < 3 and ";" not in between:
        return True
    before = list(_IS_A.finditer(sentence, max(0, drug[0] - _NEAR), drug[0]))
    led = sentence[before[-1].end() : drug[0]] if before else ""
    apart = led.strip() == "," and (before[-1][0].endswith("s") or _GOES_ON.match(sentence, drug[1]) is None)
    return bool(before) and not apart and _LEADS_TO.search(led) is not None
