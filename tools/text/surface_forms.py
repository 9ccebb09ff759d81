"""How the names of drugs and diseases are written, and whose name a spelling is.

Names come as people file them (``Arthritis, Rheumatoid``, ``renal disease (disorder)``, ``ALL``) and stand in text as
people write (``rheumatoid arthritis``, ``kidney diseases``). A spelling that several entities claim goes to those whose
preferred name it is, then to those who have it as a synonym, then to those it was derived for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from kedrec.tools.text.tokens import TOKEN, fold_all

__all__ = ["ORDINARY_DISEASE", "ORDINARY_DRUG", "claims", "is_of_the_shelf", "spellings"]


ORDINARY_DRUG = frozenset(
    re.findall(
        r"\S+",
        """
    care body advanced regimen same better prevent equal muscle allergy analgesic antimicrobial antifungal
    anesthetic anaesthetic antibacterial antiseptic solution success hand cough perform mucosa uterine acne fast
    vessel allergen easy nodular luminal gradient antacid cofactor today band comfort awake alert ice cor
    renewal modal dilate laxative antimigraine uracil lion stag pin mem eve ella muse nix ting gran serc soma
    tace bal ami eric axis orf roc pain fever clear cold flu calm relief control complete daily basic original
    ultra plus balance focus prime natural pure fresh sleep rest energy night day sun baby women men kids skin
    hair nail foot lip eye ear mouth oral nasal tablet capsule cream gel ointment lotion spray drop drops powder
    foam wash soap shampoo patch kit water air oil salt sugar food first aid one two three max extra strength
    active protein peptide enzyme vitamin mineral factor acid base complex oxygenated rash lama hobs mf ada voir
    tham orexin tension sprint resolve advance enable contrast monitor signal vista
""",
    )
)
"""Words given as synonyms of drugs (mostly brands of household goods) that mean something else in almost every text."""


ORDINARY_DISEASE = frozenset(
    re.findall(
        r"\S+",
        """
    s c h m n post tissue weight chronic brain disorder disease diseases disorders acidosis depressive
    differentiated tension neuropathic strains strain decompensation ophthalmic phlegm ophthalmology dermatology
    contracture hyperactive gastrointestinal cardiovascular renal cold aura st ps ss ee iss scar sts tps fl oh
    pn rb af/ hiv/ pneumoniae cd pe mi uveal thrombus band wed burning symptom syndrome infection inflammation
""",
    )
)
"""The same for diseases; what is written in capitals still counts (``MI``, ``PE``)."""


_PAREN = re.compile(r"\s*[\(\[][^()\[\]]*[\)\]]|\s*\*\s*")


_TAIL = re.compile(r"(,?\s*\b(nos|unspecified|unspecified site|finding|disorder nos)\b\.?)+$", re.IGNORECASE)


_CANCER = re.compile(
    r"^(?:(?:malignant )?(?:neoplasm|tumou?r|cancer|carcinoma)s? of (?:the )?(?P<of>[a-z -]+)"
    r"|(?P<plain>[a-z -]+?) (?:malignant )?(?:neoplasms?|cancers?|tumou?rs?|carcinomas?))$"
)


_SITES = {
    "kidney": "renal",
    "stomach": "gastric",
    "liver": "hepatic",
    "lung": "pulmonary",
    "uterine cervical": "cervical",
}


_SITES |= {
    "colon": "colonic",
    "ovary": "ovarian",
    "pancreas": "pancreatic",
    "prostate": "prostatic",
    "bladder": "urinary bladder",
}


_SITES |= {"colorectal": "colorectum", "esophagus": "esophageal", "skin": "cutaneous", "breast": "mammary"}


_ORGAN = (
    ("kidney", "renal"),
    ("liver", "hepatic"),
    ("heart", "cardiac"),
    ("lung", "pulmonary"),
    ("stomach", "gastric"),
)


_HEADS = (("disorder", "disease"), ("disease", "disorder"), ("attack", "seizure"), ("infection", "disease"))


_SALT = re.compile(
    r"\s+(hydrochloride|dihydrochloride|sodium|disodium|potassium|calcium|acetate|sulfate|sulphate|phosphate|mesylate|maleate"
    r"|tartrate|citrate|fumarate|succinate|bromide|hydrobromide|chloride|besylate|tosylate|nitrate|dipropionate|furoate"
    r"|hcl|monohydrate|anhydrous|recombinant|human|trihydrate|hemihydrate|malate|lactate|gluconate)$",
    re.IGNORECASE,
)


_KEEP_SALT = frozenset({
    "lithium", "zinc", "calcium", "sodium", "potassium", "magnesium", "iron", "ferric", "ferrous", "insulin",
    "aluminium", "aluminum", "ammonium", "silver", "barium", "strontium", "growth hormone", "selenium",
})  # fmt: skip


def _turned(name: str) -> Iterable[str]:
    """Yield an inverted name in running order: ``Leukemia, Myeloid, Acute`` as ``Acute Myeloid Leukemia``."""
    parts = [part.strip() for part in name.split(", ")]
    if 1 < len(parts) <= 4 and not any(" or " in part or " and " in part for part in parts):
        yield " ".join(reversed(parts))
        if len(parts) == 3:
            yield " ".join((parts[1], parts[2], parts[0]))


def _cancers(name: str) -> Iterable[str]:
    """Yield the ways to write a cancer of one site: ``Breast Neoplasms`` as ``breast cancer`` and so on."""
    match = _CANCER.match(name.lower())
    if not match:
        return
    site = (match["of"] or match["plain"]).strip()
    if (
        site in {"malignant", "primary", "metastatic", "secondary", "benign", "advanced", "solid", "adult"}
        or len(site.split()) > 3
    ):
        return
    for place in {site, _SITES.get(site, site), *(near for near, far in _SITES.items() if far == site)}:
        for kind in ("cancer", "carcinoma", "neoplasm", "tumor", "malignancy"):
            yield f"{place} {kind}"
        for kind in ("cancer", "carcinoma"):
            yield f"{kind} of the {place}"
            yield f"{kind} of {place}"


def _rewordings(name: str) -> Iterable[str]:
    """Yield a disease's name with one word exchanged for its usual twin (``kidney``/``renal``)."""
    low = name.lower()
    for one, other in _ORGAN:
        for old, new in ((one, other), (other, one)):
            if re.search(rf"\b{old}\b", low):
                yield re.sub(rf"\b{old}\b", new, low)
    for old, new in _HEADS:
        if len(low.split()) > 1 and re.search(rf"\b{old}s?$", low):
            yield re.sub(rf"\b{old}s?$", new, low)
    if low.endswith(" syndrome") and len(low.split()) > 2:
        yield low.removesuffix(" syndrome")


