"""Whether more of what was measured is good or bad: more relapses are worse, more remissions better."""

from __future__ import annotations

import re

__all__ = ["BAD", "SAFETY", "goodness"]

_MORE_IS_GOOD = (
    r"(?:(?<!no )respon(?:se|ses|ders?|siveness|ding)|response rates?|remissions?|\w*survival|surviv\w+|efficac\w+"
    r"|effective\w*|effects?|improv\w+|reduc(?:tions?|ing)|decreas(?:es?|ing)|declines?|drops?|relief|reliev\w+"
    r"|suppress\w+|inhibit\w+|lowering|benefi\w+|control(?:led)?(?! group| arm| patients)|heal\w+|cur(?:e|ed|es)\b"
    r"|success\w*|complian\w+|adherence|persistence|acceptab\w+|tolera\w+|safe(?:ty)?\b|quality|qol|bmd"
    r"|bone (?:mineral )?density|clearance|cleared|weight loss|abstinen\w+|activit(?:y|ies)(?! score)|satisf\w+"
    r"|eradicat\w+|time to|durations?(?! of (?:hospital|stay|symptom|illness|fever))|free(?:dom)?\b|hdl|function\w*"
    r"|recover\w+|resolution|resolv\w+|protect\w+|prevent\w*|palliation|potency|potent|ejection|perform\w*|capacity"
    r"|regression|regress\w+|achiev\w+|predictab\w+|onset|analgesi\w+|profile|outcomes?|results?|utility|gains?"
    r"|penetration|normali[sz]\w+|selective|retention|satisf\w+|disease-free|patency|immunogenicity|seroconversion"
    r"|pregnancy rates?|live births?|ovulation)"
)
"""More of it is good."""
SAFETY = (
    r"(?:adverse|side[- ]effects?|toxic\w*|\w*toxicit\w+|tolera\w+|safe\w*|withdrawals?|discontinu\w+|bleed\w*"
    r"|h[a]?emorrhag\w+|hypoglyc\w+|weight gain|body weight|sedati\w+|somnolence|drowsiness|nausea|vomiting|diarrh\w+"
    r"|akathisia|extrapyramidal|eps|hyper[a]?emia|\w*cytop\w+|neutrop\w+|\w+penia|an[a]?emia|neuropath\w+|rash"
    r"|alopecia|headaches?|dizziness|cough|hepatotox\w+|atrophy|hypotension|bradycardia|myopath\w+|complications?"
    r"|teae?s|aes?\b|reactions?|dropouts?|injur\w+|resistance|hyperkal\w+|edema|oedema|withdr\w+)"
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
