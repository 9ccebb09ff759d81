"""What the name of a drug tells: which way it acts on its target, and whether it is only a developer's code.

The graph knows that two drugs share a target, not whether one excites what the other blocks. Stems are those of
international nonproprietary names (WHO, The use of stems in the selection of INN, 2018, https://www.who.int/publications);
older drugs without one are listed by name. A drug of neither list acts either way: nothing is said of it.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["act_opposed", "is_code", "way_of", "work_of"]

_RAISES = re.compile(
    # Nerves: adrenergic, dopaminergic, serotonergic, cholinergic, GABA, opioid.
    r"(?<!s)terol$|(?<!phena)(?<!tetran)drine$|^(?:nor)?epinephrine|frine$|onidine$|dobutamine|^dopamine|isoproteren|isoprenalin|terbutaline|salbutamol|albuterol"
    r"|(?<!carbi)dopa$|pexole$|nirole$|rotigotine|apomorphine|(?:lis|terg)uride$|pergolide|piribedil|bromocriptine|cabergoline|triptan$|azepam$|azolam$|barbital$"
    r"|fentan[iy]l$|^morphine|codeine|codone$|morphone$|^methadone|meperidine|pethidine|^tramadol|loperamide"
    r"|pilocarpine|bethanechol|carbachol|methacholine|acetylcholine$|cevimeline|nicline$|^nicotine|(?<!po)doxime$"
    # Hormones.
    r"|^(?!.*estrant).*estr(?:adiol|one|iol|ogens?)|gest(?:erone|rel|odene|imate|in$)|cort(?!icorelin)|sterone|oxandrolone"
    r"|prednis|methasone|onide$|relin$|pressin$|thyroxine|thyronine|glucagon|glutide$|natide$|glitazone$|insulin"
    # The rest.
    r"|prost$|prostol$|ciguat$|caftor$|diazoxide|minoxidil|nicorandil|^adenosine|grastim$|poetin",
    re.IGNORECASE,
)
_LOWERS = re.compile(
    r"(?<!stanoz)olol$|alol$|dilol$|azosin$|phentolamine|phenoxybenzamine|promazine$|phenazine$|peridol$|perone$|(?<!a)(?<!alo)pride$|(?<!pi)perazine$"
    r"|(?<!sc)(?<!nevir)apine$|peridone$|metoclopramide|setron$|trop(?:ium|ine|icamide)|verine$|fenacin$|terodine$|oxybutynin|scopolamine"
    r"|biperiden|trihexyphenidyl|azenil$|^nal(?:oxone|trexone|mefene|oxegol|demedine)|vimopan$|stigmine$|curonium|curium$"
    r"|ifene$|oxifen|estrant$|pristone$|lutamide$|steride$|relix$|vaptan$|(?:spi|eple|can)renone$|spironolactone|sartan$|(?:cime|famo|niza|rani|roxa|lafu)tidine|(?<!bl)astine$"
    r"|entan$|lukast$|phylline$|^gli(?!ptin)(?!tazone)|^gly(?:bur|clop)|butamide$|propamide$|dipine$",
    re.IGNORECASE,
)
_WORK = (
    (r"vir(?:ine|imat|tide)?$|vudine$|citabine$|^interferon", "viral virus"), (r"vudine$|citabine$", "transcription"),
    (r"cillin$|^cef|^ceph|penem$|bactam$|vancin$", "peptidoglycan wall"), (r"floxacin$", "dna replicat"),
    (r"cycline$|(?:thro|ery|clinda|linco)mycin$|micin$|zolid$", "protein translation"),
    (r"conazole$|fungin$", "ergosterol sterol glucan"), (r"trexate$|trexed$|rabine$|purine$", "dna nucleotide purine"),
    (r"platin$|mustine$|fosfamide$|phosphamide$", "dna proliferation"),
    (r"rubicin$|taxel$|tinib$", "proliferation apoptosis"),
    (r"dronate$|dronic acid$", "resorption"),
    (r"(?<!pi)prazole$|(?:me|mo|ni|za|xa|fu)tidine$", "acid"), (r"vastatin$", "cholesterol"),
    (r"nacort|cort(?:isone)?$|methasone$|(?:nisol|nis)one$|[cs]olone$", "inflamm"),
)  # fmt: skip
"""Stem of a name -> beginnings of words for what drugs with it act on."""
_CODE = re.compile(r"[A-Z]{2,}[A-Za-z]?[- ]?\d[\w-]*")


@cache
def way_of(name: str) -> int:
    """Return 1 for a drug that excites or replaces, -1 for one that blocks; 0 where its name does not tell.

    Args:
        name: the preferred name of the drug.
    """
    lowers = any(_LOWERS.search(word) for word in name.split())
    raises = any(_RAISES.search(word) for word in name.split())
    return int(raises) - int(lowers)


def act_opposed(name: str, other: str) -> bool:
    """Return whether two drugs with the same target do the opposite there, by their names: dobutamine, timolol."""
    return way_of(name) * way_of(other) < 0


def is_code(name: str) -> bool:
    """Return whether a name is only a developer's code, as of a drug that was tried and seldom came into use."""
    return _CODE.fullmatch(name) is not None


@cache
def work_of(name: str) -> frozenset[str]:
    """Return beginnings of words for what drugs with a name of this stem act on: `viral` for `dolutegravir`.

    Args:
        name: the preferred name of the drug.
    """
    parts = [part.lower() for part in name.split()]
    return frozenset(
        word for stem, told in _WORK if any(re.search(stem, part) for part in parts) for word in told.split()
    )
