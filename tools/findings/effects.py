"""What a sentence says that a drug did in a disease: benefit, harm, no difference, or nothing.

The effect comes before harm where a sentence tells both. Equal to, or worse than, what it was compared with is `no
difference`, and so is a result that missed significance; what was set out to be found, a criterion or mere use is
`nothing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, get_args

from kedrec.records import Entity
from kedrec.tools.findings.comparing import Contrast, contrasts, missed, pieces
from kedrec.tools.findings.harms import GOOD_INDUCED, gap, harms, is_taken_off, reports_case
from kedrec.tools.findings.marked_names import DRUG, given, marked, unbracketed, without_heading
from kedrec.tools.findings.outcome_words import SAFETY, goodness
from kedrec.tools.text.sentence_cues import is_criterion, sets_out

__all__ = ["EFFECTS", "Effect", "effect_of"]

Effect = Literal["benefit", "harm", "no_difference", "nothing"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
"""Every effect."""

_GAUGE = (
    r"(?:efficac\w*|effect\w*|rates?|outcomes?|respon\w+|results?|control|survival|benefits?|reduc\w+|improve\w*|"
    r"efficien\w+|activity|success\w*|utility|changes?)"
)
_LOST = re.compile(
    rf"§D {gap(8)}(?:(?<!non)(?<!non-)inferior|(?:less|not as) (?:\w+ )?(?:effective|efficacious|well|active|potent"
    rf"|useful)|worse) {gap(3)}|inferior {gap(14)}§D|inability {gap(14)}§D"
)
"""The drug came off worse."""
_EVEN = re.compile(
    rf"\bas well as (?=§)(?!§D)|equally (?:\w+ )?(?:effective|efficacious|well)"
    rf"|(?:comparable|similar|equivalent|equal) (?:\w+ ){{0,3}}{_GAUGE}|{_GAUGE} (?:\S+ ){{0,6}}?(?:comparable|"
    rf"similar|equivalent|equal)\b|non-?inferior|(?:statistically|broadly) similar"
)
_DID = (
    r"(?:improv\w+|reduc\w+|prevent\w*|decreas\w+|prolong\w*|increas\w+|affect\w*|provid\w+|reach\w*|show\w*|alter\w*|"
    r"have|meet|met|respond\w*|benefit\w*|chang(?:e[ds]?|ing)|enhanc\w+|extend\w*|attenuat\w+|suppress\w*|control\w*|"
    r"protect\w*|confer\w*|offer\w*|yield\w*|demonstrat\w+|lower\w*|reliev\w+|eradicat\w+|influenc\w+|modif\w+|"
    r"block\w*|inhibit\w*|abolish\w*|revers\w+|differ\w*|experienc\w+|achiev\w+|obtain\w*|more|superior|better|effective|efficacious|associated|"
    r"enough|maintained|significant\w*|useful|beneficial|recommended|sufficient)"
)
_NONE = re.compile(
    r"\bno (?:\w+ ){0,4}(?:differences?|preference|advantage|benefit|effects?|improvement|superiority|efficacy|"
    r"reduction|evidence|changes?|response|impact)"
    rf"|\b(?:not|n't|never|neither|cannot) (?:\w+ ){{0,3}}{_DID}\b"
    r"|\bonly (?:small|minor|slight|modest|marginal) (?:changes?|effects?|activity)|"
    r"^not (?:by |with |for |on |to |in )?§D|\black of (?:\w+ )?response to"
    r"|\bno (?:\w+ )?(?:better|different|more \w+|superior|safer)\b|fail(?:ed|s|ure)? to|\bany (?:\w+ )?benefit|"
    r"\bwithout (?:reaching )?(?:statistical )?significan"
    r"|\black(?:ed|s)? (?:of )?(?:efficacy|effect|benefit)|\bineffective\b|\bn\.s\.|\b(?:little|limited|minimal) "
    r"(?:(?:therapeutic|clinical) )?(?:efficacy|effect|benefit|response)|insufficient (?:efficacy|response)"
)
"""No effect, or none that differs."""
_NOT_HERE = re.compile(
    r"§D(?:(?!§X)[^;]){0,200}\bbut (?:(?:is|was|has|had|been|largely|completely) ){0,2}(?:not|neither|ineffective"
    r"|inactive|without (?:\w+ )?(?:effect|benefit|efficacy)|no (?:\w+ )?(?:effect|benefit|efficacy)|failed)\b "
    r"(?:(?:been|is|was|so|effective|active|useful|beneficial|for|to|work|those|patients|with) ){0,3}?"
    r"(?:in|for|against|on|with) (?:(?!but\b|who\b)[^\s,;]+ ){0,4}?§X"
)
"""It works in another disease, and not in this one."""
_NOT_THESE = re.compile(
    r"\b(?:patients|subjects|people|individuals|adults|children|women|men|those) (?:\w+ )?(?:without|free of|with no"
    r"|not having|who (?:did|do) not have) (?:\w+ ){0,2}§X"
)
"""Those who do not have the disease."""
_FOR_OTHER = re.compile(
    r"§D (?:\w+ ){0,3}(?:indicated|approved|licen[sc]ed|recommended|effective|used) (?:\w+ ){0,2}?(?:for|in|against) "
    r"(?:[\w'-]+ ){0,3}?[\w'-]*(?:disease|syndrome|disorders?|cancer|\witis|\wosis|\woma|psoriasis|diabetes)\b"
)
_ASIDE = re.compile(r"(?<=§D),? but not (?:[\w-]+ ){0,2}[\w-]+, (?=\w)")
"""Another drug, of which the opposite is said: `§D, but not etanercept, is effective`."""
_NOT_ALL = re.compile(
    r"\b\d+ ?% of (?:\w+ )?(?:patients|subjects) (?:\S+ ){0,5}?(?:do|did) not [^,;]*"
    r"|\bnot prevent [^,;]* from (?:deriving|benefit\w*|achieving|having)[^,;]*"
)
"""Some whom it did not help, and help of something else that it did not hinder."""
_LACK = re.compile(
    r"\b(?:lack|absence|loss) of (?:\w+ )?(?:improvement|response|benefit|efficacy|effect|remission)s?\b"
)
_OF_PATIENTS = re.compile(
    r"\b(?:who|in whom|that|which) (?:\w+ ){0,4}(?:not|failed|never|no)\b[^,;]*|\bshould these [^,;]*|"
    r"\bnot only\b|\bwhether or not\b|\bnot been treated\b|\bwhen [^,;]* (?:not|fail\w*) [^,;]*,|\bwhere [^,;]*|"
    r"\b(?:un)?respons(?:e|ive) to (?:other|conventional|prior|previous)[^,;]*|\bdid not respond[^,;]*"
)
"""What is told of whom the drug was given to."""
_SAFE = re.compile(
    rf"\b{SAFETY}|"
    r"between (?:the )?(?:\w+ )?(?:\d+|dos\w+|duration|schedul|formulation)|complications?|toler\w+|safety|adverse|"
    r"side[- ]effects?|pharmacokinetic\w*|concentrations?|auc|bioavailab\w+|resistan\w+|"
    r"hypoglyc\w+|bleeding|toxic\w*|(?:increas\w+|higher|elevated) (?:\w+ ){0,3}risks?|withdraw\w*|doses? of|"
    r"dosages? of|increase the"
)
_HELPED = (
    r"(?:effective(?:ly|ness)?|efficac\w+|superior|improv(?:ed|es|ement|ements|ing)|reduc(?:ed|es|tion|tions"
    r"|ing)(?! ejection)|decreas(?:ed|es|ing)(?! tolerance)|benefi\w+|remissions?|responded|responders"
    r"|response rates?|(?:complete|partial|good|clinical|objective|overall|dramatic|excellent|virologic\w*|sustained"
    r"|favou?rable) respons\w+|respond(?:s|ed|ing)? (?:\w+ )?to|relie(?:f|ved|ves|ving)|cure[ds]?|(?:first"
    r"|second)[- ](?:line|choice)|(?:drugs?|agents?|treatments?|therapy|antibiotics?) of choice|treatment option"
    r"|useful|excellent|safe and effective|halt(?:ed|s)?|cessation|normali[sz]ation|less (?:common|frequent)"
    r"|exert\w+ (?:\S+ ){0,5}effects?|killing effect|recommend\w*|approved|approval|licen[sc]ed|mainstay"
    r"|gold standard|established treatment|active (?:\w+ )?drug|with activity in|verif\w+ the efficacy"
    r"|well[- ]established|standard (?:of care|treatment|therapy)|reference treatment|preferred|prolong(?:s|ed|ing"
    r"|ation)? (?:\w+ ){0,3}(?:\w*survival|remissions?|respons\w+|life|time|pfs|os|durations?)|success\w*|lowered"
    r"|lowers|prevent(?:ed|s|ing)|protect(?:ed|s|ion|ive)|eradicated|extends?|can be eradicated|synergistic effects"
    r"|(?:high|higher|highest|strong) synergy|induced (?:a |an )?(?:\w+ ){0,2}(?:reductions?|remissions?|responses?"
    r"|regressions?)|revers(?:ed|es)|healing|resolved|resolution|promising|therapeutic (?:potential|properties"
    r"|effects?)|(?:antitumou?r|anti-tumou?r|antidepressant|analgesic|antiepileptic|anticonvulsant"
    r"|clinical) (?:activity|effects?|benefits?)|(?<!contra)(?<!contra-)indicated|activity against|favou?red"
    r"|favou?rabl[ey]|enhanced|benefited|rely|relies|increases? (?:\w+ )?(?:patient )?survival"
    r"|should (?:be (?:considered|preferred|given|used)|receive)(?! (?:with (?:\w+ )?(?:caution|care)"
    r"|cautiously))|alleviat\w+|stimulated bone|active (?:in|against)"
    r"|proven|well established|ameliorat\w+|attenuat(?:ed|es)|help(?:ed|s) in|suggested a benefit|especially active"
    r"|safe alternative|reacted (?:\w+ )?to|helped|shortened|suppress(?:ed|es)|inhibited|complete suppression"
    r"|abolish\w+|delayed|slowed|arrested|controlled(?! (?:trials?|stud\w+|clinical|hypert\w+))|positive (?:results?"
    r"|outcomes?)|(?:shown|demonstrated|found|proven|known|helps?|able|can|reported"
    r"|potential) (?:to )?(?:\w+ly )?(?:improve|reduce|prevent|prolong|decrease|relieve|suppress|control|lower"
    r"|protect|enhance|delay|slow)|efficient|regress\w+)"
)
_BENEFIT = re.compile(
    rf"§D\b[^;]{{0,140}}?\b(?<!for )(?<!symptomatic )(?<!may )(?<!further )(?<!might )(?<!could ){_HELPED}\b"
    rf"|\b{_HELPED}[^;]{{0,140}}?§D"
)
_SPOILED = re.compile(
    r"\b(?:bmd|bone mineral density|\w*survival|quality of life|\w+ function) (?:\w+ly )?(?:decreased|declined|fell"
    r"|worsened)|\b(?:enhanced|aggravated|worsened) (?:the )?(?:§X|\w+ failure)|\b(?:reduced|decreased|impaired"
    r"|lowered) (?:\w+ ){0,2}(?:bmd|bone mineral density|\w*survival|quality of life)\b"
)
"""What is good was lost."""
_NOT_ITS = re.compile(
    r"(?:efficacy|effectiveness|effects?|response|benefit) (?:and (?:\w+ )?\w+ )?(?:of|to|with) [^;]{0,260}(?:(?:was"
    r"|were|is|are) (?:evaluated|assessed|compared|examined|studied|investigated|estimated|not yet|unknown)|remains?"
    r"|have never|has never|is still)|controversial|could potentially|we hypothesi[sz]ed|were evaluated|may further"
    r"|\bdebat\w+|\bunclear\b|was evaluated|we (?:also |retrospectively |prospectively )?(?:report|assessed|studied"
    r"|compared|evaluated|examined|performed|conducted|investigated|measured|reviewed|tested|monitored|sought"
    r"|analy[sz]ed)\b(?!(?: \w+)* (?:that|a (?:case|patient)))|(?:stud(?:y|ies)|trials?|analysis|analyses"
    r"|authors) (?:have |has |had )?(?:investigat|evaluat|assess|compar|examin|describ|review|explor)\w+ "
    r"|includ\w+ the evaluation|resistan\w+ to [^;]{0,40}§D|§D[- ]resistan\w+|§D (?:\(\w+\) )?resistance"
    r"|sensitiv\w+ (?:of|to)|inconsistent|looks at|comparison of|reporting on|(?:effectiveness"
    r"|efficacy)[^;]{0,120}remains? to be|(?:renal|plasma|oral|systemic|drug|apparent) clearance"
    r"|this is the first (?:study|trial)|goal of|in order to|whether|study (?:evaluates|assesses|looks)"
    r"|would be of (?:\w+ )?(?:benefit|interest|value)|primary objective|(?:has|have) been (?:studied|investigated"
    r"|examined|evaluated|assessed)|are in development|ranking|review of|to (?:retrospectively )?(?:determine|learn"
    r"|explore|test|analy[sz]e|compare|document|quantify|characteri[sz]e|ascertain|establish)|\bcriteri(?!on\b)"
    r"|have not (?:yet )?been (?:reported|established|studied|evaluated|determined)|outcome measures?"
    r"|end ?points? (?:was|were|included?)\b|\?$|^to (?:confirm|evaluate|assess|compare|test|describe|determine"
    r"|examine|report|critically|review|investigate)\b|attempts? to|there (?:are|is|were) attempts|(?:evaluated"
    r"|assessed|investigated|examined|studied|explored|tested|monitored) (?:the )?(?:\w+ )?(?:safety|efficacy"
    r"|effects?|effectiveness|tolerability|potential|role|association|incidence|frequency)|not (?:been )?(?:explored"
    r"|supported|tested)|low-grade evidence|there (?:had|has|have) been no|re-?randomi[sz]ed|randomly assigned"
    r"|^setting\b|\b(?:assessing|evaluating|investigating|examining) (?:the )?|analysis of the (?:safety|efficacy)"
    r"|examine the effects|association with response|overview of|\b(?:analy[sz]ed|examined|followed|screened"
    r"|evaluated) for (?:the )?(?:\w+ )?(?:occurrence|incidence|presence|development|emergence)"
)
"""What was looked at, not what was found."""
_MODEL = re.compile(r"§D[- ](?:induced|provoked|evoked|triggered)")
"""What the drug brought on."""
_IS_CASE = re.compile(
    r"(?<!no )\b(?:cases? of|case report|reports?|describes?)\b[^;]{0,60}§D[- ](?:induced|associated|related)\b"
    rf"(?! (?:{GOOD_INDUCED}))"
)
"""A case of what the drug brought on."""
_FIRST_TIME = re.compile(r"\bfirst (?:\w+ )?(?:successful|effective)\b")
_ADDED = re.compile(r" ?, (?=with (?:\w+ly )?(?:no|similar|comparable|less|fewer|lower)\b)|, (?=it |they |this )")
_TITLE = re.compile(
    r"(?:[\w-]+ ?,? ){0,5}(?:efficacy|effectiveness|effects?|safety|comparison|study|trial|"
    r"evaluation)\b(?!.*: positive)"
)
_VERB = re.compile(
    r"\b(?:was|were|is|are|has|had|have|showed|demonstrated|improve[sd]|reduce[sd]|increase[sd]|relieve[sd]|"
    r"includ(?:e[sd]?|ing)|suggest(?:s|ed)?|supports?|shows?|reveal(?:s|ed)?|found|indicate[sd]?|investigated|"
    r"evaluated|provide[sd]?|led|caused|produced|resulted|confirmed|lowers?|prevented|may|can)\b"
)
"""Without one, what begins like a title is one."""
_REPORTS = re.compile(
    r"results|§D (?:\w+ ){0,2}(?:improve[sd]|reduce[sd]|prevented|decreased|increased)|induced|guidelines|recommend"
    r"|licen[sc]ed|approved|\bp ?[=<]|\bthan\b|(?:had|showed|achieved|reported) "
)
"""Marks of a finding in what reads like a criterion."""

_FIRST: tuple[Effect, ...] = ("benefit", "no_difference", "harm")
"""Which effect counts where several are told."""
_FELL = re.compile(r"\b(?:reduc\w+|decreas\w+|lower(?:s|ed)|suppress\w+|inhibited)")
_HELPED_ELSE = re.compile(
    r"\b(?:effective\w*|efficac\w+|improv\w+|benefi\w+|remission|respon\w+|recommend\w*|approved|first|success\w*)"
)


@lru_cache(maxsize=8192)
def effect_of(sentence: str, drug: Entity, disease: Entity | None = None) -> Effect:
    """Return what a sentence says that a drug did.

    Args:
        sentence: the sentence.
        drug: the drug; a sentence that does not name it says nothing of it.
        disease: the disease in question; it is no harm that the drug brought about.
    """
    plain = without_heading(sentence)
    text = unbracketed(full) if DRUG in unbracketed(full := marked(plain, drug, disease)) else full
    if _NOT_HERE.search(text):
        return "no_difference"
    text = given(_ASIDE.sub(" ", text))
    if DRUG not in text or (is_criterion(plain) and not _REPORTS.search(text)):
        return "nothing"
    if _TITLE.match(text) and not _VERB.search(text):
        return "nothing"
    if _IS_CASE.search(text) or is_taken_off(text):
        return "harm"
    # The pieces of a sentence, each without what is added on safety or said of `it`.
    parts = [part for piece in pieces(text) for part in _ADDED.split(piece)]
    clauses = [piece for piece in parts if DRUG in piece]
    found_out = [piece for piece in clauses if not (sets_out(piece) or _NOT_ITS.search(piece))]
    if not found_out:
        return "harm" if reports_case(text) else "benefit" if _FIRST_TIME.search(text) else "nothing"
    found = [effect for piece in found_out if not _elsewhere(piece, text) for effect in _told(piece, text)]
    first: Effect = next((effect for effect in _FIRST if effect in found), "nothing")
    return "nothing" if first != "harm" and _NOT_THESE.search(text) and "§X" not in _NOT_THESE.sub("", text) else first


def _elsewhere(piece: str, text: str) -> bool:
    """Whether a piece says that the drug is of use in another disease, and another piece speaks of this one."""
    return "§X" in text and "§X" not in piece and _FOR_OTHER.search(piece) is not None


def _told(piece: str, text: str) -> Iterator[Effect]:
    """What a piece of a sentence says of the drug: by a comparison, else that it did nothing, good, or harm."""
    found = list(contrasts(piece))
    compared = [effect for one in found for effect in _said_of(one)]
    yield from compared
    # With another drug or without it: that tells of the other one.
    added_to = any("alone" in one.comparator and DRUG in one.comparator and DRUG in one.subject for one in found)
    if compared or added_to:
        return
    bare = _NOT_ALL.sub(" ", _MODEL.sub("it", piece))
    if DRUG in bare:
        if _LOST.search(bare) or _is_equal(_OF_PATIENTS.sub(" ", bare)) or (missed(text) and piece == text):
            yield "no_difference"
            return
        bare = _LACK.sub("lack", bare)
        good = next((hit for hit in _BENEFIT.finditer(bare) if _is_good(hit, bare)), None)
        if good and _SPOILED.search(bare):
            helps = False
        else:
            helps = good is not None and not (harms(bare[: good.end()]) and harms(bare))
        if helps:
            yield "benefit"
            return
    if harms(piece):
        yield "harm"


def _said_of(one: Contrast) -> list[Effect]:
    """What a comparison says of the drug, where it stands on one side alone."""
    subject, comparator = DRUG in one.subject, DRUG in one.comparator
    if not one.known or subject == comparator or _MODEL.search(one.subject + one.comparator):
        return []
    way = one.way if subject else -one.way
    if one.safety:
        return ["harm"] if way < 0 else []
    if way < 0 and subject and re.search("placebo|control|untreated", one.comparator):
        return ["harm"]
    return ["benefit"] if way > 0 else ["no_difference"]


def _is_equal(text: str) -> bool:
    """Whether no difference was found, not only none in tolerance or in the blood."""
    hits = [hit for words in (_EVEN, _NONE) for hit in words.finditer(text)]
    return any(not _SAFE.search(text, max(0, hit.start() - 40), hit.end() + 30) for hit in hits)


def _is_good(hit: re.Match[str], text: str) -> bool:
    """Whether what helps is more than a fall of something that nobody calls bad."""
    word = _FELL.search(hit[0])
    if word is None or _HELPED_ELSE.search(hit[0]):
        return True
    at = hit.start() + word.start()
    return goodness(text[at + len(word[0]) : at + 80]) < 0 or goodness(text[max(0, at - 80) : at]) < 0
