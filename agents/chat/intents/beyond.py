"""Wordings of what cannot be answered: doses, prices, diagnosis, one patient's treatment, an illness itself."""

from __future__ import annotations

import re

from kedrec.agents.chat.intents.wanted import Beyond

__all__ = ["beyond_of", "is_personal"]

_I = r"(?:i|we|he|she)"
_KIN = (
    r"(?:mother|father|mum|mom|dad|child|kid|children|son|daughter|wife|husband|baby|partner|grand\w+|brother|sister"
    r"|aunt|uncle|boyfriend|girlfriend|parents?)"
)
_MINE = (
    rf"(?:doctor|gp|medicines?|medications?|pills?|tablets?|prescription|treatment|therapy|condition|illness|{_KIN})"
)
_TAKE = (
    r"(?:take|taking|stop|start|use|switch|try|keep|give|quit|increase|reduce|skip|combine|mix|drink|have|be on|swap"
    r"|go|get|agree|accept|refuse|change|ask for|come off|inject|continue)"
)
_NOT_HOW = r"(?<!worried )(?<!careful )(?<!concerned )"
"""Stands before `should I` where it is not asked whether: `how worried should I be`."""
_DOSE = (
    r"(?<!low )(?<!high )(?<!reduced )\bdos(?:e|es|age|ages|ing)\b(?! dependent)|\bposolog|\btitrat"
    r"|\b\d+ ?(?:mg|mcg|µg|ug|milligrams?|units|ml)\b"
    r"|\bhow (?:much|many)\b(?! (?:better|worse|safer|evidence|trials?|studies|patients|people|drugs?"
    r"|medicines|weight|risks?|benefit|harm))"
    r"|\bmg\b|\bmilligrams?\b|\b(?:daily|right|correct|big|large) (?:\w+ ){0,2}amount\b|\bamount of DRUG\b"
    r"|\brate of (?:injection|infusion)\b|\bshelf\b"
    r"|\bexpir(?:e|es|ed|y|ation)\b|\bhow supplied\b|\bstrengths? of DRUG\b|\bdispensed\b|\bcrush\w*"
    r"|\bhal(?:f|ve) (?:a |my |the |of )?(?:DRUG|tablets?|pills?)"
    r"|\b(?:split|cut)(?:ting)? (?:a |my |the )?(?:DRUG|tablets?|pills?)"
    r"|\bhow (?:often|long|frequently|fast|quickly|soon)\b(?! (?:has|have|was|were|is"
    r"|are) (?:\w+ ){0,2}(?:approved|used|known|studied|on the market))|\bhow (?:do|should|to|can|must)"
    rf" ?(?:{_I}|you|one|patients|to)? ?(?:inject|swallow|administer|apply|take)\b"
    r"|\b(?:forgot|forgotten|skipped|doubled)\b.*\b(?:DRUG|pill|dose|tablet)s?\b"
    r"|\bhow is DRUG (?:given|taken|injected|administered|dosed)\b|\bmiss(?:ed)? (?:a |my |one )?(?:dose"
    r"|pill|tablet)|\bhow (?:should|do|to) .{0,6}\b(?:store|keep)\b|\b(?:before or after|with) (?:meals?"
    r"|food)\b"
    r"|\b(?:loading|maintenance|starting) (?:amount|regimen)\b|\b(?:once|twice) (?:a|per) day\b|\btimes (?:a"
    r"|per) day\b|\b(?:once|twice|times) daily\b|\btoo much\W*$"
)
_PRICE = (
    r"\b(?:price|prices|costs?(?! aside| apart)|pricing|expensive|cheap|cheaper|cheapest|afford\w*"
    r"|(?<!still )sold|on sale|insurance|reimburse\w*|covered by|medicare|medicaid|copay)\b"
    rf"(?! effective)|\b(?:where|how) (?:can|do|could|to) ?(?:{_I}|you|one)? ?(?:buy|get|order|obtain|purchase)\b"
    r"|\b(?:buy|order(?! by| of)|purchase)\b|\bover the counter\W*$"
    r"|\bwhich (?:hospital|doctor|clinic|specialist|pharmacy)\b"
    r"|\bwhere (?:is|are) (?:the )?(?:best|good|nearest)\b"
)
_DIAGNOSIS = (
    r"\b(?:do|have|could|might|may|did|can) (?:i|he|she|we|my \w+) (?:have|got|be having|suffer"
    r"|be suffering)\b(?! (?:to|DRUG)\b)|\bdiagnose (?:me|him|her|this|my)\b|\bwhat is wrong with (?:me|my|him|her)\b"
    r"|\bi have (?:an? )?(?:\w+ ){0,4}(?:ILL )?(?:\w+ ){0,3}what is (?:it|this|that)\b(?!.*DRUG)"
    r"|\b(?:my|these|his|her) symptoms?\b|\bwhat do i have\b(?! to)|\bwhat (?:disease|illness|condition)s? (?:is it"
    r"|is this|is that|could|do i|might)\b|\bwhat (?:is|could) (?:it|this|that)(?: be)? if i\b|\bis (?:this|my|that"
    r"|it) (?:\w+ )?(?:rash|lump|mole|pain|headache|cough|spot|fever|bump|swelling|lesion|tremor"
    r"|ILL)\b(?: an?)?(?: ILL)?|\bmy \w+ (?:hurts?|aches?|itches|is swollen|burns?)\b(?!.*DRUG)|\bhow do i know if\b"
    r"|\bwhat (?:could|can|might) (?:it|this|that) be\b|\b(?:could|can|might|may) (?:it|this|that) be (?:an? )?ILL"
)
_OWN = (
    r"\bprescribe (?:me|us|for me)\b|\bam i (?:allowed|able|supposed|ok) to\b|"
    rf"\b(?:should|shall|must|would it be|is it) (?:ok |okay |safe |fine |good |wise )?(?:for me "
    rf"|that )?(?:to )?{_I}?"
    rf" ?(?:{_TAKE})\b(?=.*\b(?:i|my|me|we)\b)"
    rf"|{_NOT_HOW}\b(?:should|shall|must) {_I} (?:\w+ )?{_TAKE}\b|\b(?:can|may"
    rf"|could|would) {_I} (?:\w+ )?{_TAKE}\b"
    r"(?!.*\b(?:with|and|while|when|plus|together|alongside|on) (?:\w+ )?DRUG)(?!.*DRUG (?:\w+ )?(?:with|and"
    r"|while|when|plus|together|alongside)\b(?! (?:food|meals?|water)))"
    rf"|\b(?:should|can|may|could) (?:my|our) {_KIN}\b"
    rf"|{_NOT_HOW}\bshould i\b(?! (?:watch|look out|know|expect|be aware"
    rf"|ask|mention|worry|be worried|monitor|check|test|be concerned))"
    r"|\bdo i (?:need|have to)\b(?! (?:look|watch|know|expect|be aware|be careful|monitor|check|pay|keep an eye))"
    rf"|\bwhat (?:should|can|could)"
    rf" (?:i|he|she|we|my \w+) (?:do|take|use|try|have)\b(?! (?:watch|look|know|ask))|\b(?:good|right|best"
    rf"|safe|better"
    r"|ok|okay|fine|suitable) for (?:me|us|him|her)\b(?! [a-z]{4,})|\b(?:good|right|best|safe|better|ok|okay|fine"
    r"|suitable) for my {_KIN}\b|\bwant(?:s|ed)? me (?:to|on)\b|\b(?:put|started) me on\b"
    rf"|\bwhat would you (?:do|take) (?:in my|if you)\b|\bin my (?:case|situation)\b"
    rf"|\b(?:i|we) (?:have|got|suffer from|was diagnosed with|am|feel)\b.*\b(?:is|are|was) DRUG (?:ok|okay"
    rf"|safe|right|good"
    r"|suitable|fine)\b|\bis it (?:ok|okay|safe|fine|wise) if i\b|\bis (?:that|this|it) (?:normal|serious"
    r"|common|to be expected)\b"
    r"|\bi (?:have been|am|was) (?:on|taking|using) DRUG\b(?!.*\b(?:caus\w+|side effects?|interact\w*|works?|due)\b)"
)
_CAUSE = (
    r"^(?:and |so )?what (?:\w+ )?(?:causes?|triggers?|provokes?|worsens?|leads? to|brings? on|is causing)\b"
    r"|\b(?:the |main |possible )?(?:causes?|triggers?|risk factors?) (?:of|for|behind) ILL\b"
    r"|\bwhy do (?:people|i|we|some) (?:get|have|develop) ILL\b|\bhow do (?:people|you|i|we) get ILL\b"
)
_ILLNESS = (
    r"^(?:please )?(?:what (?:is|are)|define|explain|describe|tell me about) (?:an? |the )?ILL\W*$|\b(?:symptoms?"
    r"|signs|prognosis|prevalence|incidence|epidemiology|genetics|life expectancy|diet|definition) (?:of|in|for"
    r"|with) ILL\b|\bhow (?:common|frequent|contagious|deadly|long does) (?:is |are )?ILL\b|\bis ILL (?:contagious"
    r"|hereditary|curable|genetic|deadly|fatal|inherited|dangerous|infectious)\b|\bILL (?:symptoms|prognosis|diet)\b"
    r"|\b(?:discover\w*|invented?|history of|named after)\b|\blooks? like\b|\bhow is ILL diagnosed\b"
    r"|\btests?\b.*\bILL\b"
    r"|\bdiagnos(?:e|es|is of) ILL\b|\bhow (?:do"
    r"|can) \w+ (?:diagnose|prevent|test for) ILL\b"
)
_TASK = (
    r"\b(?:write|draft|compose|translate|proofread) (?:me |us |up )?(?:an?|the|this|my|our|some)\b"
    r"|\b(?:icd|snomed|atc|cpt|meddra)\b"
)
"""Work for a writer, and codes."""
_PERSONAL = re.compile(
    rf"\bmy {_MINE}\b|\bi am (?:taking|on|pregnant|allergic|a patient|using)\b|\bi (?:take|took|use|was|have|got|had"
    rf"|suffer)\b|\b(?:me|mine)\b(?<!tell me)(?<!show me)(?<!help me)(?<!give me)|\bmy (?:\w+ )?ILL\b|\bi have been\b"
)
_OF: list[tuple[Beyond, re.Pattern[str]]] = [
    ("dose", re.compile(_DOSE)), ("price", re.compile(_PRICE)), ("own", re.compile(_OWN)),
    ("diagnosis", re.compile(_DIAGNOSIS)), ("other", re.compile(_TASK)),
]  # fmt: skip
_PATIENTS = re.compile(r"\b(?:a|an|my|our|the|this|in|for|old|male|female)(?: \w+)? patients?\b")
_TREATS = re.compile(
    r"\b(?:can|may|could|would) we (?:\w+ )?(?:use|try|give|combine|start|switch|add)\b"
    r"|\b(?:can|may|could|would) i (?:give|use)"
    r" DRUG (?:to|in) (?:an?|children|someone|people|the)\b|\bi prescribe\b"
)
"""Said by somebody who treats others."""
_STRENGTH = re.compile(r"\b\d+ ?(?:mg|mcg|milligrams?|units|ml)\b")
_NOT_OF_DOSE = re.compile(
    r"\b(?:for what|what is it for|(?:used|good|taken|given|is|are) for|side effects?|works?|treats?|versus"
    r"|better|safe\w*|interact\w*|with DRUG)\b"
)
"""Said of a drug whose strength is named by the way."""
_NO_DRUG: list[tuple[Beyond, re.Pattern[str]]] = [("cause", re.compile(_CAUSE)), ("illness", re.compile(_ILLNESS))]


def beyond_of(wording: str, *, drugs: int, diseases: int) -> Beyond | None:
    """Return why a message cannot be answered; None where it may be.

    Args:
        wording: the message as `normal` gives it.
        drugs: how many drugs it names.
        diseases: how many diseases it names.
    """
    if _STRENGTH.search(wording) and _NOT_OF_DOSE.search(wording):
        wording = _STRENGTH.sub("", wording)
    clinician = _PATIENTS.search(wording) is not None or _TREATS.search(wording) is not None
    for key, pattern in _OF:
        if clinician and key == "own":
            continue
        if pattern.search(wording) and not (key == "diagnosis" and drugs and _causal(wording)):
            return key
    if not drugs and diseases:
        return next((key for key, pattern in _NO_DRUG if pattern.search(wording)), None)
    return None


def is_personal(wording: str) -> bool:
    """Whether a message is about the user's own treatment, or that of someone close."""
    return _PERSONAL.search(wording) is not None


def _causal(wording: str) -> bool:
    """Whether it asks what a drug did, which is no question of what the illness is."""
    return re.search(r"\b(?:caus|from DRUG|due to DRUG|because of DRUG|by DRUG)", wording) is not None
