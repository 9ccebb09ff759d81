"""Builds a names file for the ids of a graph from the vocabularies that can truly name them.

An id is named by the first vocabulary that knows it; ids that none knows are left out and stay without a name. One drug
under several ids stays several entities, each with the name that its own vocabulary gives it; a table of groups beside
the names says which ids are one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kedrec.errors import WorkError
from kedrec.graphdb.drkg.fetch import sync
from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.drkg.sources import VOCABULARIES, fetched_files
from kedrec.graphdb.names.find_groups import find_groups, table_of
from kedrec.graphdb.vocabularies.disease_ontology import DiseaseTerm, read_disease_ontology
from kedrec.graphdb.vocabularies.drugbank import read_drugbank
from kedrec.graphdb.vocabularies.genes import read_genes
from kedrec.graphdb.vocabularies.hetionet import read_hetionet
from kedrec.graphdb.vocabularies.mesh import read_mesh

__all__ = ["NamesReport", "Vocabularies", "groups_beside", "name_entities", "write_names"]

JOINED = re.compile(r"Gene::\d+(;\d+)+")
NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")

NameRow = tuple[str, tuple[str, ...]]
"""Preferred name and synonyms."""
NameClaim = tuple[str, str, tuple[str, ...]]
"""DRKG id, preferred name and synonyms."""
OnVocabulary = Callable[[str, int, int], None]
"""Called with a vocabulary, and with how many of how many are read."""


@dataclass(frozen=True)
class Vocabularies:
    """The files to name by; any may be missing."""

    drugbank: tuple[Path, ...] = ()
    mesh: tuple[Path, ...] = ()
    genes: tuple[Path, ...] = ()
    do: tuple[Path, ...] = ()
    hetionet: tuple[Path, ...] = ()

    @classmethod
    def fetched(cls, folder: Path) -> Vocabularies:
        """Return what was fetched into the folder of all sources."""
        return cls(**{source.name: fetched_files(source, folder) for source in VOCABULARIES})


class NamesReport(BaseModel):
    """What a names file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entities: int
    """Ids that were to be named."""
    named: int
    """Ids that were."""
    kinds: dict[str, int]
    """Named ids by kind."""
    sources: dict[str, int]
    """Named ids by the vocabulary that named them."""
    groups: int = 0
    """Drugs and diseases of several ids."""


def write_names(
    ids: Collection[str], vocabularies: Vocabularies, out: Path, on_vocabulary: OnVocabulary | None = None
) -> NamesReport:
    """Name ids and write the names file, all or nothing.

    Args:
        ids: DRKG ids.
        vocabularies: the files to name by.
        out: the names file: `id<TAB>name<TAB>synonym|synonym`, sorted by id; beside it the groups of ids that are one.
        on_vocabulary: called for each vocabulary.

    Raises:
        InputError: a vocabulary does not fit; with the line.
        WorkError: the file cannot be written.
    """
    names, named_by = name_entities(ids, vocabularies, on_vocabulary)
    ordered = sorted(ids)
    groups = find_groups(ordered, [names.get(one, (one,))[0] for one in ordered], same=_same(vocabularies))
    rows = (f"{one}\t{name}\t{'|'.join(synonyms)}\n" for one, (name, synonyms) in sorted(names.items()))
    _write(groups_beside(out), table_of(groups, {one: name for one, (name, _) in names.items()}))
    _write(out, "".join(["id\tname\tsynonyms\n", *rows]))
    kinds = Counter(kind_of(one) for one in names)
    return NamesReport(
        entities=len(ids),
        named=len(names),
        kinds=dict(sorted(kinds.items())),
        sources=named_by,
        groups=len(groups),
    )


def groups_beside(names_file: Path) -> Path:
    """Return where the groups of a names file's ids are written: `names.groups.tsv` beside `names.tsv`."""
    return names_file.with_name(f"{names_file.name.removesuffix('.tsv')}.groups.tsv")


def _write(out: Path, text: str) -> None:
    aside = out.with_name(f".{out.name}.new")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, "utf-8")
        sync([aside])
        aside.replace(out)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise WorkError(f"{out} could not be written: {error.strerror or error}") from error


