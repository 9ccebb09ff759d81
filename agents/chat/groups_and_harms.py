"""Groups of people and harms that a question may be about: how people word them, and how texts do.

To add a group is to add a row to `GROUPS`; to add a harm, a word to `HARMS`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["DAMAGE", "GROUPS", "HARMED_ORGANS", "HARMS", "HARMS_IN_TEXTS", "PeopleGroup", "is_group"]


class PeopleGroup(NamedTuple):
    """The words of a group of people, or of a circumstance."""

    asked: str
    """Pattern of how a question words it."""
    search: tuple[str, ...]
    """Words by which passages about it are found."""
    texts: str = "(?!)"
    """Pattern of synonyms used in texts; the default matches nothing."""


GROUPS: dict[str, PeopleGroup] = {
    "pregnancy": PeopleGroup(
        asked=r"pregnan\w*|gestation\w*|expecting|conceiv\w*|teratogen\w*|mothers? to be|fetal"
        r"|unborn|child ?bearing",
        search=("pregnancy", "pregnant"),
        texts=r"f(?:o)?etus|embryo\w*|congenital|malformation\w*|birth defects?|abortion|trimester",
    ),
    "breastfeeding": PeopleGroup(
        asked=r"breast ?feed\w*|breast fed|lactat\w*|nursing(?! homes?| staff| care)"
        r"|(?:breast|human|mother s|into (?:the )?) ?milk",
        search=("breastfeeding", "lactation", "breast milk"),
        texts=r"breast milk|human milk",
    ),
    "children": PeopleGroup(
        asked=r"child|children|childhood|pa?ediatric\w*|infants?|newborns?|neonat\w*|toddlers?"
        r"|bab(?:y|ies)|adolescents?|teen\w*|girls?|boys?",
        search=("children", "pediatric", "paediatric", "adolescents"),
    ),
    "older people": PeopleGroup(
        asked=r"elderly|older (?:people|patients|adults|persons|men|women)"
        r"|old (?:age|people|patients|man|men|woman|women|persons)"
        r"|geriatric\w*|seniors?|frail|aged (?:6|7|8)\d|over (?:6|7|8)\d|octogenarians?",
        search=("elderly", "older patients", "older adults", "geriatric"),
    ),
    "kidney failure": PeopleGroup(
        asked=r"(?:renal|kidney) (?:failure|impairment|insufficiency|disease|problems|function|damage)"
        r"|renally|kidneys? (?:\w+ )?fail\w*|dialysis|bad kidneys?|weak kidneys?|ckd|egfr"
        r"|poor (?:renal|kidney)",
        search=("renal failure", "renal impairment", "kidney disease", "dialysis", "renal insufficiency"),
        texts=r"creatinine|end[- ]stage renal",
    ),
    "liver failure": PeopleGroup(
        asked=r"(?:hepatic|liver) (?:failure|impairment|insufficiency|disease|problems|function)"
        r"|cirrho\w+|bad liver",
        search=("hepatic impairment", "cirrhosis", "liver disease", "liver failure"),
        texts=r"hepat\w+|child[- ]pugh",
    ),
    "alcohol": PeopleGroup(
        asked=r"alcohol|drinking|beers?|wine|booze|spirits|drink (?:on|with|while|when|if|whilst)"
        r"|(?:have|having) a drink",
        search=("alcohol", "ethanol"),
    ),
    "driving": PeopleGroup(
        asked=r"driving|operat\w+ machin\w+",
        search=("driving",),
    ),
    "surgery": PeopleGroup(
        asked=r"surgery|operation|perioperative",
        search=("surgery", "perioperative"),
    ),
    "vaccination": PeopleGroup(
        asked=r"vaccin\w+",
        search=("vaccination", "vaccine"),
    ),
}
"""Group of people or circumstance, as an answer names it -> its words."""

HARMS = (
    r"infections?|bleed\w*|ha?emorrhag\w*|nausea|vomiting|rash(?:es)?|headaches?|fatigue|weight (?:gain|loss)"
    r"|hair loss|diarrh\w+|constipation|swelling|o?edema|(?:liver|kidney|renal|hepatic|nerve|muscle|heart|lung"
    r"|bone marrow) (?:damage|injury|toxicity)|\w+toxicit(?:y|ies)|\w+penia|an(?:a)?emia|thrombos\w+"
    r"|blood clots?|clots|hypoglyc\w+|deaths?|mortality|malignanc\w+|cancers?|lymphomas?|infusion reactions?"
    r"|injection site reactions?|allerg\w+|anaphyla\w+|sedation|drowsiness|dizziness|insomnia"
    r"|sexual dysfunction|suicid\w+|seizures?|fractures?|dependence|withdrawal|addiction|arrhythmias?"
    r"|qt prolongation|pancreatitis|muscle pain|myopathy|rhabdomyolysis|tremors?|falls|cough|hepatitis|jaundice"
    r"|serotonin syndrome|osteonecrosis of the jaw|ulcers?|zoster|shingles|tuberculosis|heart attacks?|strokes?"
)
"""Pattern of the harms that a drug may bring, as people word them."""

HARMS_IN_TEXTS = {
    "bleed": r"ha?emorrhag", "hair loss": r"alopecia", "heart attack": r"myocardial infarct",
    "heart damage": r"cardi", "stroke": r"cerebrovascular", "liver": r"hepat|transaminase",
    "kidney": r"renal|nephr", "clot": r"thromb", "lung": r"pulmon|pneumonit", "eye": r"ocul|retin|visual",
    "stomach": r"gastr|ulcer", "skin": r"cutan|dermat|rash", "bone": r"osteo|fractur", "nerve": r"neuropath",
    "muscle": r"myopath|myalg|rhabdomyol", "thyroid": r"(?:hypo|hyper)?thyro|myx(?:o)?edema",
    "swelling": r"o?edema", "shingles": r"zoster", "cancer": r"malignan|lymphoma|neoplas", "hypos": r"hypoglyc",
    "side effect": r"adverse|toxic", "death": r"mortal|fatal|died", "infection": r"pneumonia|sepsis|tubercul|zoster",
}  # fmt: skip
"""Beginning of a word of harm -> pattern of synonyms used in texts."""

DAMAGE = " damage"
"""Ends the name of a harm to an organ: `liver damage`."""
HARMED_ORGANS = {
    "liver": ("liver", "hepatotoxicity", "hepatic"), "kidney": ("kidney", "renal", "nephrotoxicity"),
    "heart": ("cardiotoxicity", "cardiac"), "lung": ("lung", "pulmonary"), "eye": ("eye", "retinopathy", "ocular"),
    "retina": ("retinopathy", "retinal", "macular"), "tendon": ("tendon", "tendinopathy", "tendinitis"),
    "stomach": ("gastric", "ulcer", "gastrointestinal"), "skin": ("skin", "cutaneous"),
    "bone": ("bone", "fracture", "osteoporosis"), "brain": ("encephalopathy", "brain"), "nerve": ("neuropathy",),
    "muscle": ("myopathy", "myalgia", "rhabdomyolysis"), "thyroid": ("thyroid", "hypothyroidism", "hyperthyroidism"),
}  # fmt: skip
"""Organ -> words of which a passage about harm to it has one."""


def is_group(words: str) -> bool:
    """Whether words, such as the name of an illness, are those of a group of people."""
    return any(re.fullmatch(group.asked, words, re.IGNORECASE) for group in GROUPS.values())