def spellings(name: str, kind: str) -> dict[tuple[str, ...], int]:
    """Say how a name may stand in text.

    Args:
        name: A name or synonym as filed.
        kind: ``Compound`` or ``Disease``.

    Returns:
        Folded words of each spelling, with 0 for the name itself and 1 for what was derived from it.
    """
    plain = _TAIL.sub("", _PAREN.sub("", name)).strip(" ,.-")
    found: dict[tuple[str, ...], int] = {}
    forms = [(name, 0), (plain, 0)]
    if kind == "Disease":
        forms += [(form, 0) for form in _turned(plain)]
        forms += [(form, 1) for base, _ in list(forms) for form in (*_cancers(base), *_rewordings(base))]
    elif (bare := _SALT.sub("", plain)) != plain and bare.lower() not in _KEEP_SALT and len(bare) > 4:
        forms.append((bare, 1))
    forms += [(form.replace("-", ""), 1) for form, _ in list(forms) if "-" in form]
    for form, rank in forms:
        words = fold_all(
            [word for word in TOKEN.findall(form.replace("'s", "").replace("’s", "")) if word[0].isalnum()]
        )
        if words and len("".join(words)) > 1:
            found[words] = min(rank, found.get(words, 1))
    return found


_SHELF = ORDINARY_DRUG | frozenset(
    re.findall(
        r"\S+",
        """
    relief reliever relieving reliefs reducer topical external maximum regular strength children's childrens children
    adult adults multi symptom symptoms severe sinus throat sore sanitizer sanitiser antidandruff dandruff dry anti
    medicated muscle rub roll joint itch burn daytime nighttime non drowsy congestion mucus nose stuffy arthritis
    back therapeutic sunscreen moisturizer moisturizing remover wart corn callus therapy treatment with and for plus
    """,
    )
)
"""These and more words of what household goods are called: `pain relief`, `topical analgesic`, `cough`."""


def is_of_the_shelf(name: str) -> bool:
    """Return whether a name given as a synonym of a drug holds nothing but words that mean no drug in a text."""
    words = re.findall(r"[^\W\d_]+(?:'s)?", name.lower())
    return bool(words) and all(word in _SHELF or word.removesuffix("s") in _SHELF for word in words)


_SAFE_SHORT = frozenset(
    {"acne", "gout", "pain", "zinc", "iron", "urea", "talc", "yaws", "rash", "boil", "burn", "tics", "stye", "flu"}
)
"""Short names that are safe in lower case."""


def claims(
    names: Iterable[tuple[str, str, Sequence[str]]], ids: list[str]
) -> dict[tuple[str, ...], tuple[str, tuple[int, ...], bool]]:
    """Settle who owns each spelling: preferred names before synonyms, synonyms before what was derived from them."""
    ranks: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
    shouted: dict[tuple[str, ...], bool] = defaultdict(bool)
    kinds: list[str] = []
    for entity, name, synonyms in names:
        kind = entity.split("::", 1)[0]
        if kind not in {"Compound", "Disease"}:
            continue
        owner = len(ids)
        ids.append(entity)
        kinds.append(kind)
        for position, alias in enumerate((name, *synonyms)):
            if not alias or alias == entity:
                continue
            for phrase, derived in spellings(alias, kind).items():
                rank = 4 if derived else min(position, 1)
                ranks[phrase][owner] = min(rank, ranks[phrase].get(owner, 9))
                shouted[phrase] |= position == 0
    return {phrase: claim for phrase, held in ranks.items() if (claim := _settle(phrase, held, kinds, shouted[phrase]))}


def _settle(
    phrase: tuple[str, ...], held: dict[int, int], kinds: list[str], preferred: bool
) -> tuple[str, tuple[int, ...], bool] | None:
    """Give a spelling to those with the best claim, or to nobody when it means anything or too many."""
    best = min(held.values())
    owners = tuple(sorted(owner for owner, rank in held.items() if rank == best))
    kind = kinds[owners[0]]
    owners = tuple(owner for owner in owners if kinds[owner] == kind)
    if len(owners) > 4 or all(word.isdigit() for word in phrase):
        return None
    if len(phrase) > 1:
        return kind, owners, False
    word = phrase[0]
    if kind == "Compound" and (word in ORDINARY_DRUG or len(word) < 3) and not (preferred and len(word) > 3):
        return None
    if len(word) < 2:
        return None
    ordinary = word in ORDINARY_DISEASE and kind == "Disease"
    if ordinary and len(word) > 4:
        return None
    known = preferred and len(word) > 3 and not ordinary
    wary = ordinary or (len(word) <= 4 and not known and word not in _SAFE_SHORT)
    return kind, owners, wary
