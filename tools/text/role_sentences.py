"""What a sentence says that a drug is to a disease: its treatment, its cause, its test, or what is in excess in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from kedrec.records import Entity
from kedrec.tools.text.cues.written_names import name_pattern
from kedrec.tools.text.sentence_cues import sentences_of

__all__ = ["LEFT_OUT", "LEFT_OUT_SAID", "PICTURED", "USES", "Claim", "claims_of", "left_out_of"]

DRUG, ILL, MAKING, LACKING, TESTING = "§D", "§X", "§A", "§N", "§T"
"""What the names are replaced by before the patterns are tried."""
LONGEST = 700
"""Characters of a sentence; what is longer is a table and is skipped."""


PICTURED = 2.0
"""Weight of a statement that pictures are made with the drug: that is what it is, and no second one is waited for."""
USES = frozenset({"treats", "prevents"})
"""Roles of a drug that is of use."""


class Claim(NamedTuple):
    """What one sentence says of a drug in a disease."""

    role: str
    """As in `kedrec.agents.offline.roles.ROLES`."""
    weight: float
    """1 for a plain statement, less for what is only told in passing, `PICTURED` for one of what the drug is."""
    sentence: str
    """The sentence."""
    names_both: bool
    """Whether it names the disease as well."""


_BRINGING = re.compile(r"(?i:hyp(?:o|er)\w+ic)s?$")
"""An adjective for what a drug brings about: a hypoglycemic agent lowers glucose."""

_STOP = (
    r"but|not|no|without|than|versus|vs|whereas|while|prevent\w*|protect\w*|treat\w*|reduc\w+|decreas\w+|lower\w*"
    r"|attenuat\w+|improv\w+|inhibit\w*|block\w*|abolish\w*|suppress\w*|revers\w+|amelior\w+|alleviat\w+|reliev\w+"
    r"|relief|analges\w+|patients|participants|subjects|remission|resolution|recovery|control\w*|better|antagoni\w+|§D|§X"
)
_AUX = (
    r"(?:(?:therapy|treatment|use|administration|infusion|alone|may|can|could|might|has|have|had|been|also|often|is|was"
    r"|were|are|known|reported|shown|found|to|which|that|significantly|commonly|frequently|rarely|sometimes|itself"
    r"|apparently|probably|clearly|likely|acutely|directly)[ ,]+){0,5}"
)
_PATIENT = (
    r"(?:(?:patients?|subjects?|children|adults|who|was|were|is|are|being|been|has|have|can|be|may|successfully|cases?"
    r"|effectively|symptoms|attacks|well|when|and)[ ,]+){0,5}"
)


def _gap(most: int, stop: str = _STOP) -> str:
    """A pattern of at most so many words, none of which turns what is said."""
    return rf"(?:(?!(?:{stop})\b)[\w'%/-]+[ ,]+){{0,{most}}}"


_INDUCED = r"(?:induced|provoked|triggered|precipitated|exacerbated|aggravated|evoked|caused)"
_CAUSES = (
    r"(?:causes?|caused|causing|induces?|induced|inducing|provokes?|provoked|worsens?|worsened|exacerbates?"
    r"|exacerbated|aggravates?|aggravated|precipitates?|precipitated|triggers?|triggered|produces?|produced"
    r"|resulted in|results in|led to|leads to)"
)
_RISK = r"(?:risks?|incidence|rates?|odds|likelihood|frequency)"
_SIDE = r"(?:side|adverse|unwanted|untoward|toxic) (?:effects?|events?|reactions?)"
_SAFETY = r"\b(?:tolera\w+|adverse|safety|side effects?|weight gain|nausea|symptomatic|drowsiness)\b"
_RECEPTOR = r"(?:[ -](?:receptors?|type|subtype|v\w*|[\w/]*\d\w*)|(?: /v))*"
_TEST = (
    r"(?:challenges?|provocations?|bronchoprovocations?|provocative|hyperresponsiveness|bronchoconstriction|pc20|pd20"
    r"|(?:stimulation|suppression|provocation|challenge|loading|inhalation|tolerance|diagnostic) tests?)"
)
_PICTURE = r"(?:pet\b|positron|spect\b|scintigra\w+|scans?\b|scanning|uptake on)"
_MADE_VISIBLE = (
    r"(?:contrast (?:agents?|media|medium|material)|(?:radio)?tracers?|imaging agents?|radiopharmaceuticals?"
    r"|radioligands?|diagnostic agents?)"
)
_AMOUNT = r"(?:serum|plasma|blood|urinary|urine|extracellular|total body)"
_HELPS = (
    r"(?:improv\w+|reliev\w+|reduc\w+|decreas\w+|amelior\w+|attenuat\w+|alleviat\w+|correct(?:s|ed|ing)"
    r"|revers\w+|abolish\w*|protect\w*|control\w*|effective\w*|efficac\w+|benefi\w+|approved|(?<!contra)indicated"
    r"|recommended|licensed|treats?|used|useful|superior|suppress\w*|inhibit\w*)"
)
_TREATING = r"(?:treat(?:ment|ing|s)?|manag(?:ement|ing|e)|therapy|relief|control|correction)"
_AHEAD = r"(?:prevention|prophylaxis|chemoprevention|chemoprophylaxis|preventive treatment|prophylactic treatment)"
_LINKED = r"but|not|no|without|§D|§X"
_TURNED = r"but|without|similar|comparable|induced|caus\w+|contraindicated|versus|risk|than|not|§D|§X"

PATTERNS: tuple[tuple[str, float, str], ...] = (
    ("causes_or_worsens", 1.0, rf"§D(?: therapy| treatment| infusion)?[- ]{_INDUCED}[ -]{_gap(3)}§X"),
    ("causes_or_worsens", 0.5, rf"§D[- ](?:associated|related)[ -]{_gap(2)}§X"),
    ("causes_or_worsens", 1.0, rf"§X,? {_gap(2)}(?:{_INDUCED}|produced|elicited|worsened) by {_gap(3)}§D"),
    ("causes_or_worsens", 1.0, rf"§X,? {_gap(1)}(?:due|secondary|attributable|owing) to {_gap(3)}§D"),
    ("causes_or_worsens", 1.0, rf"§D {_AUX}{_CAUSES} {_gap(6)}§X"),
    ("causes_or_worsens", 1.0, rf"§D {_AUX}(?:increases?|increased|raises?) {_gap(2)}{_RISK} (?:of|for) {_gap(4)}§X"),
    ("causes_or_worsens", 0.5, rf"(?:increased|higher|greater|elevated) {_gap(1)}{_RISK} (?:of|for) {_gap(4)}§X "
     rf"{_gap(3)}(?:with|on|from|receiving|taking|using|among) {_gap(4)}§D"),
    ("causes_or_worsens", 1.0, rf"§X {_gap(5)}{_SIDE} (?:of|to|with|during|associated with|from) {_gap(4)}§D"),
    ("causes_or_worsens", 0.5, rf"{_SIDE} (?:of|to|with) {_gap(4)}§D {_gap(6)}(?:include|including|are|were|was|is"
     r"|such as)\b[^;]{0,80}§X"),
    ("causes_or_worsens", 0.5, rf"(?:develop\w*|onset of|new-onset|occurrence of) {_gap(3)}§X {_gap(4)}(?:during|after"
     rf"|following|while|with) {_gap(4)}§D"),
    ("causes_or_worsens", 1.0, rf"§X {_gap(3)}(?:seen|observed) (?:with|in) {_gap(3)}§D"),
    ("causes_or_worsens", 1.0, rf"§X (?:during|following) {_gap(10, _TURNED)}§D"),
    ("causes_or_worsens", 1.0, rf"(?:discontinu\w+|withdraw\w*|stopp\w+) {_gap(4)}§D {_gap(2)}(?:due to|because of"
     rf"|owing to) {_gap(3)}§X"),
    ("causes_or_worsens", 1.0, rf"§D {_gap(4, 'but|not|no|§X')}(?:is|are|being|as) {_gap(4, _LINKED)}risk factors?"
     r" (?:for|of) [^;]{0,60}§X"),
    ("causes_or_worsens", 1.0, rf"risk factors? (?:for|of) {_gap(4, _LINKED)}§X {_gap(3)}(?:include|including|are"
     r"|were|is|such as)\b[^;]{0,80}§D"),
    ("causes_or_worsens", 1.0, rf"§D[^;]*\b(?:this|these) (?:drugs?|agents?|medications?|medicines?) {_AUX}(?:{_CAUSES}"
     rf"|increases?|increased) {_gap(2)}§X"),
    ("contraindicated", 1.0, rf"\b(?:caution|warn|advis|recommend)\w* against {_gap(5, 'but')}§D\b[^;]{{0,80}}§X"),
    ("causes_or_worsens", 1.0, r"§A (?:effects?|actions?|activity|properties) of [^;]{0,40}§D"),
    ("causes_or_worsens", 1.0, rf"§D,? (?:is )?an? {_gap(3)}§A"),
    ("causes_or_worsens", 0.5, r"§A[ -](?:agents?|drugs?|medications?)[^;]{0,80}§D"),
    ("causes_or_worsens", 0.5, rf"({_SAFETY}[^;]*)?(?:{_RISK} of {_gap(2)}§X|§X (?:events?|episodes?|{_RISK}))[^;]*"
     rf"§D(?(1)|[^;]*{_SAFETY})"),
    ("causes_or_worsens", 0.5, rf"(?:rates?|incidences?|frequency|number) of {_gap(3)}§X (?:events? |episodes? )?"
     rf"{_gap(2)}(?:was|were|is|are) {_gap(2)}(?:similar|comparable|higher|greater|increased)[^;]*§D"),
    ("contraindicated", 1.0, rf"§D {_gap(6)}contraindicated {_gap(6, _LINKED)}§X"),
    ("contraindicated", 1.0, rf"contraindications? (?:to|for|of) {_gap(3)}§D\b[^;]{{0,60}}§X"),
    ("contraindicated", 1.0, rf"§D {_gap(3)}should (?:be avoided|not be used|not be given) {_gap(5, _LINKED)}§X"),
    ("contraindicated", 1.0, rf"(?:difficult|unsafe|hazardous|risky|dangerous) to (?:use|give) {_gap(2)}§D {_gap(2)}"
     rf"(?:in|for|to) {_gap(4, _LINKED)}§X"),
    ("contraindicated", 1.0, rf"§D {_gap(3, 'but|§D|§X')}(?:could|can|may|should|must) ?not be {_gap(1)}(?:used|given)"
     rf" {_gap(4, 'but|§D|§X')}(?:because of|due to|owing to|in|with|if) {_gap(3, _LINKED)}§X"),
    ("contraindicated", 1.0, rf"§D\b[^;]{{0,80}}\b(?:omitted|withheld|avoided) {_gap(4, 'but|§D')}(?:in|because of"
     rf"|for fear of|with) {_gap(8, 'but|not|§D')}§X"),
    ("contraindicated", 1.0, rf"§D {_gap(3)}(?:is|are) not recommended (?:for|in) {_gap(5, _LINKED)}§X"),
    ("contraindicated", 1.0, rf"not recommended (?:for|in) {_gap(3, _LINKED)}§X[^;]{{0,60}}§D"),
    ("causes_or_worsens", 1.0, r"§D[^;]{0,100}\b(?:potential|tendency) to (?:cause|exacerbate|worsen|precipitate"
     r"|induce)\b[^;]{0,40}§X"),
    ("diagnoses_or_provokes", 1.0, rf"§D[- ](?:(?!and\b|or\b)[\w-]+ ){{0,2}}{_TEST}\b"),
    ("diagnoses_or_provokes", 1.0, r"(?:challenged?|provocations?|bronchoconstriction|pc20|pd20|hyper-?responsiveness"
     r"|hyper-?reactivity|(?:airway|bronchial) (?:responsiveness|reactivity))(?: tests?)? (?:with|to|by|for|induced by|"
     r"of) (?:(?:inhaled|nebuli[sz]ed|aerosoli[sz]ed|increasing|doses|of|the) )*§D"),
    ("diagnoses_or_provokes", PICTURED, rf"§D[- /](?:{_PICTURE}|enhanced (?:mr|ct|magnetic|computed))"),
    ("diagnoses_or_provokes", PICTURED, r"\b(?:1[1358] ?[cnof]|99m ?tc|12[35] ?i|68 ?ga|111 ?in)\]?[- ]?§D"),
    ("diagnoses_or_provokes", PICTURED, rf"§D,? (?:(?:is|was|as|used as) )?an? {_gap(3)}{_MADE_VISIBLE}\b"),
    ("diagnoses_or_provokes", PICTURED, rf"\b{_MADE_VISIBLE},? (?:is |was |such as |called )?§D"),
    ("diagnoses_or_provokes", 1.0, r"§T"),
    ("own_substance_in_excess", 1.0, r"§D[- ](?:lowering|depleting)"),
    ("own_substance_in_excess", 1.0, rf"(?:lower|reduc|decreas|elevat|increas|high|rais|excess)\w* (?:the |levels? of |"
     rf"concentrations? of )?{_AMOUNT} (?:levels? of |concentrations? of )?§D"),
    ("own_substance_in_excess", 1.0, rf"§X[^;]*{_AMOUNT} §D (?:levels?|concentrations?)?(?: was| were| is)? ?(?:above"
     r"|greater|higher|>|≥|over|elevated|increased)"),
    ("own_substance_in_excess", 1.0, r"(?:overproduction|deposition|hypersecretion|crystals) of §D|§D (?:crystals?"
     r"|deposits?|deposition|overproduction|excess|overload)"),
    ("own_substance_in_excess", 1.0, r"(?:accumulat\w+|overload\w*|retention|excess(?:ive)?|chelat\w+|removal|excretion"
     r"|elimination|mobili[sz]ation) of (?:(?!§)[\w-]+ ){0,2}§D\b[^;]*§X|excess(?:ive)? (?:\w+ )?§D\b[^;]*§X"),
    ("own_substance_in_excess", 1.0, r"§X[^;]*(?:(?:accumulat\w+|overload\w*|retention|chelat\w+|removal|excretion"
     r"|elimination) of (?:(?!§)[\w-]+ ){0,2}|excess(?:ive)? (?:\w+ )?|hepatic |tissue )§D\b"),
    ("own_substance_in_excess", 1.0, r"§X[^;]*§D[- ](?:(?:is |are |be )?accumulat\w+|overload\w*|loaded|retention"
     r"|chelat\w+|excretion|toxicosis)"),
    ("own_substance_in_excess", 1.0, rf"§D{_RECEPTOR} (?:antagonists?|inhibitors?|blockers?)\b[^;]*§X"),
    ("treats", 1.0, rf"§D {_gap(5, 'but|without|than|§D|§X')}{_TREATING} (?:of|for) {_gap(5, _TURNED)}§X"),
    ("treats", 1.0, rf"§X {_PATIENT}(?:treated|managed|controlled|corrected|relieved|maintained|responded|responding"
     rf"|responsive) {_gap(2)}(?:with|by|to|on) {_gap(6, _TURNED)}§D"),
    ("treats", 1.0, rf"{_TREATING} (?:of |for )?{_gap(5, _TURNED)}§X,? {_gap(4, _TURNED)}(?:with|by|using|including"
     rf"|include|is|are) {_gap(7, _TURNED)}§D"),
    ("treats", 1.0, rf"§D {_gap(5, 'but|without|contraindicated|than|not|§X')}{_HELPS} {_gap(9, _TURNED)}§X"),
    ("treats", 1.0, rf"(?:efficacy|effectiveness) (?:and \w+ )?of {_gap(4, _TURNED)}§D {_gap(5, _TURNED)}(?:in|for|on"
     rf"|against) {_gap(7, _TURNED)}§X"),
    ("treats", 1.0, rf"§D {_gap(2, _TURNED)}(?:given|prescribed|taken|licensed|approved|indicated) (?:for|against) "
     rf"{_gap(5, _TURNED)}§X"),
    ("treats", 1.0, r"§D\b[^;]{0,80}\bapprov(?:al|ed) (?:for|in) (?:the|this) (?:condition|disease|disorder"
     r"|indication)"),
    ("treats", 0.5, rf"§X {_PATIENT}(?:given|receiving|who received) {_gap(2, _TURNED)}§D"),
    ("prevents", 1.0, rf"§D {_gap(5, 'but|without|than|§D|§X')}{_AHEAD} (?:of|for|against) {_gap(5, _TURNED)}§X"),
    ("prevents", 1.0, rf"{_AHEAD} (?:of|against) {_gap(5, _TURNED)}§X,? {_gap(4, _TURNED)}(?:with|by|using|is|are) "
     rf"{_gap(7, _TURNED)}§D"),
    ("prevents", 1.0, rf"§X {_AHEAD} {_gap(3, _TURNED)}(?:with|by|using) {_gap(5, _TURNED)}§D"),
    ("prevents", 1.0, rf"§D {_gap(5, 'but|without|contraindicated|than|not|§X')}(?:prevent\w*|protect\w*) "
     rf"{_gap(9, _TURNED)}§X"),
    ("treats", 0.5, r"§N|§D (?:supplement\w*|replacement|repletion)"),
    ("treats", 0.5, rf"§D {_gap(4, _TURNED)}(?:for|in|against) {_gap(6, _TURNED)}§X"),
)  # fmt: skip
"""Role, weight, and how it is said."""
_BARRED = re.compile(r"\(\?!(?:\(\?:[^()]*\)|[^()]*)(?:\\b)?\)")
"""What a gap in a pattern may not hold; a mark in there need not stand in the sentence."""
_PATTERNS = [(role, weight, re.compile(pattern)) for role, weight, pattern in PATTERNS]
_OF_DRUG_ALONE = [one for one in _PATTERNS if ILL not in _BARRED.sub("", one[2].pattern)]
"""Those that a sentence without the disease may hold."""
_OTHER = re.compile(
    r"§A[ -]?(?:agents?|drugs?|medications?|effects?|actions?|activity|properties|s\b)"
    r"|an? (?:[\w-]+ ){0,3}§A\b(?! [a-z])"
)
_LACKING = re.compile(
    r"§D[- ](?:deficien\w+|deplet\w+|depriv\w+|withdrawal|wasting)|(?:deficien\w+|lack|depletion|absence|withdrawal)"
    r" (?:of|in) §D"
)
"""The drug is what is missing."""
_TESTING = re.compile(
    r"§D[- ](?:[\w-]+[- ]){0,2}?(?:stress(?:[- ](?:tests?|testing|echo\w*|imaging|perfusion|c?mri?\b|spect|scintigra\w+"
    r"|radionuclide|magnetic|thallium|myocardial|cardiac|cardiovascular))|echocardiogra\w+|scintigra\w+|thallium)"
)
"""A test that bears the drug's name: `dobutamine stress echocardiography` finds ischemia and treats none."""
_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|without|lack of|absence of|unlikely to|free of)(?: \w+){0,2} ?$"
)  # fmt: skip
_DENIES = re.compile(r"\b(?:not|never|neither|nor|rarely|unlikely)\b")


