"""What a sentence reports of harm that a drug caused."""

from __future__ import annotations

import re

from kedrec.tools.findings.comparing import is_even
from kedrec.tools.findings.marked_names import DRUG

__all__ = ["GOOD_INDUCED", "gap", "harms", "is_taken_off", "reports_case"]

_STOPS = r"but|whereas|while|although|than|versus|vs|§D|§O"


def gap(most: int, stop: str = _STOPS) -> str:
    """A pattern of at most so many words, none of which turns what is said."""
    return rf"(?:(?!(?:{stop})\b)[^\s;]+\s+){{0,{most}}}"


_ILLS = (
    r"(?:adverse|side[- ]effects?|(?!cyto)\w*toxicit\w+|(?!cyto)\w*toxic\b|mortality|deaths?|died|fatal\w*"
    r"|hypersensitivity|overdose|poisoning|(?:\w+ )?complications?|withdrawals?|(?:\w+ )?(?:damage|injur(?:y|ies))"
    r"|(?:heart|renal|kidney|liver|hepatic|respiratory|organ|ovarian|cardiac) failure|h[a]?emorrhage|bleeding"
    r"|(?!apoptosis|diagnosis|prognosis|mitosis)\w+osis\b|\w+itis\b|\w+emia\b|\w+enia\b|\w+pathy\b|\w+uria\b"
    r"|\w+algias?\b|\w+lysis\b|syndrome|o?edema|convulsions?|seizures?|delirium|confusion|coma|psychosis|agitation"
    r"|aggression|disinhibition|hallucinations?|suicid\w+|sleepiness|somnolence|dizziness|headaches?|drowsiness"
    r"|sedation|azoospermia|infertility|\w*porphyria|thrombosis|emboli\w*|strokes?(?! (?:volume|work|index))"
    r"|infarctions?|arrhythmias?"
    r"|torsades\w*|bradycardia|tachycardia|hypotension|dyskinesias?|dystonia|akathisia|parkinsonism"
    r"|extrapyramidal \w+|rash|urticaria|pruritus|erythema|anaphyla\w+|alopecia|nausea|vomiting|diarrh\w+"
    r"|constipation|dysfunctions?|impairments?|risks?|malignanc\w+|cancers?|lymphomas?|lupus|vasculitis|ulcers?"
    r"|perforations?|fractures?|weight gain|infections?|reactivation|defects?|malformations?|teratogen\w+"
    r"|birth defects?|discomfort|irritation|reactions?|ototoxicity|shock|atrophy|cough|reactive (?:\w+ )?metabolites"
    r"|worsening|deterioration|exacerbations?|relapse)"
)
_BRINGS = (
    r"(?:causes?|caused|causing|induces?|induced|inducing|provokes?|provoked|worsens?|worsened|exacerbates?|"
    r"exacerbated|aggravates?|aggravated|triggers?|triggered|precipitates?|precipitated|produces?|produced|"
    r"results? in|resulted in|leads? to|led to|contributed? to|suffered from|developed|experienced|associated with|"
    r"increase in|showed)"
)
_TURNED = (
    r"but|than|§D|improved|reduced|lowered|prevented|decreased|attenuated|treated|managed|controlled|treatment|lower|"
    r"fewer|less|reductions?"
)
_LESS = r"but|reduc\w+|lower|decreas\w+|improv\w+|fewer|less"
GOOD_INDUCED = (
    r"improve\w*|remissions?|reduction|relief|immun\w+|apopto\w+|inhibit\w*|disruption|increase|suppress\w+|activation|"
    r"cell|death|cytotox\w+|expression|arrest|autophagy|differentiation|phosphorylation|ppi|responses?|analgesia|"
    r"changes|effects|(?:\w+ )?secretion|(?:\w+ )?release|vasodilat\w+"
    r"|relaxation|anesth\w+|an[a]?esthesia|weight loss|regression|decrease|blockade"
)
"""What a drug may induce that is no harm."""
_BY = r"(?:of|to|with|by|from|following|after|during|on|under|because of|due to|secondary to)"
_HARM = re.compile(
    rf"§D[- ](?:therapy[- ]|treatment[- ])?(?:induced|associated|related|provoked"
    rf"|triggered)\b(?! (?:{gap(2)})?(?:{GOOD_INDUCED}))|\b(?:induced|caused|provoked|triggered|complicated|worsened"
    rf"|exacerbated) by {gap(6)}§D(?![- ]resistan)|(?:secondary|due|attribut\w+|likely related|possibly related"
    rf"|owing) to {gap(6)}(?<!, )§D(?![- ]resistan)|\b{_ILLS} {gap(8, _TURNED)}{_BY} {gap(6, 'but|than|§D')}§D"
    rf"|§D(?: (?:can|may|could|might) (?:\w+ )?(?:cause|induce|provoke|trigger|precipitate) "
    rf"(?!(?:\w+ ){{0,2}}(?:{GOOD_INDUCED})))"
    rf"|§D,? {gap(8)}{_BRINGS} {gap(9, _LESS)}{_ILLS}|§D {gap(6)}(?:increase[sd]?|raise[sd]?|higher|greater"
    rf"|more) {gap(6, 'but|than')}{_ILLS}|(?:increase[sd]?|higher|greater|elevated|more) {gap(4)}(?:risks?|mortality"
    rf"|incidence|{_ILLS}) {gap(8, 'but|and|reduced')}§D|risks? {gap(6)}increase[sd]? {gap(30, 'but')}§D"
    rf"|contra-?indicated {gap(6)}§D|§D {gap(6)}contra-?indicated|§D (?:was|were|had to be) (?:discontinued|stopped"
    rf"|withdrawn)|(?:improv|resol|recover|normali|disappear|subsid|remit"
    rf"|reced)\w+ {gap(12, 'but|§D')}(?:discontinu\w+|withdrawal|cessation|stopping"
    rf"|withdrawing) (?:of )?{gap(4, 'but')}§D|§D (?:\w+ )?(?:worsen(?:s|ed)|aggravate[sd]|exacerbate[sd])"
    rf"|§D[^;]{{0,60}} should be avoided|\b(?:convulsant|toxic|ulcerogenic|carcinogenic|teratogenic|proarrhythmic"
    rf"|deleterious|harmful|\w+toxic) (?:effects?|activity|actions?) {gap(4)}of {gap(6)}§D"
    rf"|develop\w* {gap(14, 'but|§D')}(?:after|following|during|while) {gap(9, 'but')}§D|(?:after"
    rf"|following) (?:the )?(?:introduction|initiation|administration|start\w*|use"
    rf"|addition) of {gap(4)}§D[^;]*\b(?:worsen\w*|appeared|developed|occurred|emerged)|(?:after"
    rf"|following) {gap(6)}§D[^;]{{0,60}}, [^;]*\b(?:developed|appeared|occurred|worsened)\b|§D (?:may |can "
    rf"|could )?(?:have|has|had) {gap(3)}(?:adverse|side)[- ]effects?|(?:worsen\w*|appeared|occurred|emerged"
    rf"|began) {gap(10, 'but')}(?:after|following|during) {gap(9, 'but')}§D|{_ILLS} in (?:an? |the |two |three "
    rf"|\d+ )?{gap(6, 'but')}(?:patients?|woman|man|child|girl|boy|case) {gap(3, 'but')}(?:treated with|receiving"
    rf"|taking|on|given) {gap(4)}§D|§D[^;]{{0,60}}\bototoxicity|(?:adverse|side) effects?[^;]{{0,60}}§D"
    rf"|§D[^;]{{0,40}} (?:is|are|was|were) (?:\w+ )?(?!cyto)\w*toxic\b|hazards? of death {gap(12)}§D"
    rf"|§D {gap(4)}(?:reduce[sd]?|decrease[sd]?|impair(?:s|ed)|shorten(?:s|ed)) {gap(3)}(?:\w*survival|bmd"
    rf"|bone mineral density|quality of life|\w+ function|cognition)"
)
_CASE = re.compile(
    rf"\bdevelop\w* {gap(14, 'but|§D')}(?:after|following|during|while|within) {gap(9, 'but')}§D|{_ILLS} in (?:an? "
    rf"|the )?{gap(6, 'but')}(?:patients?|woman|man|child|girl|boy|case) {gap(3, 'but')}(?:treated with|receiving"
    rf"|taking|on|given) {gap(4)}§D|(?:\bcases? of|we report|we describe|to describe"
    rf"|first reported case)\b[^;]*(?:§D[- ](?:induced|associated|related)|{_ILLS}[^;]*§D)"
    rf"|{_BRINGS.replace('|showed', '')} by {gap(6)}§D|\brelated to {gap(6)}§D"
)
"""A harm that a case is reported of."""
_CURED = re.compile(
    r"\b(?:successful\w*|respond(?:ed|ing|s)|remission|effective\w*|benefit\w*|efficacy|"
    r"(?:nia|itis|osis|emia|ure|ia|ome|ses|hage|tion) (?:\w+ )?treated with)\b"
)
"""In a case report: the drug did good, or was only given."""
_AVERTED = re.compile(
    r"\b(?:no|not|without|reduc\w*|prevent(?!ion)\w*|fewer|lower\w*|decreas\w*|protect\w*|against|treat(?:ment|ing) "
    r"(?:of|for)|low|mild|absence|relie\w+|ameliorat\w+|control\w*|improv(?!ed with)\w+|rarely|rare|incidence was|"
    r"nor|neither|attenuat\w+|manag\w+|free of|suppress\w+|alleviat\w+|inhibit\w+|meta-analysis of|uncommon)\b"
)
_STOPPED = re.compile(
    r"(?:improv|resol|recover|normali|disappear|subsid|remit|reced|prognosis)\w* [^;]{0,80}(?:discontinu\w+"
    r"|withdrawal|cessation|stopping) of (?:\w+ )?[\w-]*§D|(?:discontinu\w+|withdrawal|cessation"
    r"|stopping) of (?:\w+ )?[\w-]*§D [^;]{0,80}(?:improv|resol|recover|normali|disappear|subsid|remit|prognosis)"
    r"|(?:undesirable|untoward|harmful) (?:consequences|effects) of §D|(?:concerns?"
    r"|warnings?) (?:\w+ ){0,3}(?:associated with|about|over|with) §D|experienced (?:\w+ ){1,6}after [^;]{0,120}§D"
    r"|§D[^;]{0,60}, in whom (?:\S+ ){1,12}developed|(?:adverse events?|aes?\b|toxicit\w+"
    r"|mortality) [^;]{0,40}(?:higher|more (?:common|frequent)|greater|increased) in (?:the )?§D"
    r"|§D [^;]{0,30}(?:enhanced|increased|aggravated|worsened) (?:the )?(?:§X|\w+ failure)"
)
"""Harms told otherwise: it went away when the drug was stopped."""
_TAKEN_OFF = re.compile(
    r"§D(?:(?!patients|subjects|participants|women|men|children|arm|group)[^;]){0,120}(?:was|were|been) (?:\w+ )?"
    r"(?:withdrawn|banned|taken off|removed)\b[^;]{0,60}(?:because of|due to|owing to|after|following)[^;]{0,60}"
    rf"\b(?:{_ILLS}|safety|disease)"
)
_OF_CELLS = re.compile(
    r"\binduc\w+ (?:\w+ ){0,2}deaths?\b|\bcell deaths?\b|\bdeaths? of (?:[\w-]+ ){0,3}(?:cells?|lymphocytes|neurons?"
    r"|blasts|bacteria|parasites)\b"
)
"""What a drug is given for where cells are to die."""
_DENIED = re.compile(
    r"\b(?:no (?:\w+ )?(?:cases?|evidence|signs?|reports?) (?:of|for)|without|not|never) (?:\w+ ){0,2}$"
)


def harms(text: str) -> bool:
    """Return whether a harm is reported that was not averted, before it or within.

    Args:
        text: in lower case, the drug marked.
    """
    if _STOPPED.search(text):
        return True
    text = _OF_CELLS.sub("apoptosis", text)
    even = any(is_even(text))
    for hit in _HARM.finditer(text):
        if even and "induced" not in hit[0]:
            continue
        by_drug = hit[0].startswith(DRUG)
        before = text[max(0, hit.start() - 40) : hit.start()]
        if _AVERTED.search(hit[0] if by_drug else before) is None and not _DENIED.search(before):
            return True
    return False


def is_taken_off(text: str) -> bool:
    """Return whether the drug was withdrawn from the market for the harm it did."""
    return _TAKEN_OFF.search(text) is not None


def reports_case(text: str) -> bool:
    """Return whether a report of a case, or a sentence on what was looked at, reports a harm of the drug."""
    if _STOPPED.search(text):
        return True
    return _CASE.search(text) is not None and _CURED.search(text) is None
