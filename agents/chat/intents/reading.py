"""What a message wants: forms by rules first, then what cannot be answered, then what it is most like."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kedrec.agents.chat.groups_and_harms import DAMAGE, GROUPS, HARMED_ORGANS, HARMS
from kedrec.agents.chat.intents.beyond import beyond_of, is_personal
from kedrec.agents.chat.intents.cues import CUES
from kedrec.agents.chat.intents.deciding import HARM_COMPARED, PRONOUN, of_disease, of_none
from kedrec.agents.chat.intents.learned import LEARNED, likeliest
from kedrec.agents.chat.intents.wanted import Beyond, Intent, Wanted
from kedrec.agents.chat.intents.wording import NamedSpan, normal

__all__ = ["class_named", "read", "with_class", "wording_of"]

_KEY = re.compile(r"\[?\b([KPT]\d{1,3})\b\]?", re.IGNORECASE)
_SHOWS = re.compile(
    r"\b(?:show|open|read|see|cite|quote|display|print|view|source|where|what|expand|look|full|explain|more|who)\b"
)
_GREETING = (
    r"(?:hi|hello|hey|hallo|good (?:morning|afternoon|evening|day)|dear all|greetings)"
    r"(?: (?:there|all|everyone|kedrec))?"
)
_OPENING = re.compile(
    rf"^(?:(?:{_GREETING})[,.!: ]+|(?:please|so|well|ok|okay|and then|just wondering|quick question|excuse me"
    rf"|sorry to bother)[,.!: ]+"
    r"|(?:can|could|would|will) (?:you|anyone|somebody|someone) (?:please |kindly |briefly )?(?=(?:tell"
    r"|explain|describe|show|say|let|advise|list|compare|summari[sz]e|give me|cite)\b)"
    r"|(?:do|does) (?:you|anyone|anybody) know |i (?:would like|want|wanted|need|wish) to (?:know|ask"
    r"|find out|understand) |i (?:wonder|am wondering|was wondering) |may i ask "
    r"|(?:tell|let) (?:me|us) (?:know )?(?=if|whether|what|which|how|why|who|when)|(?:if|whether) (?=DRUG|ILL))+"
)
_THANKS = re.compile(
    r"^(?:(?:ok(?:ay)?|great|good|perfect|nice|cool|super|wonderful|fine|alright|got it|i see|that is all"
    r"|bye|goodbye)\W*)*"
    r"(?:many |a lot of )?(?:thanks?|thank you|cheers|much obliged)?(?: (?:you|so|very|much|a lot|a bunch"
    r"|for \w+(?: \w+)?|again))*\W*"
    r"(?:bye|goodbye|that is all|(?:that|this|it) (?:really )?(?:helps?|helped)(?: a lot| me| very much| so much)*"
    r"|(?:that|this) (?:is|was) (?:very |really |so )?(?:helpful|useful|clear))?\W*$"
)
_RESTART = re.compile(
    r"^(?:please |ok(?:ay)?,? |let us |lets? |let's |can we |i want to )*(?:start (?:over|again|afresh|anew"
    r"|from scratch|new)|begin (?:again|anew|afresh)|restart"
    r"|reset|(?:a )?(?:new|another|different|fresh) (?:question|conversation|topic|chat|subject|case|one)"
    r"|forget (?:it|that|this|everything|all)(?: all)?|clear"
    r"|from scratch|new)(?: please| now)?(?:,? (?:and )?(?:a |the )?(?:new|next|another|different) "
    r"(?:patient|question|case|topic|one|subject))?\W*$|^(?:ok(?:ay)?,? )?(?:the )?next (?:patient|case|question)\W*$"
)
_HELP = re.compile(
    rf"^(?:{_GREETING}|help(?: me)?(?: please)?|\?+|(?:please )?help)\W*$"
    r"|\b(?:what|which|how)\b.{0,30}\b(?:can|do|could|may|should) (?:(?:you|we)\b.{0,12}\b(?:do|help|answer"
    r"|know|offer|ask)|(?:i|one|we)\b.{0,12}\b(?:ask|use you|use this|expect))\b"
    r"|\bwho (?:are|made|built) you\b|\bwhat (?:are you|is kedrec|is this)(?: (?:tool|thing|program|bot|site"
    r"|page|for|about|good))*\W*$"
    r"|\bhow (?:do|can|to) (?:i )?use (?:you|this)\b|\bwhat (?:kind|sort|type)s? of (?:questions?|things)\b"
    r"|\bare you (?:a|an) \w+\b|\bexamples?(?: please)?\W*$"
    r"|\bcan you help(?: me)?\W*$|\bhow (?:does|do) (?:this|you) work\W*$"
)
_EXPLAIN = re.compile(
    r"^(?:but |and |so |ok(?:ay)?,? |hm+,? |please |can you |could you |would you |sorry,? )*(?:why(?: (?:so"
    r"|that|this|is that|not|exactly|did you \w+.*|do you \w+.*|that one|this one|them|the first one|him"
    r"|her|(?:not )?the (?:other|second|first|latter|former|third)(?: one| drug)?))?"
    r"|how so|how come|(?:please )?(?:explain|elaborate|justify|clarify)(?: (?:that|this|it|why|more|your"
    r"|the|me|to|please|yourself|again|in|simply|simpler|plain|words|choice|answer|reason\w*|decision"
    r"|further|like|i|am|five|better|a|bit|for|layman\w*|patient\w*|terms|simple|language|english).*)?"
    r"|(?:say|tell|put|repeat|give|write)\b.*\b(?:plain|simple|simpler|lay|everyday|easy|easier|other"
    r"|fewer)\b.*|in (?:plain|simple|simpler|lay\w*|everyday|other|easy)\b.*|simpler|simplify(?: .*)?"
    r"|plain words"
    r"|eli5|(?:on )?what (?:grounds|basis)|on (?:what|which) (?:grounds|basis).*|what (?:made|makes) you\b.*"
    r"|what (?:is|are|was|were) (?:your|the) (?:reason\w*|rationale|grounds|basis|argument\w*|logic)\b.*"
    r"|what speaks for (?:it|that|this)"
    r"|how (?:did|do|can|could) you (?:get|come|arrive|know|decide|choose|reach|conclude|tell|say)\b.*"
    r"|reasons?|your reasons?|rationale|(?:are )?you sure|how (?:sure|certain|confident)\b.*"
    r"|i do not (?:understand|get it|follow).*|what does (?:that|this|it) mean.*|sum(?:mari[sz]e)?(?: (?:it"
    r"|that|up|this))*)\W*$"
)
_PLAIN = re.compile(
    r"\b(?:plain|simple|simpler|simply|simplify|layman\w*|lay|everyday|easy|easier|eli5|like i am five"
    r"|do not (?:understand|get|follow)|what does (?:that|this|it) mean)\b"
)
_CORRECTS = re.compile(
    r"^(?:oh |oops,? |sorry,? )*(?:no\b(?! DRUG (?:or|and))|not (?:DRUG|ILL|that)|wrong\b|i meant\b|i mean\b"
    r"|sorry\b|actually\b|correction\b|rather\b(?! DRUG (?:or|versus))|pardon\b)|\bi meant\b|\bi was asking about\b"
    r"|\bmeant to (?:say|write|ask)\b"
)
_WITHOUT = re.compile(
    r"\b(?:without|minus|except(?: for)?|excluding|leav(?:e|ing) (?:out|aside)|drop(?:ping)?|remov(?:e|ing)"
    r"|exclud(?:e|ing)|ignor(?:e|ing)|omit(?:ting)?|not counting|apart from|other than|take out"
    r"|get rid of) (?:the )?DRUG\b|\b(?:leave|take) DRUG (?:out|aside|away)\b"
    r"|\b(?:what |and |but )?if\b.*\b(?:(?:can|could|may|must|should) not|unable to|does not want to|refus\w+)"
    r"(?: \w+){0,2} (?:have|take|tolerate|get|use|be given|be on) DRUG\b"
    r"|\bif\b.*\b(?:allergic|intolerant) (?:to|of) DRUG\b"
    r"|\bif (?:\w+ ){1,2}not tolerate DRUG\b"
)
_AGAIN = re.compile(
    r"\b(?:again|redo|repeat|rerun|the same|same (?:question|thing|comparison)|once more|try|now"
    r"|this time)\b.*\b(?:with|for|in|but|including|add\w*|without|DRUG|ILL)\b"
    r"|\b(?:what if|suppose|and if) (?:we |you |i )?(?:also )?(?:add\w*|includ\w*|take|took|replace\w*"
    r"|swap\w*|put in)\b.*\bDRUG\b|^(?:please |and |also |now )*(?:add|include) DRUG"
    r"|^(?:and |but |ok |or |now |so |then )*(?:what about |how about )?(?:with|including|plus"
    r"|compared (?:to|with)|versus|against|compare (?:it|that|them)? ?(?:to|with)) DRUG(?: (?:too|also"
    r"|included|as well|added|instead|then|in|and DRUG))*\W*$"
    r"|^(?:and |but |what about |how about |now |ok |then |same )*(?:for|in) (?:the )?ILL(?: (?:then|instead"
    r"|rather|now|too|patients?|though))*\W*$|\bDRUG (?:as well|too|included)\W*$|^(?:and|or|but|what about"
    r"|how about|and what about|and how about) (?:DRUG|ILL)\W*$|\bILL instead\W*$|\b(?:with|for) (?:DRUG"
    r"|ILL) instead\W*$"
)  # fmt: skip
_LISTS = re.compile(
    r"\b(?:what(?! (?:is|are|do|does|happens)\b)|which|any|best|list|options?|other|recommend\w*|are there"
    r"|use of|role of|new (?:things?|drugs?|medicines?|treatments?|options?|therap\w+)"
    r"|do (?:they|you|we|people|doctors) (?:now )?(?:use|give|prescribe|recommend))\b"
)
_LISTS_NOW = re.compile(
    r"(?:what|which) (?:do|does|are|is|drugs?|medicines?) (?!about)(?:\w+ ){1,3}(?:now"
    r"|these days|today)\b"
)
_BROUGHT = re.compile(
    r"\b(?:caus(?:e|es|ed|ing)|trigger\w*|leads? to|brings? on|induc\w+|provok\w+|result(?:s|ing)? in)"
    r" (?:an? |the |any |you |people )*"
    r"(?!DRUG|ILL|by|in|from|of|or|and|problems?|trouble|issues?|harm|side|it|this|that)([a-z]{4,}(?: [a-z]{4,})?)"
)
"""What a drug is asked to bring about, where it is no disease of the graph."""


_ORGAN = re.compile(
    r"\b(?:for|on|to|damag\w+|hurts?|harms?|affects?|ruins?|toxic to)(?: (?:the|my|your|his|her|our))?"
    rf" ({'|'.join(HARMED_ORGANS)})s?\b"
    r"(?! (?:disease|failure|cancer|transplant|patients?|problems?|attack))"
)
"""An organ that a drug may harm."""


_SUBSTANCE = re.compile(r"(?:what|which) (?:\w+ ){0,2}?(?:lowers?|reduces?|raises?|brings down|increases?) DRUG\W*$")
"""Asks what changes a substance that is also a drug."""
_BEYOND_NAMES = re.compile(r"\b(?!DRUG\b|ILL\b)\w")
"""A word that is no name: what a message of names alone wants cannot be told from its wording."""


def read(text: str, names: Iterable[NamedSpan] = ()) -> Wanted:
    """Return what a message wants.

    Args:
        text: the message.
        names: where the drugs and diseases that it names stand in it.
    """
    spans = list(names)
    wording = wording_of(text, spans)
    drugs = sum(kind == "Compound" for *_, kind in spans)
    diseases = sum(kind == "Disease" for *_, kind in spans)
    intent, beyond = _told(text, wording, drugs, diseases)
    if beyond is not None:
        return Wanted(intent="out_of_scope", beyond=beyond, personal=is_personal(wording))
    return Wanted(
        intent=intent,
        about=_about(_without_diseases(text, spans), wording)
        if intent in {"safety", "causes", "choose", "assess", "list", "evidence", "use"}
        else (),
        keys=tuple(dict.fromkeys(found.group(1).upper() for found in _KEY.finditer(text)))
        if intent == "citation"
        else (),
        personal=is_personal(wording),
        plain=bool(_PLAIN.search(wording)) and intent == "explain",
        corrects=bool(_CORRECTS.search(wording)),
        together=drugs > 1 and intent != "choose" and bool(CUES["together"].search(wording)),
    )


def wording_of(text: str, names: Iterable[NamedSpan]) -> str:
    """Return a message as `normal` gives it, without an opening such as a greeting."""
    whole = normal(text, names)
    return _OPENING.sub("", whole) or whole


def with_class(wording: str, drugs: int) -> tuple[str, int]:
    """Return a wording with `DRUG` for a class that stands for a drug, and how many drugs and classes it names.

    Args:
        wording: the message as `normal` gives it.
        drugs: how many drugs it names; a class beside one is left.
    """
    if drugs or _LISTS.search(wording) or not CUES["classes"].search(wording):
        return wording, drugs
    return CUES["classes"].sub("DRUG", wording), 1


def class_named(text: str, names: Iterable[NamedSpan] = ()) -> str | None:
    """Return the class of drugs that a message names, such as statins."""
    found = CUES["classes"].search(normal(text, names))
    written = re.search(re.escape(found.group()), text, re.IGNORECASE) if found else None
    return (written or found).group() if found else None


def _told(text: str, wording: str, drugs: int, diseases: int) -> tuple[Intent, Beyond | None]:
    if (form := _form(text, wording, named=bool(drugs or diseases))) is not None:
        return form, None
    wording, told_of = with_class(wording, drugs)
    if (beyond := beyond_of(wording, drugs=told_of, diseases=diseases)) is not None:
        return "out_of_scope", beyond
    if _is_again(wording, drugs, diseases):
        return "again", None
    if told_of == 0:
        return (_of_disease(wording, diseases), None) if diseases else of_none(wording)
    return _of_drugs(wording, told_of, diseases, named=drugs), None


def _of_disease(wording: str, diseases: int) -> Intent:
    """What a message wants that names a disease and no drug, but perhaps means one that was named before."""
    wanted = of_disease(wording, lists=_LISTS.search(wording) is not None)
    return wanted or _of_drugs(PRONOUN.sub("DRUG", wording), 1, diseases, named=1)


def _of_drugs(wording: str, drugs: int, diseases: int, *, named: int) -> Intent:
    """What a message wants that names drugs, or a class that counts as one and is not `named`."""
    if not _BEYOND_NAMES.search(wording):
        return "choose" if drugs > 1 else "assess"
    return likeliest(wording, drugs=drugs, diseases=diseases, among=_open_to(wording, named))[0]


def _open_to(wording: str, drugs: int) -> list[Intent]:
    """What a message with a drug may want: one drug is a contest only where others are asked for, a list of none."""
    closed = {"list"} if drugs and not _SUBSTANCE.match(wording) else set()
    if drugs < 2 and not CUES["contest"].search(wording):
        closed.add("choose")
    return [intent for intent in LEARNED if intent not in closed]


def _form(text: str, wording: str, *, named: bool) -> Intent | None:
    """Return what a message wants as a whole, whatever the conversation is about."""
    if _KEY.search(text) and (
        _KEY.fullmatch(text.strip(" .?!")) or (not named and (_SHOWS.search(wording) or len(wording.split()) < 7))
    ):
        return "citation"
    if named or not wording:
        return None
    forms: tuple[tuple[Intent, re.Pattern[str]], ...] = (
        ("restart", _RESTART), ("help", _HELP), ("explain", _EXPLAIN), ("thanks", _THANKS),
    )  # fmt: skip
    return next((intent for intent, pattern in forms if pattern.search(wording)), None)


def _is_again(wording: str, drugs: int, diseases: int) -> bool:
    """Whether a message changes the last question: without a drug, with one more, for another disease, or corrected."""
    if _LISTS_NOW.match(wording) or drugs + diseases == 0 or (drugs > 1 and CUES["together"].search(wording)):
        return False
    if _CORRECTS.search(wording) and len(wording.split()) < 14:
        return True
    if _WITHOUT.search(wording):
        return not diseases and drugs == 1
    return not (drugs and diseases) and drugs < 3 and _AGAIN.search(wording) is not None


def _about(text: str, wording: str) -> tuple[str, ...]:
    """Return the groups of people and the harms that a message asks about, as it words them."""
    harms = [found.group() for found in re.finditer(rf"\b(?:{HARMS})\b", wording)]
    organs = [f"{found.group(1)}{DAMAGE}" for found in _ORGAN.finditer(wording)]
    forms = () if "ILL" in wording else (_BROUGHT, HARM_COMPARED)
    brought = [found.group(1) for form in forms for found in form.finditer(wording)]
    return tuple(dict.fromkeys([*_groups(text, wording), *(harms or brought or organs)]))


def _without_diseases(text: str, names: Iterable[NamedSpan]) -> str:
    """Return a message without the diseases that it names: gestational diabetes is no question about pregnancy."""
    groups = "|".join(group.asked for group in GROUPS.values())
    for start, end, kind in sorted(names, reverse=True):
        if kind == "Disease" and not re.fullmatch(rf"(?:{groups})", text[start:end], re.IGNORECASE):
            text = f"{text[:start]} {text[end:]}"
    return text


def _groups(text: str, wording: str) -> list[str]:
    """Return the groups of people that a message speaks of, those that are names of diseases included."""
    plain = f"{wording} {re.sub(r'(?<=[a-z])[-‑–](?=[a-z])', ' ', text.lower())}"
    return [name for name, group in GROUPS.items() if re.search(rf"\b(?:{group.asked})\b", plain)]
