"""How a message goes on with what a conversation is about: which drugs it means, what it adds, drops or corrects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kedrec.agents.chat.groups_and_harms import HARMS
from kedrec.agents.chat.intents.wanted import ABOUT_ONE, Intent, Wanted
from kedrec.agents.chat.question_parser import WHAT_TO_AVOID, Understanding, of_a_class
from kedrec.agents.chat.turns import Topic
from kedrec.records import Entity, Match, Recommendation

__all__ = ["asks_on", "asks_why_not", "completes", "drugs_meant", "is_harm", "merged", "said_absent"]

_AFRESH = re.compile(
    r"\b(?:best|which|recommend\w*|options?|top|what (?:drugs?|treatments?|can|could|should|helps?|works?"
    r"|is used))\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"\b(?:the |and |an)?others?\b(?! than)", re.IGNORECASE)
_ALL = re.compile(
    r"\b(?:both|they|them|their|either|neither|each|all|which|these|those|two|drugs|compare\w*|fewer|less"
    r"|more|safer|better)\b",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|its|it's|this|that|this one|that one|the drug)\b", re.IGNORECASE)
_PLACES = (
    (0, re.compile(r"\b(?:first|former)\b", re.IGNORECASE)),
    (1, re.compile(r"\b(?:second|latter)\b", re.IGNORECASE)),
    (2, re.compile(r"\bthird\b", re.IGNORECASE)),
)
_WITHOUT = re.compile(
    r"\b(?:without|minus|except|excluding|leav(?:e|ing)|drop\w*|remov\w+|exclud\w+|ignor\w+|omit\w*"
    r"|not counting|apart from"
    r"|other than|take out|get rid of|can ?not|can['’]?t|could ?n['’]?t|unable|allergic|intoleran\w+|refus\w+)\b",
    re.IGNORECASE,
)
_ADDS = re.compile(r"\b(?:add\w*|includ\w*|with|also|too|as well|plus)\b", re.IGNORECASE)
_COMPARED = re.compile(r"\b(?:compar\w*|versus|vs|against|instead|rather|better|worse|superior|than)\b", re.IGNORECASE)
_WHICH = re.compile(r"\b(?:which|both|either|neither|the two)\b", re.IGNORECASE)
_OF_THEM = re.compile(r"\b(?:which (?:one|of (?:them|these|those|the two))|both|either|the two)\b", re.IGNORECASE)
_WHY_NOT = re.compile(r"\W*(?:(?:and|but|so|ok(?:ay)?)\W+)*why not\b", re.IGNORECASE)
_FOR = re.compile(r"\b(?:for|in|treat\w*|patients?)\b", re.IGNORECASE)
"""Says that what is named is to be treated, and is no harm."""
_NOT = re.compile(r"\b(?:not|instead of|rather than)\W+(?:\w+\W+){0,2}?$", re.IGNORECASE)


def asks_on(new: Understanding, topic: Topic) -> tuple[str, ...] | None:
    """Return the harms and groups that a message asks about the drugs of the last answer; None where it goes elsewhere.

    Args:
        new: what the message says.
        topic: what the conversation is about.
    """
    last, named = topic.recommendation, new.disease
    if (
        last is None
        or _asks_of_earlier(new, topic)
        or _goes_elsewhere(new, topic, {drug.id for drug in last.candidates})
    ):
        return None
    if named is None or (named.entity is not None and named.entity.id == last.disease.id):
        return new.wanted.about if not new.unclear else None
    if new.drugs and new.intent != "causes":
        return None
    harm = new.intent in {"safety", "causes"} or is_harm(new)
    return tuple(dict.fromkeys([named.query, *new.wanted.about])) if harm else None


def _asks_of_earlier(new: Understanding, topic: Topic) -> bool:
    """Whether a message without a drug is about both the last one and the one asked about before it."""
    if not topic.earlier or new.drugs or new.unclear:
        return False
    of_them = _OF_THEM.search(new.text) if new.disease else _WHICH.search(new.text)
    return of_them is not None or (new.intent == "choose" and new.disease is None)


def asks_why_not(new: Understanding, topic: Topic) -> bool:
    """Whether a message asks why one of the drugs that were weighed was not chosen."""
    weighed = {drug.id for drug in topic.recommendation.candidates} if topic.recommendation else set()
    named = {drug.entity.id for drug in new.drugs if drug.entity}
    return bool(named) and named <= weighed and new.disease is None and _WHY_NOT.match(new.text) is not None


def is_harm(new: Understanding) -> bool:
    """Whether the disease that a message names is a side effect as people word it, such as infections."""
    return new.disease is not None and re.fullmatch(rf"(?:{HARMS})", new.disease.query.lower()) is not None


def completes(new: Understanding, topic: Topic) -> bool:
    """Whether a message asks of the one drug that a question back was about, and needs no name."""
    named = new.drugs or new.disease or new.unclear or topic.unclear
    return not named and len(topic.drugs) == 1 and new.intent in ABOUT_ONE[1:] and topic.disease is None


def _goes_elsewhere(new: Understanding, topic: Topic, weighed: set[str]) -> bool:
    """Whether a message is not about the drugs that were weighed, or changes which are."""
    harm = is_harm(new) and (_ALL.search(new.text) or not _FOR.search(new.text))
    if new.wanted.corrects or new.intent in {"choose", "out_of_scope"} or (new.intent == "list" and not harm):
        return True
    changes = bool(new.disease) or not (topic.about or topic.asked) or _WITHOUT.search(new.text)
    strange = any(drug.entity is None or drug.entity.id not in weighed for drug in new.drugs)
    return strange or (new.intent == "again" and bool(changes) and not harm)


def drugs_meant(new: Understanding, topic: Topic, last: Recommendation, about: Sequence[str]) -> tuple[Entity, ...]:
    """Return the drugs of the last answer that a message means: named, the other one, both, or the one in focus."""
    named = {drug.entity.id for drug in new.drugs if drug.entity}
    drugs = last.candidates
    first = {last.favoured or drugs[0].id}
    focus = set(topic.focus) if 0 < len(topic.focus) < len(drugs) else first
    if named:
        return tuple(drug for drug in drugs if drug.id in named)
    if _OTHERS.search(new.text):
        return tuple(drug for drug in drugs if drug.id not in focus) or drugs
    for place, pattern in _PLACES:
        if pattern.search(new.text) and place < len(drugs) and not re.search(r"first[- ]line", new.text, re.IGNORECASE):
            return (drugs[place],)
    if _IT.search(new.text) and not re.search(r"\b(?:which|both|either)\b", new.text, re.IGNORECASE):
        return tuple(drug for drug in drugs if drug.id in focus)[:1] or drugs[:1]
    if about or _ALL.search(new.text):
        return drugs
    return tuple(drug for drug in drugs if drug.id in focus)


def merged(new: Understanding, topic: Topic) -> Understanding:
    """Return a message completed by what the conversation is about."""
    if topic.pending and new.intent in {"assess", "choose", "list"} and _is_names_alone(new):
        new = new.model_copy(update={"wanted": Wanted(intent=topic.intent, about=topic.about)})
    if new.wanted.corrects and (new.disease or new.drugs):
        return _corrected(new, topic)
    if topic.harm and new.drugs and new.disease is None and _COMPARED.search(new.text):
        wanted = Wanted(intent=topic.intent, about=topic.about)
        drugs, ask = _joined(_former(topic), new.drugs), new.ask_back if new.unclear else None
        return new.model_copy(update={"disease": topic.disease, "drugs": drugs, "wanted": wanted, "ask_back": ask})
    if new.intent == "again" or _adds_on(new, topic):
        return _again(new, topic)
    if _asks_of_earlier(new, topic):
        disease, drugs = new.disease or topic.disease, _joined(topic.earlier, topic.drugs)
        wanted = new.wanted.model_copy(update={"intent": "choose" if new.intent == "list" else new.intent})
        update = {"disease": disease, "drugs": drugs, "wanted": wanted, "ask_back": None}
        return new.model_copy(update=update)
    if new.intent == "choose" and not (new.drugs or new.disease or new.unclear) and topic.disease is not None:
        wanted = Wanted(intent="list", about=new.wanted.about)
        gone = (*topic.without, *_former(topic))
        return new.model_copy(
            update={"disease": topic.disease, "drugs": (), "without": gone, "wanted": wanted, "ask_back": None}
        )
    unclear = new.ask_back if new.unclear or new.ask_back in {WHAT_TO_AVOID, of_a_class(new.text)} else None
    # A disease that was taken for one drug is not what another is asked about in.
    elsewhere = topic.assumed and bool(new.drugs) and new.intent in ABOUT_ONE[1:]
    disease = new.disease or (None if elsewhere else topic.disease)
    enough = (disease and (new.disease or new.drugs)) or (topic.pending and completes(new, topic))
    ask = unclear or (None if enough else new.ask_back)
    return new.model_copy(update={"disease": disease, "drugs": _drugs(new, topic), "ask_back": ask})


def said_absent(whole: Understanding, topic: Topic) -> tuple[str, ...]:
    """Say of the drugs that a message leaves out which were not among those that were weighed.

    Args:
        whole: the message, completed.
        topic: what the conversation was about before it.
    """
    if topic.recommendation is None:
        return ()
    weighed = {drug.id for drug in topic.recommendation.candidates}
    new = [drug.entity for drug in whole.without[len(topic.without) :] if drug.entity]
    return tuple(f"{drug.name} was not among the drugs weighed." for drug in new if drug.id not in weighed)


def _is_names_alone(new: Understanding) -> bool:
    """Whether a message says nothing beside names, as a reply to a question back does."""
    text = new.text.lower()
    for match in (*new.drugs, *([new.disease] if new.disease else [])):
        text = text.replace(match.query.lower(), " ")
    return bool(new.drugs or new.disease) and not set(re.findall(r"[a-z]{2,}", text)) - {"the", "or", "and", "please"}


def _adds_on(new: Understanding, topic: Topic) -> bool:
    """Whether a message names a drug beside those of the conversation, and nothing else."""
    return (
        new.intent in {"choose", "assess"}
        and len(new.drugs) == 1
        and new.disease is None
        and bool(topic.recommendation)
    )


def _again(new: Understanding, topic: Topic) -> Understanding:
    """The last question with other drugs or another disease."""
    former, dropped = _former(topic), tuple[Match, ...]()
    if new.drugs and _WITHOUT.search(new.text):
        dropped = new.drugs
        gone = {drug.entity.id for drug in dropped if drug.entity}
        drugs = tuple(drug for drug in former if drug.entity and drug.entity.id not in gone) if topic.drugs else ()
    elif new.drugs and new.disease is None and topic.intent in ABOUT_ONE[1:] and not _COMPARED.search(new.text):
        wanted = Wanted(intent=topic.intent, about=topic.about)
        disease = None if topic.assumed else topic.disease
        ask = new.ask_back if new.unclear else None
        return new.model_copy(update={"disease": disease, "drugs": new.drugs, "wanted": wanted, "ask_back": ask})
    elif new.drugs and new.disease is None:
        drugs = _beside(new, topic, former)
    else:
        drugs = new.drugs or topic.drugs
    disease = new.disease or topic.disease
    keeps = new.disease is not None and not new.drugs
    intent: Intent = topic.intent if keeps and (len(drugs) != 1 or topic.intent in ABOUT_ONE) else "choose"
    intent = "assess" if len(drugs) == 1 and intent == "choose" and not dropped else intent
    intent = "list" if not drugs else intent
    wanted = Wanted(
        intent=intent if drugs or intent == "list" else "choose",
        about=new.wanted.about or (topic.about if keeps else ()),
    )
    ask = new.ask_back if new.unclear or (disease is None) or (former == () and not drugs and not dropped) else None
    if disease is not None and not new.unclear:
        ask = None
    return new.model_copy(
        update={"disease": disease, "drugs": drugs, "wanted": wanted, "ask_back": ask,
                "without": (*topic.without, *dropped)}
    )  # fmt: skip


def _beside(new: Understanding, topic: Topic, former: Sequence[Match]) -> tuple[Match, ...]:
    """The drugs that a new one is weighed with: all where it is added, else the chosen one."""
    adds = _ADDS.search(new.text) and not _COMPARED.search(new.text)
    if topic.recommendation is None or topic.unclear or adds or len(new.drugs) > 1:
        return _joined(former if adds or topic.unclear or topic.recommendation is None else (), new.drugs)
    # The drug that a new one is compared with: the chosen one, or the first one named.
    last = topic.recommendation
    chosen = next((drug for drug in last.candidates if drug.id == last.favoured), None) if last else None
    kept = _match(chosen) if chosen else next(iter(_former(topic)), None)
    if kept is None or kept.entity is None or _same(kept, new.drugs[0]):
        return new.drugs
    return (next((drug for drug in topic.drugs if _same(drug, kept)), kept), *new.drugs)


def _corrected(new: Understanding, topic: Topic) -> Understanding:
    """The last question with what was meant in place of what was understood."""
    meant = [drug for drug in new.drugs if not _NOT.search(new.text[: new.text.lower().find(drug.query.lower())])]
    wrong = [drug for drug in new.drugs if drug not in meant]
    drugs = topic.drugs
    for drug in meant:
        drugs = _put_right(drugs, drug, wrong)
    ask = new.ask_back if new.unclear else None
    disease = new.disease or topic.disease
    if disease is None:
        ask = new.ask_back or "For which disease?"
    wanted = Wanted(
        intent=topic.intent if len(drugs) != 1 or topic.intent in ABOUT_ONE else "assess", about=topic.about
    )
    return new.model_copy(update={"disease": disease, "drugs": drugs, "wanted": wanted, "ask_back": ask})


def _put_right(drugs: Sequence[Match], meant: Match, wrong: Sequence[Match]) -> tuple[Match, ...]:
    """The drugs with one in place of the wrong one, of the one most alike, or of the last."""
    from rapidfuzz.fuzz import ratio

    if not drugs or any(_same(drug, meant) for drug in drugs):
        return tuple(drugs) or (meant,)
    told = next((drug for drug in drugs if any(_same(drug, one) for one in wrong)), None)
    alike = max(drugs, key=lambda drug: ratio(_name(drug), _name(meant)))
    old = told or (alike if ratio(_name(alike), _name(meant)) > 55 else drugs[-1])
    return tuple(meant if drug is old else drug for drug in drugs)


def _drugs(new: Understanding, topic: Topic) -> tuple[Match, ...]:
    if len(new.drugs) == 1 and new.intent in ABOUT_ONE[1:]:
        return new.drugs
    if new.disease is not None:
        afresh = bool(new.drugs) or _AFRESH.search(new.text) is not None
        return new.drugs if afresh else topic.drugs
    if new.drugs and (topic.unclear or topic.recommendation is None):
        return _joined(topic.drugs, new.drugs)
    return new.drugs or topic.drugs


def _former(topic: Topic) -> tuple[Match, ...]:
    """The drugs of the conversation: those named, else those that were weighed."""
    if topic.drugs or topic.recommendation is None:
        return topic.drugs
    return tuple(map(_match, topic.recommendation.candidates))


def _match(drug: Entity) -> Match:
    return Match(query=drug.id, match="exact", entity=drug)


def _same(one: Match, other: Match) -> bool:
    return one.entity is not None and other.entity is not None and one.entity.id == other.entity.id


def _name(drug: Match) -> str:
    return drug.entity.name.lower() if drug.entity else drug.query.lower()


def _joined(former: Sequence[Match], new: Sequence[Match]) -> tuple[Match, ...]:
    """Both, each drug once."""
    return tuple({drug.entity.id: drug for drug in (*former, *new) if drug.entity}.values())
