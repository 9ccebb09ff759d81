"""What a question wants: a choice, one drug's use, mechanism or harm, a list, evidence, or what cannot be given."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["ABOUT_ONE", "OUT_OF_SCOPE", "TOPICS", "Intent", "intent_of"]

Intent = Literal["choose", "assess", "use", "mechanism", "safety", "causes", "evidence", "list", "out_of_scope"]
"""`assess` asks whether one drug is reasonable, `causes` whether it brings a disease about."""

ABOUT_ONE: tuple[Intent, ...] = ("assess", "use", "mechanism", "safety", "causes", "evidence")
"""Intents that are about the one drug that is named, and no contest."""
TOPICS: dict[Intent, tuple[str, ...]] = {
    "use": ("current_use", "clinical_evidence", "mechanism"),
    "mechanism": ("mechanism", "shared_targets"),
    "safety": ("safety", "against"),
    "causes": ("safety", "against"),
    "evidence": ("clinical_evidence", "against"),
}
"""Intent -> the domain questions that answer it, the first first."""

OUT_OF_SCOPE = {
    "dose": "Doses are beyond me: please take them from the label or a pharmacist. I can lay out the evidence for or "
    "against a drug in a disease.",
    "own": "What you or someone close to you should take is for a doctor or pharmacist who knows the case; please ask "
    "them before changing anything. I can lay out what studies say of a drug in a disease.",
    "diagnosis": "I cannot tell what an illness is; please see a doctor, and at once if it is severe. I can lay out "
    "the evidence about drugs for a disease that is known.",
    "cause": "What causes a disease I can say only of a drug: name it, and I look for whether it does.",
}
"""What is said, kindly, to what cannot be answered."""

_TAKE = r"(?:take|taking|stop|start|use|switch|try|keep|give|quit|increase|skip|combine|mix|drink|have|be on|swap)"
_KIN = (
    r"(?:doctor|medications?|medicines?|pills?|tablets?|dose|prescription|treatment|mother|father|mum|mom|dad|child"
    r"|son|daughter|wife|husband|baby|partner|grandmother|grandfather|condition|illness)"
)
_BEYOND: tuple[tuple[str, str], ...] = (
    ("dose", r"\b(?:what|which|how|right|recommended|maximum|max|starting|usual|correct"
     r"|safe)\b[^?.,]{0,30}\b(?:dos(?:e|es"
     r"|age|ages|ing))\b(?![- ]dep)|\bhow (?:much|many (?:mg|milligrams?|tablets?|pills?|times|grams?))\b"
     r"|\bdos(?:age|ing)"
     r" (?:of|for)\b|\bmg (?:per|a) (?:day|kg)\b|\bhow (?:often|long) (?:should|do|must|can) (?:i|we|you|one"
     r"|she|he|they)"),
    ("diagnosis", r"\b(?:do|have|could|might|may|did) i (?:have|got|be having|suffer)\b(?! to\b)"
     r"|\bdiagnose me\b|\bwhat(?: is|'s)"
     r" wrong with (?:me|my)|\bmy symptoms?\b|\bwhat do i have\b|\bwhat(?: disease| illness)? (?:is it"
     r"|could it be) if i\b"
     r"|\bis this (?:rash|lump|mole|pain|headache|cough)\b"),
    ("own", rf"\b(?:should|can|may|could|shall|must|would) (?:i|we) {_TAKE}\b|\bdo i (?:need|have) to\b|\bmy {_KIN}\b"
     r"|\bi(?:'m|’m| am) (?:taking|on|pregnant|allergic)\b|\bi (?:take|took|was prescribed|have been prescribed)\b"
     r"|\b(?:good|right|best|safe|better) for me\b|\bwhat should i\b|\bi (?:have|got|suffer from) an?\b"),
)  # fmt: skip
_CONTEST = re.compile(
    r"\balternatives?\b|\b(?:if|when|after|once) [\w -]+ (?:fails|failed)\b|\bsomething else\b"
    r"|\binstead of\b|\bbetter than\b|\bother than\b|\bbesides\b|\brather than\b|\bversus\b|\bvs\b"
    r"|\bcompar\w+|\breplac\w+|\bwhat else\b|\bbest (?:drugs?|treatments?|options?|choice|medicines?|agents?)\b"
    r"|\bwhich (?:drugs?|treatments?|other|one|medicines?)\b|\bsomething else\b|\bany(?:thing)? better\b|\bbeats?\b",
    re.IGNORECASE,
)
_ONE: tuple[tuple[Intent, str], ...] = (
    ("causes", r"\b(?:caus(?:e|es|ed|ing)|giv(?:e|es|ing) rise to|link(?:s|ed)? (?:to|with)|reasons? for"
     r"|associated with"
     r"|induc(?:e|es|ed|ing)|trigger\w*|provok\w+|precipitat\w+|leads? to"
     r"|led to|bring(?:s)? on"
     r"|worsen\w*|aggravat\w+|exacerbat\w+|mak(?:e|es|ing) \w+(?: \w+){0,3} worse|responsible for|to blame|blamed"
     r"|result(?:s|ing)? (?:in|from)|side effect of|brought on|behind (?:the|this)|give(?:s)? (?:you|people"
     r"|patients))\b"),
    ("mechanism", r"\bmechanisms?\b|\bhow come\b|\bwhat makes\b[^?]*\bwork\b|\bmolecules?\b"
     r"|\bhow (?:does|do|would|is|might|could|can)\b[^?]*\b(?:work|act|help"
     r"|function|affect)s?\b"
     r"|\bmode of action\b|\btargets?\b|\bpathways?\b|\bpharmacolog\w+|\bpharmacodynamic\w*|\bacts? (?:on|by|in)\b"
     r"|\bwhat does [\w -]+ (?:bind|inhibit|block|do)\b|\breceptors?\b|\bhow \w+ works\b"),
    ("safety", r"\b(?:un)?safe(?:ty|ly)?\b|\bdanger\w*|\bharm\w*|\brisk\w*|\btoxic\w*|\bside[- ]effects?\b"
     r"|\badverse\b"
     r"|\bcontra-?indicat\w*|\btolera\w+|\bavoid\w*|\bhazard\w*|\bbad for\b|\bwarnings?\b|\bproblems?\b|\bpregnan\w+"
     r"|\bshould(?:n't| not)\b|\bcaution\w*|\binteract\w*"),
    ("evidence", r"\bevidence\b|\bspeaks? for\b|\bsummari[sz]\w+"
     r"|\btrials?\b|\bstud(?:y|ies|ied)\b|\bproo?[fv]\w*|\bdata\b|\bliterature\b"
     r"|\bpublications?\b"
     r"|\brcts?\b|\bresearch\w*|\bsupports?\b|\bshown?\b|\bpapers?\b|\btested\b|\bfindings\b"),
    ("use", r"\bwhy\b|\breach for\b|\bwhat (?:is|are) [\w -]+ good for\b|\bwho (?:gets?|should|is|are)\b"
     r"|\bwhen (?:do|does|is|are)\b"
     r"|\bused (?:for|in|to)\b|\buses? (?:of|for|in)\b|\bindicat\w+|\brole (?:of|for|does)\b"
     r"|\bexplain\b|\bfirst[- ]line\b"
     r"|\bplace of\b|\btell me (?:about|more)\b|\bapprov\w+|\bprescribed\b|\bwhat is [\w -]+ for\b|\bgiven for\b"
     r"|\bwhat (?:is|are|does)\b[^?]*\btreat\b|\bdescribe\b|\blicen[sc]ed\b|\bstandard\b"),
)  # fmt: skip
_WHAT_CAUSES = re.compile(
    r"\bwhat (?:can |may |might )?(?:causes?|triggers?|provokes?|worsens?)\b|\bcauses? of\b", re.I
)
_OUT = [(key, re.compile(pattern, re.IGNORECASE)) for key, pattern in _BEYOND]
_SINGLE = [(intent, re.compile(pattern, re.IGNORECASE)) for intent, pattern in _ONE]


def intent_of(text: str, drugs: int, *, disease: bool) -> tuple[Intent, str]:
    """Return what a question wants, by rule, and what is said where it cannot be given.

    Args:
        text: the question.
        drugs: how many drugs it names.
        disease: whether it names a disease.
    """
    for key, pattern in _OUT:
        if pattern.search(text):
            return "out_of_scope", OUT_OF_SCOPE[key]
    if drugs > 1:
        return "choose", ""
    if not drugs:
        if disease and _WHAT_CAUSES.search(text):
            return "out_of_scope", OUT_OF_SCOPE["cause"]
        return ("list" if disease else "choose"), ""
    if _CONTEST.search(text):
        return "choose", ""
    return next((intent for intent, pattern in _SINGLE if pattern.search(text)), "assess"), ""
