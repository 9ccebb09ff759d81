"""Classes of drugs and signs of diseases as texts word them: a text may report a harm and name neither of the two.

Members are recognised by the stems of the World Health Organization for nonproprietary names (“The use of stems in the
selection of INN”), and by name where a class has no stem. A sign is what a disease shows as when a drug worsens it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from kedrec.records import Entity

__all__ = ["class_in", "classes_of", "is_class", "is_member", "is_tracer", "signs_of"]

_CLASSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("beta-blocker", "β-blocker", "beta-adrenergic blocker", "beta-adrenergic blockade", "β-blockade", "beta-blockade",
      "beta-adrenoceptor antagonist", "beta-blocking agent", "β-adrenergic blocker"), r"\w+(?:olol|alol|dilol)"),
    (("ACE inhibitor", "ACE-inhibitor", "angiotensin-converting enzyme inhibitor"), r"\w+pril(?:at)?"),
    (("angiotensin receptor blocker", "angiotensin II receptor blocker", "angiotensin receptor antagonist", "ARBs",
      "sartan"), r"\w+sartan"),
    (("statin", "HMG-CoA reductase inhibitor"), r"\w+vastatin"),
    (("sulfonylurea", "sulphonylurea"), r"gli(?:benclamide|clazide|mepiride|pizide|quidone)|glyburide|tolbutamide"
     r"|chlorpropamide|tolazamide|acetohexamide"),
    (("insulin", "insulin therapy"), r"(?:inhaled |human )?insulin"),
    (("thiazide", "thiazide diuretic"), r"\w*thiazide|chlort\w+idone|indapamide|metolazone"),
    (("loop diuretic",), r"furosemide|bumetanide|tor[as]+emide|ethacrynic|etacrynic"),
    (("potassium-sparing diuretic", "aldosterone antagonist", "mineralocorticoid receptor antagonist"),
     r"spironolactone|eplerenone|finerenone|canrenone|amiloride|triamterene"),
    (("NSAID", "NSAIDs", "nonsteroidal anti-inflammatory drug", "non-steroidal anti-inflammatory drug"),
     r"\w+(?:profen|coxib|fenac|oxicam)|indometh?acin|naproxen|ketorolac|sulindac|etodolac|nabumetone"),
    (("SSRI", "SSRIs", "selective serotonin reuptake inhibitor", "serotonin reuptake inhibitor"),
     r"fluoxetine|paroxetine|sertraline|(?:es)?citalopram|fluvoxamine"),
    (("tricyclic antidepressant", "tricyclic"), r"\w+triptyline|\w*ipramine|doxepin"),
    (("antipsychotic", "antipsychotic drug", "neuroleptic", "neuroleptic drug"),
     r"\w+(?:peridol|peridone|perazine)|(?:olanz|quetiap|cloz|lox)apine|quetiapine|(?:chlor|levome)?promazine|sulpiride"
     r"|amisulpride|ziprasidone|aripiprazole|brexpiprazole|cariprazine|lurasidone|asenapine|thioridazine|perphenazine"
     r"|fluphenazine|mesoridazine|pimozide|t?hiothixene|\w+penthixol|zotepine|zuclopenthixol|chlorprothixene"),
    (("benzodiazepine",), r"\w+(?:azepam|azolam)|chlordiazepoxide|clobazam"),
    (("opioid", "opiate"), r"\w*(?:morphine|morphone|codone|codeine|fentanil|fentanyl)|methadone|tramadol|tapentadol"
     r"|pethidine|meperidine|buprenorphine"),
    (("corticosteroid", "glucocorticoid"), r"\w*(?:cortisone|cortisol|nis(?:ol)?one|metasone|methasone)|triamcinolone"
     r"|budesonide|deflazacort"),
    (("anticholinergic", "anticholinergic drug", "antimuscarinic"), r"\w*tropium|tolterodine|oxybutynin|solifenacin"
     r"|(?:fesotero|darifena)\w+|benz?a?tropine|trihexyphenidyl|atropine|scopolamine|biperiden|procyclidine"
     r"|hyoscyamine|dicycloverine|propantheline"),
    (("calcium channel blocker", "calcium antagonist"), r"\w+dipine|verapamil|diltiazem"),
    (("fluoroquinolone", "quinolone"), r"\w+floxacin"),
    (("aminoglycoside",), r"gentamicin|tobramycin|amikacin|netilmicin|streptomycin|neomycin|kanamycin"),
    (("proton pump inhibitor", "PPI"), r"(?!aripi|brexpi)\w+prazole"),
    (("DPP-4 inhibitor", "dipeptidyl peptidase-4 inhibitor"), r"\w+gliptin"),
    (("GLP-1 receptor agonist", "glucagon-like peptide-1 receptor agonist"), r"\w+glutide|exenatide|lixisenatide"),
    (("SGLT2 inhibitor", "sodium-glucose cotransporter 2 inhibitor"), r"\w+gliflozin"),
    (("thiazolidinedione", "glitazone"), r"\w+glitazone"),
    (("bisphosphonate",), r"\w+dron(?:ate|ic)"),
    (("triptan",), r"\w+triptan"),
    (("aromatase inhibitor",), r"anastrozole|letrozole|exemestane"),
    (("anticoagulant", "oral anticoagulant"), r"warfarin|\w+coumon|\w+xaban|dabigatran"),
)  # fmt: skip
"""Names of a class, the first for people, and what the first word of a member's name is."""
_WIDER = {
    "antidepressant": ("SSRI", "tricyclic"),
    "diuretic": ("thiazide", "loop diuretic", "potassium-sparing diuretic"),
    "steroid": ("corticosteroid",),
    "antihypertensive": ("beta-blocker", "ACE inhibitor", "sartan", "thiazide", "calcium channel blocker"),
    "RAS inhibitor": ("ACE inhibitor", "sartan"),
}
"""Name of a wider class -> names of the classes that it holds."""
_CLASSES_COMPILED = [(names, re.compile(rf"(?:{members})", re.IGNORECASE)) for names, members in _CLASSES]
_OTHERS = re.compile(
    r"stanozolol|apomorphine|piperazine|domperidone|etoperidone|oxitriptan|dapiprazole|lorpiprazole|teduglutide",
    re.IGNORECASE,
)
"""Drugs whose names end as those of a class that they do not belong to."""

