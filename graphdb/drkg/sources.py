"""Where DRKG and the vocabularies that name its ids are published, and on what terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kedrec.errors import UserError
from kedrec.graphdb.drkg.fetch import Remote

__all__ = ["DRKG", "SOURCES", "VOCABULARIES", "DataSource", "at_addresses", "fetched_files", "source_called"]

NLM = "https://nlmpubs.nlm.nih.gov/projects/mesh"
NCBI = "https://ftp.ncbi.nlm.nih.gov/gene/DATA/GENE_INFO/Mammalia"
S3 = "https://dgl-data.s3-us-west-2.amazonaws.com/dataset/DRKG/drkg.tar.gz"
S3_OTHER = "https://s3.us-west-2.amazonaws.com/dgl-data/dataset/DRKG/drkg.tar.gz"


@dataclass(frozen=True)
class DataSource:
    """Something that can be fetched by name."""

    name: str
    """What to type."""
    what: str
    """What it is, for people."""
    files: tuple[Remote, ...]
    page: str
    """Where a person finds the files and their terms."""
    terms: str
    """The terms in short."""


DRKG = DataSource(
    "drkg",
    "DRKG, the Drug Repurposing Knowledge Graph",
    (Remote("drkg.tar.gz", (S3, S3_OTHER), size=216_650_245),),
    "https://github.com/gnn4dr/DRKG",
    "each source's own, the strictest CC BY-NC 4.0: research use only",
)

VOCABULARIES = (
    DataSource(
        "drugbank",
        "DrugBank's open vocabulary: names of drugs",
        (
            Remote(
                "drugbank-vocabulary", ("https://go.drugbank.com/releases/latest/downloads/all-drugbank-vocabulary",)
            ),
        ),
        "https://go.drugbank.com/releases/latest#open-data",
        "CC0",
    ),
    DataSource(
        "mesh",
        "MeSH 2025: names of diseases, symptoms and chemicals",
        tuple(Remote(name, (f"{NLM}/2025/asciimesh/{name}",)) for name in ("d2025.bin", "c2025.bin")),
        "https://www.nlm.nih.gov/databases/download/mesh.html",
        "courtesy of the U.S. National Library of Medicine",
    ),
    DataSource(
        "genes",
        "NCBI gene_info: symbols of human, mouse and rat genes",
        tuple(
            Remote(name, (f"{NCBI}/{name}",))
            for name in (
                "Homo_sapiens.gene_info.gz",
                "Mus_musculus.gene_info.gz",
                "Rattus_norvegicus.gene_info.gz",
            )
        ),
        "https://ftp.ncbi.nlm.nih.gov/gene/DATA/GENE_INFO/",
        "public domain",
    ),
    DataSource(
        "do",
        "the Disease Ontology: names of diseases, and what is a kind of what",
        (
            Remote(
                "doid.obo",
                (
                    "https://raw.githubusercontent.com/DiseaseOntology/HumanDiseaseOntology/main/src/ontology/doid.obo",
                    "https://purl.obolibrary.org/obo/doid.obo",
                ),
            ),
        ),
        "https://disease-ontology.org",
        "CC0",
    ),
    DataSource(
        "hetionet",
        "Hetionet's nodes: names of pathways, side effects, anatomy, GO terms and more",
        (
            Remote(
                "hetionet-v1.0-nodes.tsv",
                (
                    "https://raw.githubusercontent.com/hetio/hetionet/main/hetnet/tsv/hetionet-v1.0-nodes.tsv",
                    "https://github.com/hetio/hetionet/raw/main/hetnet/tsv/hetionet-v1.0-nodes.tsv",
                ),
            ),
        ),
        "https://github.com/hetio/hetionet",
        "CC0 for original content",
    ),
)
"""In the order in which they are asked for a name."""

SOURCES = {source.name: source for source in (DRKG, *VOCABULARIES)}


def source_called(name: str) -> DataSource:
    """Return a source.

    Raises:
        UserError: there is none of this name.
    """
    if name not in SOURCES:
        raise UserError(f"Nothing called {name!r} can be fetched; there are: {', '.join(SOURCES)}")
    return SOURCES[name]


def at_addresses(source: DataSource, addresses: list[str]) -> DataSource:
    """Return a source whose files are at other addresses, in the order of the files.

    Raises:
        UserError: there are not as many addresses as files.
    """
    if len(addresses) != len(source.files):
        names = ", ".join(file.name for file in source.files)
        raise UserError(
            f"{source.name} has {len(source.files)} files ({names}): give --address for each, in this order"
        )
    moved = [
        replace(file, addresses=(address,), size=None) for file, address in zip(source.files, addresses, strict=True)
    ]
    return replace(source, files=tuple(moved))


def fetched_files(source: DataSource, folder: Path) -> tuple[Path, ...]:
    """Return those files of a source that are there.

    Args:
        source: the source.
        folder: the folder of all sources.
    """
    paths = (folder / source.name / file.name for file in source.files)
    return tuple(path for path in paths if path.exists())
