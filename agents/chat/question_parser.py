"""Which disease and which drugs a question is about, how that was understood, and what has to be asked back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kedrec.agents.chat.asking_back import EXAMPLE, asked_back, unknown_told
from kedrec.agents.chat.combining import unknown_names, with_combinations
from kedrec.agents.chat.entity_finder import NameInText, doubtful_words, find_names
from kedrec.agents.chat.groups_and_harms import GROUPS, HARMED_ORGANS, is_group
from kedrec.agents.chat.intents.reading import class_named, read
from kedrec.agents.chat.intents.wanted import ABOUT_ONE, OUT_OF_SCOPE, SAID, Intent, Wanted
from kedrec.agents.chat.intents.wording import NamedSpan, is_cue
from kedrec.agents.chat.left_out import left_out
from kedrec.agents.chat.naming.unknown_illnesses import VAGUE, asking_of_unknown
from kedrec.agents.chat.salts import with_salts
from kedrec.graphdb.store import GraphStore
from kedrec.records import Match, Record

__all__ = [
    "EXAMPLE",
    "WHAT_TO_AVOID",
    "Understanding",
    "asks_what_to_avoid",
    "of_a_class",
    "said_how",
    "understand",
    "understood_from",
]

WHAT_TO_AVOID = "I weigh drugs that may help and cannot list those to avoid. Name the drugs that you have in mind."
"""Asked back where the question is what not to give."""
_AVOID = re.compile(
    r"\b(?:(?:should|must|can)(?: ?not|n't)|not (?:to )?(?:be )?(?:given?|used?|taken?|prescribed?)|never|avoid\w*"
    r"|contraindicat\w*|worst)\b",
    re.IGNORECASE,
)
_TREATED = re.compile(
    r"\b(?:in|for|with|of|has|have|treat\w*)(?: (?:the|my|an?|people|patients|adults|severe|chronic|acute"
    r"|with|treatment of)){0,4} $",
    re.I,
)
_BESIDE = re.compile(
    r"(?:['’]s)?\W*(?:(?:with|plus|complicated by|when there is|who (?:also )?ha(?:s|ve)) (?:(?:an?|the|coexisting"
    r"|concomitant|underlying|comorbid) )?)?",
    re.I,
)
"""Stands between an illness and what somebody with it has as well, or a sign of it."""
_HARMED = re.compile(
    r"\b(?:fewer|less|more|lower|higher|least|most|fewest|any|caus\w+|risks? of|rates? of|chance of|induc\w+"
    r"|trigger\w*|worsen\w*|leads? to|get|develop\w*|differ in|provok\w+|from|because of|about)(?: (?:the|an?|serious"
    r"|severe|more"
    r"|new|risk of)){0,3} $",
    re.I,
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
    wanted: Wanted = Wanted()
    """What the question wants."""
    without: tuple[Match, ...] = ()
    """Drugs that are not to be weighed."""
    group: str = ""
    """The class of drugs that was asked about and that `drugs` are members of; empty where drugs were named."""
    ask_back: str | None = None
    """One line to ask the user, where the question cannot be answered as it stands."""

    @property
    def intent(self) -> Intent:
        """What the question wants, in a word."""
        return self.wanted.intent


def understand(text: str, store: GraphStore) -> Understanding:
    """Understand a question by the names and synonyms of the graph, with no language model.

    Args:
        text: the question.
        store: the graph.

    Returns:
        What was found, and what to ask back where the disease is missing, a name is ambiguous or nearly a name; a
        similar name is offered and never put in place of what was written.
    """
    apart = with_salts(text, store, find_names(text, store))
    found = with_combinations(text, store, apart)
    wanted = read(text, _spans(apart if unknown_names(found) else found))
    if wanted.together and wanted.intent == "safety":
        found = apart
    known = [named for named in found if named.match.match != "none"]
    diseases = _one_each(named.match for named in known if named.kind == "Disease")
    drugs = _one_each(named.match for named in known if named.kind == "Compound")
    whole = wanted.intent in SAID or wanted.intent in {"explain", "citation"}
    misspelled = [] if whole else _misspelled(text, store, found, diseases, drugs)
    if misspelled:
        wanted = read(text, [*_spans(found), *_where(text, misspelled)])
    made = understood_from(text, diseases, drugs, misspelled, unknown_names(found), wanted=wanted)
    vague = [match.query for match in diseases if match not in _without_vague(diseases)]
    asked = wanted.about if wanted.intent in {"safety", "causes"} else ()
    groups = "|".join(GROUPS[name].asked for name in asked if name in GROUPS) or "(?!)"
    left = tuple(phrase for phrase in left_out(text, found, vague) if not re.search(rf"\b(?:{groups})", phrase, re.I))
    known_of = (made.disease, *made.unclear)
    beside = tuple(match.query for match in diseases if made.disease and match not in known_of and match.entity)
    unsaid = tuple(name for name in beside if name not in (*vague, *made.wanted.about) and not is_group(name))
    return asking_of_unknown(made.model_copy(update={"left_out": (*left, *unsaid)}), store)


def understood_from(
    text: str,
    diseases: Sequence[Match],
    drugs: Sequence[Match],
    misspelled: Sequence[Match] = (),
    unknown: Sequence[Match] = (),
    *,
    wanted: Wanted | None = None,
) -> Understanding:
    """Put together what was found in a question.

    Args:
        text: the question.
        diseases: the diseases found, ambiguous ones included.
        drugs: the drugs found, ambiguous ones included.
        misspelled: words that may have been meant as names, with suggestions.
        unknown: combinations and salts that the graph does not have, with their parts or drug.
        wanted: what the question wants; by rule where None.
    """
    wanted = wanted or read(text, _where(text, [*diseases, *drugs]))
    ambiguous = [match for match in (*diseases, *drugs) if match.entity is None]
    sure = _without_vague([match for match in diseases if match.entity is not None])
    ill, harms = told_apart(text, sure, wanted)
    known = tuple(match for match in drugs if match.entity is not None)
    named = [ill] if ill else sure
    told = [unknown_told(match) for match in unknown]
    told = told or [said for match in misspelled if (said := of_a_class(match.query))]
    ask = " ".join(told) or asked_back(ambiguous, named, known, misspelled)
    unsure = bool(ambiguous or misspelled or unknown)
    ask = _said(wanted, text, known, bool(sure), unsure) or (
        None if _needs_no_disease(wanted, known, named, unsure) else ask
    )
    if harms:
        wanted = wanted.model_copy(
            update={"about": tuple(dict.fromkeys([*(one.query for one in harms), *wanted.about]))}
        )
    settled = wanted.intent in SAID or wanted.intent == "out_of_scope"
    return Understanding(
        text=text,
        disease=named[0] if len(named) == 1 else None,
        drugs=known,
        unclear=() if settled else (*unknown, *ambiguous, *_several(named), *misspelled),
        wanted=wanted,
        ask_back=ask,
    )


def _said(wanted: Wanted, text: str, drugs: Sequence[Match], disease: bool, unsure: bool) -> str | None:
    """What is said at once to a question, whatever it names."""
    if wanted.intent in SAID:
        return SAID[wanted.intent]
    if wanted.beyond is not None:
        return OUT_OF_SCOPE[wanted.beyond]
    if drugs or unsure:
        return None
    if wanted.intent in ABOUT_ONE and (told := of_a_class(text)):
        return told
    return WHAT_TO_AVOID if asks_what_to_avoid(text) or (wanted.intent == "safety" and disease) else None


def of_a_class(text: str) -> str | None:
    """Return what is said to a message that names a class of drugs and no drug; None where it names no class."""
    if (named := class_named(text)) is None:
        return None
    return f"“{named}” are a class, and I look at single drugs. Name one of them, and the disease."


def _needs_no_disease(wanted: Wanted, drugs: Sequence[Match], diseases: Sequence[Match], unsure: bool) -> bool:
    """Whether a question about drugs can be answered although it names no disease."""
    if unsure or diseases or not drugs:
        return False
    harm = wanted.intent == "safety" and bool(wanted.about)
    several = len(drugs) > 1 and (wanted.intent in {"mechanism", "use"} or harm)
    return (len(drugs) == 1 and wanted.intent in ABOUT_ONE[1:]) or several or wanted.together


def told_apart(text: str, diseases: Sequence[Match], wanted: Wanted) -> tuple[Match | None, tuple[Match, ...]]:
    """Tell the disease that is treated from those that are asked about as harms; none where that is unclear.

    Args:
        text: the question.
        diseases: the diseases that it names, each once.
        wanted: what it wants.
    """
    if len(diseases) == 2 and _is_beside(text, *diseases) and wanted.intent not in {"safety", "causes"}:
        return diseases[0], ()
    if len(diseases) < 2 or wanted.intent not in {"safety", "causes", "choose", "assess"}:
        return None, ()
    before = [text[: text.lower().find(match.query.lower())] for match in diseases]
    treated = [match for match, said in zip(diseases, before, strict=True) if _TREATED.search(said)]
    harms = [match for match, said in zip(diseases, before, strict=True) if _HARMED.search(said)]
    left = [match for match in treated if match not in harms] or [match for match in diseases if match not in harms]
    if wanted.intent == "safety" and not harms and len(left) > 1:
        left = left[-1:]
    if len(left) != 1 or (not harms and wanted.intent != "safety"):
        return None, ()
    others = tuple(match for match in diseases if match is not left[0])
    return (others[0], ()) if wanted.intent == "causes" else (left[0], others)


def _is_beside(text: str, ill: Match, other: Match) -> bool:
    """Whether the second of two diseases is what somebody with the first has as well: `AF with CKD`."""
    lowered = text.lower()
    between = lowered[lowered.find(ill.query.lower()) + len(ill.query) : lowered.find(other.query.lower())]
    return _BESIDE.fullmatch(between) is not None or (is_group(other.query) and between.strip() in {"and", "&", "+"})


def _spans(found: Iterable[NameInText]) -> list[NamedSpan]:
    """Where names stand; one that is another name of the same is `Repeated`."""
    seen, spans = set[str](), list[NamedSpan]()
    for named in sorted(found):
        meant = named.match.entity.id if named.match.entity else named.match.query.lower()
        spans.append((named.start, named.end, "Repeated" if meant in seen else named.kind))
        seen.add(meant)
    return spans


def _where(text: str, matches: Iterable[Match]) -> list[NamedSpan]:
    """Where the names of matches stand in a text; those that do not stand there are left out."""
    lowered = text.lower()
    places = [(lowered.find(match.query.lower()), match) for match in matches]
    return [(at, at + len(match.query), _kind(match)) for at, match in places if at >= 0]


def _kind(match: Match) -> str:
    kinds = [one.id.partition("::")[0] for one in ((match.entity,) if match.entity else match.alternatives)]
    return "Compound" if "Compound" in kinds or not kinds else kinds[0]


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
    precise = [match for match in diseases if match.query.lower() not in VAGUE]
    return precise or diseases


def _several(diseases: Sequence[Match]) -> tuple[Match, ...]:
    return tuple(diseases) if len(diseases) > 1 else ()


def _misspelled(
    text: str, store: GraphStore, found: Sequence[NameInText], diseases: Sequence[Match], drugs: Sequence[Match]
) -> list[Match]:
    """Words that may have been meant as what the question lacks."""
    kinds = [*([] if diseases else ["Disease"]), *([] if len(drugs) > 1 else ["Compound"])]
    grouped = [one.group().lower() for group in GROUPS.values() for one in re.finditer(group.asked, text, re.I)]
    return [
        match
        for match in doubtful_words(text, store, found, kinds)
        if not is_cue(match.query)
        and not any(match.query.lower() in phrase for phrase in grouped)
        and match.query.lower().rstrip("s") not in HARMED_ORGANS
    ]