_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\basthma|\bobstructive (?:lung|pulmonary)|\bcopd\b", ("bronchospasm", "bronchoconstriction")),
    (r"^gout\b", ("hyperuricemia",)),
    (r"\bheart failure|\bcardiac failure", ("fluid retention", "cardiac decompensation")),
    (r"^(?:parkinson's|parkinson) disease|^parkinsonism", ("extrapyramidal symptoms", "extrapyramidal side effects")),
    (r"\bpeptic ulcer|\b(?:gastric|stomach|duodenal) ulcer", ("gastrointestinal bleeding", "ulcer bleeding")),
    (r"\bglaucoma", ("raised intraocular pressure", "increased intraocular pressure", "angle closure")),
    (r"^epilepsy|\bseizure", ("seizures", "convulsions")),
    (r"\bdiabetes", ("hyperglycemia", "hyperglycaemia")),
    (r"\bosteoporosis", ("bone loss", "loss of bone", "osteoporotic fracture")),
    (r"\bprostatic hyperplasia", ("urinary retention",)),
    (r"\bmyasthenia gravis", ("myasthenic crisis", "neuromuscular blockade")),
    (r"\blong qt\b|\bqt prolongation", ("torsades de pointes", "QTc prolongation")),
    (r"\bmyopathy|\bmuscular diseases", ("rhabdomyolysis",)),
)
"""Name of a disease -> what texts say where a drug worsens it."""
_SIGNS_COMPILED = [(re.compile(ill, re.IGNORECASE), signs) for ill, signs in _SIGNS]

