"""Ids and names for entities that do not exist, in the forms that DRKG's have."""

from __future__ import annotations

from itertools import product

__all__ = ["entity_id_of", "names_row"]

ID_FORMS: dict[str, tuple[str, ...]] = {
    "Anatomy": ("UBERON:{:07d}",),
    "Atc": ("A{:05d}", "C{:05d}", "N{:05d}"),
    "Biological Process": ("GO:{:07d}",),
    "Cellular Component": ("GO:1{:06d}",),
    "Compound": ("DB{:05d}", "DB{:05d}", "MESH:C{:06d}", "CHEBI:{}", "pubchem:{}"),
    "Disease": ("MESH:D{:06d}", "MESH:D{:06d}", "MESH:C{:06d}", "DOID:{}", "OMIM:{}"),
    "Gene": (*["{}"] * 399, "{};9{}"),
    "Molecular Function": ("GO:2{:06d}",),
    "Pathway": ("PC7_{}", "WP{}_r1"),
    "Pharmacologic Class": ("N{:010d}",),
    "Side Effect": ("C{:07d}",),
    "Symptom": ("MESH:D{:06d}",),
    "Tax": ("{}",),
}
"""What stands behind the kind, by kind; entities take them in turn. A few genes are several joined by `;`."""

NAME_FORMS: dict[str, tuple[str, ...]] = {
    "Anatomy": ("{} gland", "{} cortex"),
    "Atc": ("{} agents",),
    "Biological Process": ("{} biosynthetic process", "regulation of {} transport"),
    "Cellular Component": ("{} complex", "{} membrane"),
    "Compound": ("{}ine", "{}olol", "{}tinib", "{}mab", "{} sodium"),
    "Disease": ("{} syndrome", "{} disease", "{}itis", "familial {}oma"),
    "Molecular Function": ("{} binding", "{} kinase activity"),
    "Pathway": ("{} signaling pathway",),
    "Pharmacologic Class": ("{} inhibitors",),
    "Side Effect": ("{} increased", "{}algia"),
    "Symptom": ("{}esthesia",),
    "Tax": ("{} virus",),
}
"""Names around a made-up word, by kind; genes have symbols instead."""

SYLLABLES = ["".join(letters) for letters in product("bdfglmnprstvz", "aeiou")]
WORDS = len(SYLLABLES) ** 4
STRIDE = 104_729
"""Has no divisor in common with the number of words, so that each entity has a word of its own."""
NAMELESS = 20
"""One in so many entities has no name, as DRKG's ids are not all in a vocabulary."""
BRANDED = 3
"""One in so many has a synonym."""


def entity_id_of(kind: str, number: int) -> str:
    """Return the id of the entity of this number, from 1, among those of its kind."""
    forms = ID_FORMS[kind]
    return f"{kind}::{forms[number % len(forms)].format(number, number)}"


def names_row(kind: str, number: int) -> str:
    """Return name and synonyms of the entity of this number among all, parted by a tab; both may be empty."""
    if number % NAMELESS == 0:
        return "\t"
    synonym = _word(number + WORDS // 2) if number % BRANDED == 0 else ""
    if kind == "Gene":
        name = f"{_word(number)[:4].upper()}{number}"
    else:
        forms = NAME_FORMS[kind]
        name = forms[number % len(forms)].format(_word(number))
    return f"{name}\t{synonym.capitalize()}"


def _word(number: int) -> str:
    rest, word = number * STRIDE % WORDS, ""
    for _ in range(4):
        rest, place = divmod(rest, len(SYLLABLES))
        word += SYLLABLES[place]
    return word
