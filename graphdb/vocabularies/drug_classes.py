"""What sort of class a pharmacologic class of Hetionet is, by its name: how its drugs act, or what that brings about.

Source: Hetionet's `Pharmacologic Class` nodes, which are the FDA's established pharmacologic classes, mechanisms of
action, physiologic effects and chemical structures of MED-RT (https://www.nlm.nih.gov/research/umls, public domain).
The graph does not say which of the four a class is; their names do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

__all__ = ["ClassSort", "are_opposed", "class_in_words", "sort_of_class"]

ClassSort = Literal["action", "effect", "kind", "other"]
"""By what it acts (`Cyclooxygenase Inhibitors`), what it brings about (`Decreased Prostaglandin Production`), what it
is made like (`Macrolides`), or none that tells how it acts (`Cytochrome P450 3A4 Inhibitors`)."""

_OTHER = re.compile(
    r"^(?:Cytochrome|UG?T|UDP|P-Glycoprotein|Organic (?:An|Cat)ion|Multidrug|Breast Cancer Resistance)|Alteration$"
    r"|Contrast Activity$"
)
_ACTION = re.compile(r"(?:Inhibitors?|Agonists?|Antagonists?|Activators?|Modulators?|Openers?|Compounds)$")
_EFFECT = re.compile(
    r"^(?:De|In)creased |^Inhibit|^Stimulation |^Reversed |(?:dilation|Suppression|Depression|Stimulation|Relaxation"
    r"|Blockade|Anesthesia|Activity|Immunity|Inhibition)$"
)
_RAISES = re.compile(r"(?<!Ant)(?:Ag|ag)onists?$|(?:Activators?|Openers?)$")
_KIND = re.compile(r"[^s]s$")


@cache
def sort_of_class(name: str) -> ClassSort:
    """Return what sort of class a name stands for."""
    if _OTHER.search(name):
        return "other"
    if _ACTION.search(name):
        return "action"
    if _EFFECT.search(name):
        return "effect"
    return "kind" if _KIND.search(name) else "other"


def are_opposed(names: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether the drugs of some classes do the opposite to those of others: `Opioid Agonists`, `… Antagonists`.

    Args:
        names: classes of one drug.
        others: classes of the other.
    """
    ways = [
        {bool(_RAISES.search(name)) for name in some if sort_of_class(name) == "action"} for some in (names, others)
    ]
    return all(ways) and ways[0].isdisjoint(ways[1])


def class_in_words(name: str) -> str:
    """Return a name as it stands within a sentence: `Decreased DNA Replication` as `decreased DNA replication`."""
    return " ".join(word.lower() if re.fullmatch(r"[A-Z][a-z-]+,?", word) else word for word in name.split())