_TRACER = re.compile(
    r"\((?:18f|11c|13n|15o|68ga|64cu|89zr|99mtc|111in|123i)\)"
    r"|\b(?:f[ -]?18|i[ -]?123|tc[ -]?99m|in[ -]?111|ga[ -]?6[78]"
    r"|tl[ -]?201|rb[ -]?82|xe[ -]?133|c[ -]?11|n[ -]?13|o[ -]?15)\b|\btechnetium\b|^gado\w+|^fludeoxyglucose"
    r"|^flor\w+pir\b|^io(?:hexol|versol|pam\w+|dixanol|promide|xaglate|meprol|thalam\w+|dipamide|panoic|podic|phendyl\w+)"
    r"|^(?:diatriz|amidotriz)\w+|^metrizamide|^perflutren|^perflubron|^mangafodipir|^ferumoxides|^isosulfan|^indocyanine"
    r"|\bpendetide\b|^(?:arcitumo|nofetumo|sulesom?)mab",
    re.IGNORECASE,
)
"""An isotope of imaging, or the name or stem of a contrast or imaging agent (groups V08 and V09 of the ATC)."""


def classes_of(drug: Entity) -> tuple[Entity, ...]:
    """Return the classes that a drug belongs to by its name, each as a drug with its names in texts.

    Args:
        drug: the drug.
    """
    first = drug.name.split()[0] if drug.name.strip() else ""
    if _OTHERS.fullmatch(first):
        return ()
    found = [names for names, members in _CLASSES_COMPILED if members.fullmatch(first) or members.fullmatch(drug.name)]
    return tuple(Entity(id=f"Class::{names[0]}", kind="Compound", name=names[0], synonyms=names[1:]) for names in found)


def class_in(text: str) -> str | None:
    """Return the name by which a text speaks of a class that is known here: `ACE inhibitors`; the longest."""
    known = (*(name for names, _ in _CLASSES for name in names), *_WIDER)
    written = [found[0] for name in known if (found := _written(name).search(text))]
    return max(written, key=len, default=None)


def is_member(named: str, drug: str) -> bool:
    """Whether a drug is of a class by its name.

    Args:
        named: the class as a text names it, in the singular or plural.
        drug: the preferred name of the drug.
    """
    first = drug.split(maxsplit=1)[0] if drug.strip() else ""
    wider = [held for name, held in _WIDER.items() if _written(name).fullmatch(named)]
    wanted = wider[0] if wider else (named,)
    classes = [held for names, held in _CLASSES_COMPILED if _is_one(names, wanted)]
    return any(held.fullmatch(first) for held in classes) and not _OTHERS.fullmatch(first)


def _is_one(names: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(_written(name).fullmatch(one) for name in names for one in wanted)


@cache
def _written(name: str) -> re.Pattern[str]:
    """A name of a class as texts write it, in the plural too."""
    plain = re.escape(name.removesuffix("s")).replace("\\ ", "[ -]").replace("\\-", "[ -]?")
    return re.compile(rf"\b{plain}s?\b", re.IGNORECASE)


def is_class(name: str) -> bool:
    """Whether a name is that of a class, as `classes_of` gives it."""
    return any(names[0] == name for names, _ in _CLASSES)


def signs_of(disease: Entity) -> Entity | None:
    """Return the signs by which texts tell that a drug worsened a disease, as a disease; None where none is known.

    Args:
        disease: the disease.
    """
    names = (disease.name, *disease.synonyms)
    found = next((signs for ill, signs in _SIGNS_COMPILED if any(ill.search(name) for name in names)), ())
    return Entity(id=disease.id, kind="Disease", name=found[0], synonyms=found[1:]) if found else None


def is_tracer(drug: Entity) -> bool:
    """Whether a drug serves to make pictures: its name holds an isotope of imaging or the stem of a contrast agent."""
    return _TRACER.search(drug.name) is not None