_CRITERIA = re.compile(r"\b(?:inclusion|exclusion|eligibility) criteria\b", re.IGNORECASE)
_LEFT_OUT = re.compile(r"\bexclusion criteria\b", re.IGNORECASE)
_COUNTED = re.compile(r"\d ?%|\d/\d")
"""Figures of what was found, which stand behind the criteria in some records and are none."""
LEFT_OUT_SAID = "a trial of it leaves out: "
"""Beginning of the sentence for such a criterion."""
LEFT_OUT = 0.6
"""What a trial of the drug says against it whose only word on the disease is that nobody with it may take part."""


def left_out_of(text: str, drug: Entity, disease: Entity) -> Claim | None:
    """Return the criterion by which a trial of the drug leaves out people with the disease; None where it does not.

    Args:
        text: title and text of a trial.
        drug: named before the criteria, as what is tried.
        disease: named among the criteria for exclusion and nowhere before the criteria.
    """
    begin, out = _CRITERIA.search(text), _LEFT_OUT.search(text)
    if begin is None or out is None:
        return None
    head, ills = text[: begin.start()], name_pattern(disease, text)
    if not name_pattern(drug, head).search(head) or ills.search(text[: out.start()]):
        return None
    criteria = (one for one in sentences_of(text[out.end() :]) if len(one) <= LONGEST and not _COUNTED.search(one))
    said = next((one for one in criteria if ills.search(one)), None)
    return Claim("contraindicated", LEFT_OUT, f"{LEFT_OUT_SAID}{said.strip(' -*')}", False) if said else None


