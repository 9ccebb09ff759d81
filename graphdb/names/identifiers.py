"""Ids as other graphs and vocabularies write them: `drugbank:DB00945`, `mesh:D001249`, `DOID_1612`, or bare `db00945`.

An id means the entity that has it here, or nothing: none is ever completed or corrected.
"""

from __future__ import annotations

import re

__all__ = ["ids_meant"]

_LOCAL = re.compile(r"<?(?:https?://\S*/)?(?P<id>[^\s/<>]+)>?", re.IGNORECASE)
_CURIE = re.compile(r"(?P<prefix>[a-z][a-z.-]*?)(?P<colon>[:_]+)(?P<local>[\w.-]+)", re.IGNORECASE)
_OF_OBO = frozenset({"doid", "chebi", "uberon", "go"})
"""Vocabularies whose ids are also written with an underscore."""

_FORMS: dict[str, tuple[str, ...]] = {
    "drugbank": ("Compound::{}",),
    "chebi": ("Compound::CHEBI:{}", "Compound::chebi:{}"),
    "chembl": ("Compound::{}", "Compound::CHEMBL{}", "Compound::CHEMBL:{}"),
    "pubchem": ("Compound::pubchem:{}",),
    "hmdb": ("Compound::hmdb:{}",),
    "mesh": ("Disease::MESH:{}", "Compound::MESH:{}", "Symptom::{}"),
    "doid": ("Disease::DOID:{}",),
    "omim": ("Disease::OMIM:{}",),
    "umls": ("Side Effect::{}",),
    "ncbigene": ("Gene::{}",),
    "ncbitaxon": ("Tax::{}",),
    "atc": ("Atc::{}",),
    "uberon": ("Anatomy::UBERON:{}",),
    "go": ("Biological Process::GO:{}", "Cellular Component::GO:{}", "Molecular Function::GO:{}"),
    "wikipathways": ("Pathway::{}",),
    "ndfrt": ("Pharmacologic Class::{}",),
}
"""Vocabulary -> ids here that its identifiers stand in."""
_SAME = {
    "db": "drugbank", "drugbank.compound": "drugbank", "msh": "mesh", "mim": "omim", "chembl.compound": "chembl",
    "chembl.target": "", "pubchem.compound": "pubchem", "pubchem.cid": "pubchem", "entrez": "ncbigene",
    "entrezgene": "ncbigene", "geneid": "ncbigene", "ncbi.gene": "ncbigene", "ncbi-gene": "ncbigene",
    "umls.cui": "umls", "cui": "umls", "taxonomy": "ncbitaxon", "ncbi.taxonomy": "ncbitaxon", "who.atc": "atc",
    "disease.ontology": "doid", "nui": "ndfrt",
}  # fmt: skip
"""Other prefixes of these vocabularies."""
_BARE = (
    (re.compile(r"DB\d{5,6}"), "drugbank"),
    (re.compile(r"[DC]\d{6}(?:\d{3})?"), "mesh"),
    (re.compile(r"C\d{7}"), "umls"),
    (re.compile(r"CHEMBL\d+"), "chembl"),
    (re.compile(r"HMDB\d+"), "hmdb"),
)
"""Identifiers that need no prefix, and whose they are."""
_KIND = re.compile(r"(?P<kind>[a-z][a-z _]*)::(?P<rest>\S+)", re.IGNORECASE)


def ids_meant(text: str) -> tuple[str, ...]:
    """Return the ids that a text may be another writing of, as they would be here; empty where it is none.

    Args:
        text: a CURIE, an address that ends in one, an identifier without prefix, or an id in another case.
    """
    whole = _KIND.fullmatch(text)
    if whole:
        # The ids of a kind, however the kind and the rest are written.
        kind = whole["kind"].replace("_", " ")
        rest = whole["rest"]
        kinds = {form.split("::")[0].casefold(): form.split("::")[0] for forms in _FORMS.values() for form in forms}
        named = kinds.get(kind.casefold(), kind)
        plain = (f"{named}::{rest}", f"{named}::{rest.upper()}")
        return tuple(dict.fromkeys([*plain, *(one for one in _spelled(rest) if one.startswith(f"{named}::"))]))
    found = _LOCAL.fullmatch(text)
    return _spelled(found["id"]) if found else ()


def _spelled(identifier: str) -> tuple[str, ...]:
    curie = _CURIE.fullmatch(identifier)
    if curie and (curie["colon"] == ":" or curie["prefix"].lower() in _OF_OBO):
        return _in_forms(_SAME.get(curie["prefix"].lower(), curie["prefix"].lower()), curie["local"])
    bare = identifier.upper()
    owner = next((owner for form, owner in _BARE if form.fullmatch(bare)), None)
    as_kinds = (f"Compound::{identifier}", f"Disease::{identifier}")
    return (*as_kinds, *(_in_forms(owner, bare) if owner else ()))


def _in_forms(vocabulary: str, local: str) -> tuple[str, ...]:
    return tuple(form.format(local.upper()) for form in _FORMS.get(vocabulary, ()))