def _same(vocabularies: Vocabularies) -> Iterator[tuple[str, ...]]:
    """Yield the ids that a vocabulary says are one: a drug's or disease's former ids, and its ids elsewhere."""
    for path in vocabularies.drugbank:
        for drug in read_drugbank(path):
            yield tuple(f"Compound::{one}" for one in (drug.id, *drug.other_ids))
    for path in vocabularies.do:
        terms = list(read_disease_ontology(path))
        for term in terms:
            yield tuple(f"Disease::{one}" for one in (term.id, *term.other_ids))
        for xref, term in _sole_xrefs(terms):
            yield f"Disease::{term.id}", f"Disease::{xref}"


def name_entities(
    ids: Collection[str], vocabularies: Vocabularies, on_vocabulary: OnVocabulary | None = None
) -> tuple[dict[str, NameRow], dict[str, int]]:
    """Return the names of ids, and how many each vocabulary gave.

    Raises:
        InputError: a vocabulary does not fit; with the line.
    """
    known = frozenset(ids)
    wanted = known.union(part for one in ids if JOINED.fullmatch(one) for part in _parts(one))
    names: dict[str, NameRow] = {}
    named_by: dict[str, int] = {}
    for number, (vocabulary, read) in enumerate(CLAIMS.items()):
        paths: tuple[Path, ...] = getattr(vocabularies, vocabulary)
        if on_vocabulary:
            on_vocabulary(vocabulary, number, len(CLAIMS))
        claims = chain.from_iterable(map(read, paths))
        fresh: dict[str, NameRow] = {}
        for one, name, synonyms in claims:
            if one in wanted and one not in names and one not in fresh and (clean := _clean(name)):
                others = dict.fromkeys(_clean(synonym) for synonym in synonyms if "|" not in synonym)
                fresh[one] = clean, tuple(other for other in others if other and other != clean)
        named_by[vocabulary] = len(known.intersection(fresh))
        names |= fresh
    # An id of several genes gets a name when each of its parts has one.
    joined = [one for one in ids if JOINED.fullmatch(one) and all(part in names for part in _parts(one))]
    names |= {one: (";".join(names[part][0] for part in _parts(one)), ()) for one in joined}
    return {one: name for one, name in names.items() if one in known}, named_by


def _clean(name: str) -> str:
    return NOT_IN_NAMES.sub(" ", name).strip()


def _parts(gene: str) -> list[str]:
    return [f"Gene::{part}" for part in gene.removeprefix("Gene::").split(";")]


def _drugbank_claims(path: Path) -> Iterator[NameClaim]:
    for drug in read_drugbank(path):
        for one in (drug.id, *drug.other_ids):
            yield f"Compound::{one}", drug.name, drug.synonyms


def _mesh_claims(path: Path) -> Iterator[NameClaim]:
    for record in read_mesh(path):
        for start in ("Compound::MESH:", "Disease::MESH:", "Symptom::"):
            yield start + record.ui, record.name, record.synonyms


def _gene_claims(path: Path) -> Iterator[NameClaim]:
    for gene in read_genes(path):
        yield f"Gene::{gene.id}", gene.name, gene.synonyms


def _disease_claims(path: Path) -> Iterator[NameClaim]:
    terms = list(read_disease_ontology(path))
    for term in terms:
        for one in (term.id, *term.other_ids):
            yield f"Disease::{one}", term.name, term.synonyms
    for xref, term in _sole_xrefs(terms):
        yield f"Disease::{xref}", term.name, term.synonyms


def _sole_xrefs(terms: Iterable[DiseaseTerm]) -> Iterator[tuple[str, DiseaseTerm]]:
    """Yield the ids elsewhere that belong to one term only, whose only id there they are: the others are no equals."""
    terms = list(terms)
    claimed = Counter(xref for term in terms for xref in term.xrefs)
    for term in terms:
        databases = Counter(xref.partition(":")[0] for xref in term.xrefs)
        for xref in term.xrefs:
            if claimed[xref] == 1 and databases[xref.partition(":")[0]] == 1:
                yield xref, term


def _hetionet_claims(path: Path) -> Iterator[NameClaim]:
    return ((node.id, node.name, node.synonyms) for node in read_hetionet(path))


CLAIMS: dict[str, Callable[[Path], Iterator[NameClaim]]] = {
    "drugbank": _drugbank_claims,
    "mesh": _mesh_claims,
    "genes": _gene_claims,
    "do": _disease_claims,
    "hetionet": _hetionet_claims,
}
"""How each vocabulary names DRKG's ids, in the order in which they are asked."""