def claims_of(text: str, drug: Entity, disease: Entity) -> list[Claim]:
    """Return what a text says of a drug in a disease: the strongest sentence for each role, nothing for silence.

    Args:
        text: a title and what stands below it.
        drug: the drug.
        disease: the disease; a text that never names it says nothing.
    """
    best: dict[str, Claim] = {}
    sentences = sentences_of(text)
    whole = "\n".join(sentences)
    drugs, ills = name_pattern(drug, whole), name_pattern(disease, whole)
    for sentence in sentences:
        if len(sentence) <= LONGEST and drugs.search(sentence):
            both = ills.search(sentence) is not None
            for role, weight in _said(_marked(sentence, drugs, ills)):
                if role not in best or (weight, both) > (best[role].weight, best[role].names_both):
                    best[role] = Claim(role, weight, sentence, both)
    return list(best.values())


def _said(marked: str) -> Iterable[tuple[str, float]]:
    """Yield the roles that a sentence with its names marked states; one that reports a harm states no use."""
    found: dict[str, float] = {}
    for role, weight, pattern in _PATTERNS if ILL in marked else _OF_DRUG_ALONE:
        hit = pattern.search(marked)
        if hit and not _is_denied(role, marked[: hit.start()], hit[0]):
            found[role] = max(weight, found.get(role, 0.0))
    harms = found.keys() - USES
    for use in USES:
        if harms and (found.get(use, 0.0) < 1 or "own_substance_in_excess" in harms):
            found.pop(use, None)
    return found.items()


def _is_denied(role: str, before: str, said: str) -> bool:
    """Whether a sentence denies a harm. Uses are not checked: a drug whose use is denied was still tried as one."""
    within = role == "causes_or_worsens" and _DENIES.search(said) is not None
    return role not in USES and (within or _DENIED.search(before) is not None)


def _marked(sentence: str, drugs: re.Pattern[str], ills: re.Pattern[str]) -> str:
    plain = drugs.sub(DRUG, ills.sub(lambda found: MAKING if _BRINGING.match(found[0]) else ILL, sentence))
    bare = re.sub(r"\s*\([^()]*\)|[\"'“”]", "", plain).lower()
    bare = _LACKING.sub(LACKING, re.sub(r"§([dxa])", lambda found: found[0].upper(), bare))
    bare = _TESTING.sub(TESTING, bare)
    return bare if _OTHER.search(bare) else bare.replace(MAKING, ILL)
