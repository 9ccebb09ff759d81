"""What a sentence says that a drug did in a disease: benefit, harm, no difference, or nothing.

The effect comes before harm where a sentence tells both. Equal to, or worse than, what it was compared with is `no
difference`, and so is a result that missed significance; what was set out to be found, a criterion or mere use is
`nothing`.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from kedrec.records import Entity
from kedrec.tools.findings.marked_names import DRUG, marked, without_heading
from kedrec.tools.text.sentence_cues import is_criterion, sets_out

__all__ = ["EFFECTS", "Effect", "effect_of"]

Effect = Literal["benefit", "harm", "no_difference", "nothing"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
"""Every effect."""


def _gap(most: int, stop: str = r"but|whereas|while|although|than|versus|vs|§D|§O") -> str:
    """A pattern of at most so many words, none of which turns what is said."""
    return rf"(?:(?!(?:{stop})\b)[^\s;]+\s+){{0,{most}}}"


_MORE = (
    r"(?:superior|better|more|greater|higher|lower|fewer|less|larger|faster|favou?red|advantages?|enhanced|stronger|"
    r"improved|exceeded|outperformed)"
)
_AGAINST = r"(?:than|to|over|versus|vs\.?|against|(?:compared|comparison) (?:with|to))"
_OUTCOME = (
    r"(?:efficac\w*|effect\w*|rates?|outcomes?|respon\w+|results?|control|survival|benefits?|reduc\w+|improve\w*|"
    r"efficien\w+|activity|success\w*|utility|changes?)"
)
_LOST = re.compile(
    rf"{_MORE}\b(?:(?!§D)[^;])*?\b{_AGAINST} (?!\d)(?:(?!§D)[^;]){{0,60}}§D"
    rf"|§D {_gap(8)}(?:(?<!non)(?<!non-)inferior|(?:less|not as) (?:\w+ )?(?:effective|efficacious|well)|"
    rf"worse) {_gap(3)}"
    rf"|inferior {_gap(14)}§D|inability {_gap(14)}§D"
)
"""The drug came off worse."""
_EQUAL = re.compile(
    rf"\bas (?:\w+ )?(?:effective|efficacious|good|active)\b|\bas well as (?=§)(?!§D)|equally (?:\w+ )?(?:effective|"
    rf"efficacious|well)"
    rf"|(?:comparable|similar|equivalent|equal) (?:\w+ ){{0,3}}{_OUTCOME}|{_OUTCOME} (?:\S+ ){{0,6}}?(?:comparable|"
    rf"similar|equivalent|equal)\b|non-?inferior|(?:statistically|broadly) similar"
    r"|\bno (?:\w+ ){0,4}(?:differences?|preference|advantage|benefit|effect|improvement|superiority|efficacy|"
    r"reduction)"
    r"|\b(?:not|n't) (?:\w+ ){0,3}(?:differ\w*|more|superior|better|effective|associated|enough|maintained)"
    r"|\b(?:not|never|n't|neither) (?:\w+ ){0,3}(?:improv\w+|reduc\w+|prevent\w*|decreas\w+|prolong\w*|increas\w+|"
    r"affect\w*|provide|reach\w*|show\w*|alter\w*|have|meet|met|respond\w*|benefit\w*|change[ds]?)\b"
    r"|\bno (?:\w+ )?(?:better|different|more \w+|superior|safer)\b|fail(?:ed|s|ure)? to|\bany (?:\w+ )?benefit|"
    r"\bwithout (?:reaching )?(?:statistical )?significan"
    r"|\black(?:ed|s)? (?:of )?(?:efficacy|effect|benefit)|\bineffective\b|\bn\.s\."
)
"""No difference from what it was compared with, or no effect."""
_MISSED = re.compile(r"\bp\s*[=>]\s*0?[.·](?:0[5-9]|[1-9])")
_REACHED = re.compile(r"\bp\s*[=<≤]\s*0?[.·]0(?:[0-4]|\b)|\bsignificant(?:ly)?\b")
_SAFE = re.compile(
    r"toler\w+|safety|adverse|side[- ]effects?|pharmacokinetic\w*|concentrations?|auc|bioavailab\w+|resistan\w+"
)
_ILLS = (
    r"(?:adverse|side[- ]effects?|toxicit\w+|\w*toxic\b|mortality|deaths?|died|hypersensitivity|overdose|poisoning|"
    r"complications?|withdrawals?|(?:gastric|heart|organ|liver|kidney|renal|cardiac) (?:damage|injury|failure)|"
    r"h[a]?emorrhage|"
    r"bleeding|\w+osis\b|\w+itis\b|\w+emia\b|\w+enia\b|\w+pathy\b|syndrome|edema|convulsions?|seizures?|delirium|"
    r"sleepiness|azoospermia|\w*porphyria|thrombosis|rash|dysfunctions?|risks?)"
)
_BRINGS = (
    r"(?:causes?|caused|causing|induces?|induced|inducing|provokes?|provoked|worsens?|worsened|exacerbates?|"
    r"exacerbated|"
    r"aggravates?|aggravated|triggers?|triggered|precipitates?|precipitated|results? in|resulted in|leads? to|led to|"
    r"suffered from|developed|showed)"
)
_TURNED = r"but|than|§D|improved|reduced|lowered|prevented|decreased|attenuated|treated|managed|controlled"
_HARM = re.compile(
    rf"§D[- ](?:therapy[- ]|treatment[- ])?(?:induced|associated|related|provoked|triggered)\b(?! (?:{_gap(2)})?"
    r"(?:improve\w*|remission|reduction|relief|immun\w+|apopto\w+|inhibit\w*|disruption))"
    rf"|\b(?:induced|caused|provoked|triggered|complicated) by {_gap(6)}§D(?![- ]resistan)"
    rf"|\b{_ILLS} {_gap(8, _TURNED)}(?:of|to|with|by|from|following|after|during|on|under|because|due) "
    rf"{_gap(6, 'but|than|§D')}§D"
    rf"|§D {_gap(8)}{_BRINGS} {_gap(9, 'but')}{_ILLS}"
    rf"|§D {_gap(6)}(?:increase[sd]?|raise[sd]?|higher|greater) {_gap(6, 'but')}{_ILLS}"
    rf"|(?:increase[sd]?|higher|greater|elevated) {_gap(4)}(?:risks?|mortality|incidence) {_gap(8, 'but')}§D"
    rf"|risks? {_gap(6)}increase[sd]? {_gap(30, 'but')}§D"
    rf"|contra-?indicated {_gap(6)}§D|§D {_gap(6)}contra-?indicated"
    rf"|§D (?:was|were|had to be) (?:discontinued|stopped|withdrawn)"
    rf"|§D[^;]{{0,60}}\bototoxicity|(?:adverse|side) effects?[^;]{{0,60}}§D"
)
_CASE = re.compile(
    rf"(?:\bcases? of|we report|we describe|to describe)\b[^;]*(?:§D[- ](?:induced|associated|related)|{_ILLS}[^;]*§D)"
    rf"|{_BRINGS.replace('showed', 'caused')} by {_gap(6)}§D"
)
"""A harm that a case is reported of."""
_CURED = re.compile(r"\b(?:successful\w*|respond(?:ed|ing|s)|remission|effective\w*|benefit\w*)\b")
"""In a case report: the drug did good."""
_AVERTED = re.compile(
    r"\b(?:no|not|without|reduc\w*|prevent\w*|fewer|lower\w*|decreas\w*|protect\w*|against|treat(?:ment|ing) (?:of|"
    r"for)|low|mild|absence|"
    r"relie\w+|ameliorat\w+|control\w*|improv\w+|rarely|incidence was)\b"
)
_HELPS = (
    r"(?:effective(?:ly|ness)?|efficac\w+|superior|improv(?:ed|es|ement|ements|ing)|reduc(?:ed|es|tion|tions|"
    r"ing)(?! ejection)|"
    r"decreas(?:ed|es|ing)(?! tolerance)|benefi\w+|remissions?|respon(?:se|ses|ded|d|ders|sive)|relie(?:f|ved|ves|"
    r"ving)|cure[ds]?|"
    r"first-(?:line|choice)|treatment of choice|recommend\w*|approved|approval|mainstay|standard (?:of care|treatment|"
    r"therapy)|preferred|prolong\w*|success\w*|lowered|lowers|prevent(?:ed|s|ing)|protect(?:ed|s|ion|ive)|eradicated|"
    r"extends|can be eradicated|synergistic effects|revers(?:ed|es)|healing|resolved|resolution|promising|"
    r"therapeutic (?:potential|properties|effects?)|"
    r"(?:antitumou?r|anti-tumou?r) (?:activity|effects?)|indicated|activity against|favou?red|favou?rably|enhanced|"
    r"benefited|rely|relies|increases? (?:\w+ )?(?:patient )?survival|should be (?:considered|preferred|given|used)|"
    r"alleviated|stimulated bone|active (?:in|against)|proven|well established)"
)
_BENEFIT = re.compile(
    rf"§D\b[^;]{{0,140}}?\b(?<!for )(?<!symptomatic ){_HELPS}\b|\b{_HELPS}[^;]{{0,140}}?§D"
    rf"|(?:more|greater|higher) [^;]{{0,80}}(?:with|on|in|for|to|of|treated) §D[^;]*\b(?:than|versus|vs|compared)\b"
    rf"|§D [^;]{{0,60}}\b(?:broader|higher|greater|more|longer|better|fewer|less|lower) [^;]{{0,60}}\bthan\b|"
    rf"\b{_ILLS} [^;]{{0,60}}\b(?:lower|reduced|fewer|less) [^;]{{0,60}}§D"
)
_NOT_ITS = re.compile(
    r"(?:efficacy|effectiveness|effects?|response|benefit) (?:and (?:\w+ )?\w+ )?(?:of|to|with) [^;]{0,260}"
    r"(?:(?:was|were|is|are) (?:evaluated|assessed|compared|examined|studied|investigated|estimated|not yet|unknown)|"
    r"remains?|have never|has never|is still)|controversial|could potentially|we hypothesi[sz]ed|may reduce|"
    r"were evaluated"
    r"|was evaluated|we (?:also )?(?:report|assessed|studied|compared|evaluated|examined)|resistan\w+ to [^;]{0,40}§D|"
    r"§D[- ]resistan\w+|§D (?:\(\w+\) )?resistance|sensitiv\w+ of|inconsistent|looks at|comparison of|reporting on|"
    r"(?:effectiveness|efficacy)[^;]{0,120}remains? to be|clearance|this is the first (?:study|trial)|goal of|"
    r"in order to|whether|study (?:evaluates|assesses|looks)|"
    r"primary objective|has been studied|are in development|ranking|review of|to (?:retrospectively )?(?:determine|"
    r"learn|explore|test|analy[sz]e|"
    r"compare|document|quantify|characteri[sz]e|ascertain|establish)|\bcriteri"
)
"""What was looked at, not what was found."""
_RECEIVED = re.compile(r"(?:receiv\w+|treated with|given|taking|switched to|history of|on)\b[^;]{0,60}§D")


_TITLE = re.compile(
    r"(?:\w+,? )?(?:\w+ )?(?:efficacy|effectiveness|effects?|safety|comparison|study|trial|"
    r"evaluation)\b"
)
_VERB = re.compile(
    r"\b(?:was|were|is|are|has|have|had|showed|demonstrated|improve[sd]|reduce[sd]|increase[sd]|"
    r"relieve[sd])\b"
)
"""Without one, what begins like a title is one."""
_REPORTS = re.compile(
    r"results|§D (?:\w+ ){0,2}(?:improve[sd]|reduce[sd]|prevented|decreased|increased)|induced|guidelines|recommend"
)
"""Marks of a finding in what reads like a criterion."""


def effect_of(sentence: str, drug: Entity, disease: Entity | None = None) -> Effect:
    """Return what a sentence says that a drug did.

    Args:
        sentence: the sentence.
        drug: the drug; a sentence that does not name it says nothing of it.
        disease: the disease in question; it is no harm that the drug brought about.
    """
    plain = without_heading(sentence)
    text = marked(plain, drug, disease)
    if DRUG not in text or (is_criterion(plain) and not _REPORTS.search(text)):
        return "nothing"
    if _TITLE.match(text) and not _VERB.search(text):
        return "nothing"
    if sets_out(plain) or _NOT_ITS.search(text):
        return "harm" if _CASE.search(text) and not _CURED.search(text) else "nothing"
    if _LOST.search(text) or _is_equal(text):
        return "no_difference"
    if _helps(text):
        return "benefit"
    return "harm" if _harms(text) else "nothing"


def _is_equal(text: str) -> bool:
    """Whether no difference was found, not only none in tolerance or in the blood."""
    found = [hit for hit in _EQUAL.finditer(text) if not _SAFE.search(text, max(0, hit.start() - 40), hit.end() + 30)]
    return bool(found) or (_MISSED.search(text) is not None and _REACHED.search(text) is None)


def _helps(text: str) -> bool:
    harm = _HARM.search(text)
    found = _BENEFIT.search(text)
    return found is not None and (harm is None or found.end() < harm.start())


def _harms(text: str) -> bool:
    """Whether a harm is told that is not said to have been averted, before it or within."""
    for hit in _HARM.finditer(text):
        by_drug = hit[0].startswith(DRUG)
        averted = _AVERTED.search(hit[0] if by_drug else text[max(0, hit.start() - 40) : hit.start()])
        if averted is None:
            return True
    return False
