"""Whether more of what was measured is good or bad: more relapses are worse, more remissions better."""

from __future__ import annotations

import re

__all__ = ["BAD", "SAFETY", "goodness"]

_MORE_IS_GOOD = (
    r"(?:(?<!no )respon(?:se|ses|ders?|siveness|ding)|response rates?|remissions?|\w*survival|surviv\w+|efficac\w+|"
    r"effective\w*|effects?|"
    r"improv\w+|reduc(?:tions?|ing)|decreas(?:es?|ing)|declines?|drops?|relief|reliev\w+|suppress\w+|inhibit\w+|"
    r"lowering|benefi\w+|"
    r"control(?:led)?(?! group| arm| patients)|heal\w+|cur(?:e|ed|es)\b|success\w*|complian\w+|adherence|persistence|"
    r"acceptab\w+|tolera\w+|"
    r"safe(?:ty)?\b|quality|qol|bmd|bone (?:mineral )?density|clearance|cleared|weight loss|abstinen\w+|activit(?:y|"
    r"ies)"
    r"(?! score)|satisf\w+|"
    r"eradicat\w+|time to|durations?(?! of (?:hospital|stay|symptom|illness|fever))|free(?:dom)?\b|hdl|function\w*|"
    r"recover\w+|"
    r"resolution|resolv\w+|protect\w+|prevent\w*|palliation|potency|potent|ejection|perform\w*|capacity|"
    r"regression|regress\w+|"
    r"achiev\w+|predictab\w+|onset|analgesi\w+|profile|outcomes?|results?|utility|gains?|penetration|normali[sz]\w+|"
    r"selective|"
    r"retention|satisf\w+|disease-free|patency|immunogenicity|seroconversion|pregnancy rates?|live births?|ovulation)"
)
"""More of it is good."""
SAFETY = (
    r"(?:adverse|side[- ]effects?|toxic\w*|\w*toxicit\w+|tolera\w+|safe\w*|withdrawals?|discontinu\w+|"
    r"bleed\w*|h[a]?emorrhag\w+|"
    r"hypoglyc\w+|weight gain|body weight|sedati\w+|somnolence|drowsiness|nausea|vomiting|diarrh\w+|akathisia|"
    r"extrapyramidal|"
    r"eps|hyper[a]?emia|\w*cytop\w+|neutrop\w+|\w+penia|an[a]?emia|neuropath\w+|rash|alopecia|headaches?|dizziness|"
    r"cough|hepatotox\w+|"
    r"atrophy|hypotension|bradycardia|myopath\w+|complications?|teae?s|aes?\b|reactions?|dropouts?|injur\w+|"
    r"resistance|hyperkal\w+|edema|oedema|withdr\w+)"
)
"""What tells of harm or of tolerance, not of the effect."""
BAD = (
    rf"(?:{SAFETY[3:-1]}|relaps\w+|recurr\w+|mortality|deaths?|died|pain|risks?|hazards?|progress(?:ion|ed)(?!-free)|"
    r"progressive|events?|(?:decline|reduction|decrease|loss|drop|fall)s? (?:in|of) (?:\w+ ){0,2}(?:e?gfr|fev\S*|"
    r"\w*function|"
    r"bmd|bone(?! turnover| resorption)|cognit\w+|visual acuity|quality|survival)|"
    r"cardiovascular disease|(?:heart|treatment|renal|virologic\w*) failures?|failures?|costs?|incidences?|infections?|"
    r"strokes?|"
    r"thrombo\w+|illicit|severity|symptoms?|complaints?|fractures?|seizures?|attacks?|exacerbations?|hospitali[sz]\w+|"
    r"infarctions?|"
    r"requir\w+|need\b|rescue|episodes?|scores?|hba ?1c|glucose|(?:blood|intraocular|systolic|diastolic|arterial|"
    r"wedge)[ /\w]* pressures?|iop|cholesterol|ldl\S*|triglycerides?|"
    r"viral load|lesions?|itch\w*|prurit\w+|plaque|inflammat\w+|disability|depress(?:ion|ive)|anxiety|fpg|a1c|"
    r"hyperglyc\w+|levels of|consumption|demand|stay|loss|lesion|worsen\w+|deteriorat\w+|amputation|dyskinesias?|"
    r"tremor|rebound|sickness|variab\w+|"
    r"embol\w+|tumou?r|burden|illness|fever|§X)"
)
"""More of it is bad."""
_GOOD, _BAD = re.compile(rf"\b{_MORE_IS_GOOD}\b|\w*-free\b"), re.compile(rf"\b{BAD}(?![\w-])|§X")


def goodness(text: str) -> int:
    """Return 1 where the first outcome that a text names is good to have more of, -1 where it is bad, else 0.

    Args:
        text: lower case, the disease marked as `§X`.
    """
    hits = [(hit.start(), hit.end(), way) for way, words in ((1, _GOOD), (-1, _BAD)) for hit in words.finditer(text)]
    return min(hits, key=lambda hit: (hit[0], -hit[1]))[2] if hits else 0
