"""Writes a graph as the files that `neo4j-admin database import full` reads."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kedrec.errors import WorkError
from kedrec.graphdb.drkg.files import kind_of, source_of
from kedrec.graphdb.embedded.build import LinkedGraph

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ImportFiles", "write_import"]

ENTITIES, EDGES, MARK = "entities.tsv", "edges.tsv", "graph.tsv"
WITHIN = "|"
"""Between the values of one field; no synonym and no kind has it."""


@dataclass(frozen=True)
class ImportFiles:
    """The files of one graph."""

    folder: Path
    """Where they are, and where the import leaves its report."""

    def arguments(self, database: str) -> list[str]:
        """Return the arguments of `neo4j-admin`, in this folder, to put the graph in place of a database."""
        return [
            "database", "import", "full", database, "--verbose",
            "--overwrite-destination=true", "--id-type=integer", "--delimiter=TAB", f"--array-delimiter={WITHIN}",
            f"--nodes={ENTITIES}", f"--nodes=KedrecGraph={MARK}", f"--relationships=REL={EDGES}",
        ]  # fmt: skip

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def write_import(graph: LinkedGraph, mark: dict[str, Any], folder: Path) -> ImportFiles:
    """Write a graph into a folder, in place of what was there.

    Entities and edges are those that a load over Bolt makes, property by property. A node that says what is loaded
    comes with them, so that such a load finds nothing left to do but to count.

    Args:
        graph: the graph.
        mark: properties of that node.
        folder: made where it is missing.

    Raises:
        WorkError: the folder cannot be written; nothing is left in it.
    """
    import polars as pl

    files = ImportFiles(folder)
    files.remove()
    try:
        folder.mkdir(parents=True)
        row = {"id": "graph", **mark}
        typed = {f"{name}:long" if isinstance(value, int) else name: [value] for name, value in row.items()}
        for name, frame in ((ENTITIES, _entities(graph)), (EDGES, _edges(graph)), (MARK, pl.DataFrame(typed))):
            frame.write_csv(folder / name, separator="\t")
    except (OSError, pl.exceptions.PolarsError) as error:
        files.remove()
        raise WorkError(
            f"The files for the import could not be written into {folder}: {error}. The database is as it was. Make "
            "room there (DRKG takes 350 MB), or name another folder with KEDREC_HOME, then load again."
        ) from error
    return files


def _entities(graph: LinkedGraph) -> pl.DataFrame:
    import polars as pl

    kinds = [kind_of(entity_id) for entity_id in graph.ids]
    heads, tails = graph.arrays["heads"], graph.arrays["tails"]
    loops = np.zeros(len(graph.ids), np.bool_)
    loops[heads[heads == tails]] = True
    return pl.DataFrame(
        {
            ":ID": np.arange(len(graph.ids)),
            "id": graph.ids,
            "kind": kinds,
            "name": graph.names,
            "synonyms:string[]": [WITHIN.join(others) for others in graph.synonyms],
            "degree:long": graph.arrays["degrees"],
            "loop:boolean": loops,
            ":LABEL": [f"Entity{WITHIN}{kind}" for kind in kinds],
        }
    )


def _edges(graph: LinkedGraph) -> pl.DataFrame:
    import polars as pl

    rels = pl.Series(graph.arrays["rels"])
    return pl.DataFrame(
        {
            ":START_ID": graph.arrays["heads"],
            "type": pl.Series(graph.relations).gather(rels),
            "source": pl.Series([source_of(relation) for relation in graph.relations]).gather(rels),
            ":END_ID": graph.arrays["tails"],
        }
    )
