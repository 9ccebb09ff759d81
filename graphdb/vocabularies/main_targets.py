"""Which genes a drug is given for, by its name: `olol` blocks beta receptors, whatever else it was seen to bind.

Graphs list every protein that a drug was found to act on, without telling which matters: of simvastatin HDAC2 stands
beside HMGCR, of lorazepam a receptor of mitochondria alone. Stems are those of international nonproprietary names (WHO,
The use of stems in the selection of INN, 2018, https://www.who.int/publications), what they act on is that of the
IUPHAR/BPS Guide to Pharmacology; older drugs without a stem are listed by name. A drug of neither tells nothing.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["MAIN_TARGETS", "is_main_target", "tells_main_targets"]

MAIN_TARGETS = (
    # Heart, vessels, blood and metabolism.
    (r"(?<!stanoz)olol$", r"ADRB\d"), (r"(?:al|dil)ol$", r"ADRB\d|ADRA1\w"), (r"azosin$", r"ADRA1\w"),
    (r"vastatin$", r"HMGCR"), (r"sartan$", r"AGTR1"), (r"(?<!capto)pril(?:at)?$|captopril", r"ACE"),
    (r"dipine$|^verapamil|^diltiazem", r"CACNA\w+|CACNB\d"), (r"xaban$", r"F10"), (r"gatran$", r"F2"),
    (r"grel(?:or)?$|^ticlopidine", r"P2RY12"), (r"^warfarin|coumar(?:ol|on)$|^phenprocoumon|^acenocoumarol", r"VKORC1"),
    (r"parin(?:ux)?(?: sodium)?$", r"SERPINC1|F10"), (r"sentan$", r"EDNR[AB]"),
    (r"fibrate$|fibrozil$", r"PPARA"), (r"glitazone$", r"PPARG"), (r"gliptin$", r"DPP4"), (r"gliflozin$", r"SLC5A2"),
    (r"glutide$|natide$", r"GLP1R"), (r"^gl[iy](?!pt|t|fl)|butamide$|^chlorpropamide", r"ABCC[89]|KCNJ\d+"),
    (r"(?:eple|can|fine)renone$|^spironolactone", r"NR3C2"),
    (r"^(?:furos|toras|azos)emide|^bumetanide|^ethacrynic", r"SLC12A1"),
    (r"thiazide$|^chlorthalidone|^indapamide|^metolazone", r"SLC12A3"), (r"vaptan$", r"AVPR\w+"),
    # Nerves.
    (r"triptan$", r"HTR1[BDF]"), (r"gepant$", r"CALCRL|RAMP1|CALCA"), (r"setron$", r"HTR3[A-E]"),
    (r"az(?:epam|olam|epate)$|^chlordiazepoxide|^clobazam|^zol?pi[cd]\w+|barbital$|^primidone", r"GABR[ABDEGP]\d?"),
    (r"oxetine$|^(?:es)?citalopram|^sertraline|^fluvoxamine", r"SLC6A[24]"), (r"(?:lofl|fax)ine$", r"SLC6A[24]"),
    (r"pramine$|triptyline$|^doxepin", r"SLC6A[24]"),
    (r"peridol$|promazine$|phenazine$|perazine$|thixene$|^pimozide|^metoclopramide|^domperidone|sulpride$|sulpiride$",
     r"DRD[23]"),
    (r"(?<!dom)peridone$|idone$|^(?:olanz|quetia|cloza|asena|loxa)pine|piprazole$", r"DRD[23]|HTR2A"),
    (r"pexole$|nirole$|^rotigotine|^apomorphine|uride$|^pergolide|^cabergoline|^bromocriptine", r"DRD[23]"),
    (r"(?<!car)bidopa$|^(?:levo|l-)dopa", r"DRD\d"), (r"giline$|^safinamide", r"MAOB"), (r"capone$", r"COMT"),
    (r"stigmine$|^donepezil|^galantamine|^edrophonium|^tacrine", r"ACHE"), (r"^rivastigmine", r"BCHE"),
    (r"^memantine|^ketamine", r"GRIN\d?[A-D]?\d?"),
    (r"toin$|caine$|^(?:ox|eslicarb|carba)\w*mazepine|^lamotrigine|^lacosamide|^flecainide|^mexiletine|^rufinamide",
     r"SCN\d+[AB]"),
    (r"^(?:gaba|prega)\w*lin|^gabapentin", r"CACNA2D\d"), (r"racetam$", r"SV2A"), (r"^tiagabine", r"SLC6A1"),
    (r"^vigabatrin", r"ABAT"), (r"orexant$", r"HCRTR\d"), (r"melteon$", r"MTNR1[AB]"),
    (r"fentan[iy]l$|^(?:hydro)?morphi?n|codeine|codone$|^methadone|pethidine$|meperidine$|^nal(?:ox|trex|mef)|^tramadol"
     r"|^loperamide", r"OPRM1"),
    (r"trop(?:ium|ine|icamide)\b|fenacin$|terodine$|^oxybutynin|^scopolamine|^biperiden|^trihexyphenidyl|clidinium",
     r"CHRM\d"),
    (r"curonium$|curium$", r"CHRN\w+"), (r"nicline$|^nicotine", r"CHRN\w+"),
    # Inflammation, allergy, lungs and stomach.
    (r"profen$|fenac$|[oa]xicam$|coxib$|^naproxen|^indomethacin|^acetylsalicylic|^ketorolac|^celecoxib", r"PTGS\d"),
    (r"^(?:\w*pred|dexa|beta|hydrocort|budes|flutic|momet|triamc|cort|beclom)\w*|methasone$|^ciclesonide", r"NR3C1"),
    (r"terol$", r"ADRB2"), (r"lukast$", r"CYSLTR\d"), (r"^(?:roflumi|apremi|crisabo)\w+", r"PDE4\w"),
    (r"astine$|^(?:lev)?o?cetirizine|^(?:des)?loratadine|^fexofenadine|hydramine$|pheniramine$|^hydroxyzine", r"HRH1"),
    (r"(?:cime|famo|niza|rani|roxa|lafu)tidine", r"HRH2"), (r"(?<!pi)prazole$|prazan$", r"ATP4[AB]"),
    (r"citinib$", r"JAK\d|TYK2"), (r"^(?:cyclospor|ciclospor|tacrol|pimecrol|voclospor)\w+", r"PPP3\w+|PPI[AF]|FKBP1A"),
    (r"^(?:sirolimus|everolimus|temsirolimus)", r"MTOR|FKBP1A"), (r"mod$", r"S1PR\d"),
    (r"^allopurinol|xostat$", r"XDH"), (r"trexate$", r"DHFR|TYMS|ADA|ATIC"), (r"flunomide$", r"DHODH"),
    # Hormones, the bladder and cancer.
    (r"ifene$|oxifen|estrant$|estradiol|^estrone|^conjugated estrogens", r"ESR\d"), (r"rozole$|trozole$", r"CYP19A1"),
    (r"lutamide$|testosterone", r"AR"), (r"steride$", r"SRD5A\d"), (r"relin$|relix$|^elagolix", r"GNRHR"),
    (r"gest(?:rel|erone|odene|imate|in)|^dienogest|pristone$|^norethindrone", r"PGR"), (r"dronate$|dronic", r"FDPS"),
    (r"afil$", r"PDE5A"), (r"thyroxine|thyronine", r"THR[AB]"), (r"calcet$", r"CASR"), (r"tecan$", r"TOP1\w*"),
    (r"rubicin$|poside$|^mitoxantrone", r"TOP2\w*"), (r"taxel$|^vin\w+ine|bulin$", r"TUB\w+"),
    (r"parib$", r"PARP\d"), (r"zomib$", r"PSM\w+"), (r"^(?:imat|dasat|nilot|bosut|ponat)inib", r"ABL1|KIT"),
    (r"^(?:gefit|erlot|afat|osimert|lapat|nerat)inib|^cetuximab|^panitumumab", r"EGFR|ERBB2"), (r"brutinib$", r"BTK"),
    (r"ciclib$", r"CDK[46]"), (r"^pemetrexed|^fluorouracil|^capecitabine", r"TYMS"),
)  # fmt: skip
"""Pattern of a drug's name -> pattern of the whole symbols of what it is given for."""
_RULES = tuple((re.compile(stem, re.IGNORECASE), re.compile(symbols)) for stem, symbols in MAIN_TARGETS)


@cache
def _told(name: str) -> tuple[re.Pattern[str], ...]:
    words = (name, name.split(maxsplit=1)[0]) if name.split() else ()
    return tuple(symbols for stem, symbols in _RULES if any(stem.search(word) for word in words))


def tells_main_targets(name: str) -> bool:
    """Return whether a drug's name tells what it is given for.

    Args:
        name: the preferred name of the drug.
    """
    return bool(_told(name))


def is_main_target(name: str, symbol: str) -> bool:
    """Return whether a gene is one that drugs of such a name are given for.

    Args:
        name: the preferred name of the drug.
        symbol: official symbol of a human gene.
    """
    return any(symbols.fullmatch(symbol) for symbols in _told(name))
