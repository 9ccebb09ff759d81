"""`kedrec graph synthesize`: write a graph of DRKG's size that holds no knowledge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kedrec.cli.terminal.console import Json, emit_json, progress, say

__all__ = ["synthesize"]


def synthesize(
    out: Annotated[Path, typer.Option(help="File for the triples; gzipped where it ends in .gz.")],
    names: Annotated[Path | None, typer.Option(help="File for the names; beside the triples where not given.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    scale: Annotated[float, typer.Option(help="Size as a share of DRKG's; 1 has its very counts.")] = 1.0,
    json: Json = False,
) -> None:
    """Type:  kedrec graph synthesize --out drkg-like.tsv.gz --seed 0.

    Write a graph with DRKG's number of entities of each kind and triples of each relation, drawn at random: to
    measure how fast things are at that size without fetching DRKG. It holds no knowledge.
    """
    from kedrec.graphdb.drkg.synthetic import write_synthetic

    with progress() as bar:
        task = bar.add_task("drawing", total=None)

        def told(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        report = write_synthetic(out, names or _beside(out), seed, scale, told)
    say(f"{report.entities:,} entities and {report.triples:,} triples of {report.relations} relations drawn")
    say(f"Load them: kedrec graph load {report.triples_file} --names {report.names_file}")
    if json:
        emit_json(report)


def _beside(out: Path) -> Path:
    """Return the names file that goes with a file of triples: `x.names.tsv.gz` with `x.tsv.gz`."""
    packed = ".gz" if out.suffix == ".gz" else ""
    stem = out.name.removesuffix(".gz").removesuffix(".tsv")
    return out.with_name(f"{stem}.names.tsv{packed}")
