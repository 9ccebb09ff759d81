"""`kedrec graph embed`: vectors of all entities by a graph neural network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.pairs_file import SkipUnknown, pairs_in
from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings

if TYPE_CHECKING:
    pass

__all__ = ["embed"]


def embed(
    out: Annotated[Path, typer.Option("--out", help="Folder of the embeddings.")],
    *,
    hide: Annotated[
        list[Path] | None,
        typer.Option("--hide", help="Pairs whose direct edges are hidden; may be given again.", metavar="PAIRS"),
    ] = None,
    skip_unknown: SkipUnknown = False,
    dimension: Annotated[int, typer.Option(min=2, help="Of the vectors.")] = 128,
    epochs: Annotated[int, typer.Option(min=0, help="Passes over the diseases learnt from.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=1e-6, help="Of AdamW.")] = 2e-3,
    valid_share: Annotated[float, typer.Option(min=0, max=0.9, help="Of the diseases, to choose the epoch by.")] = 0.1,
    test_share: Annotated[float, typer.Option(min=0, max=0.9, help="Of the diseases, to measure on.")] = 0.15,
    names: Annotated[bool, typer.Option("--names/--no-names", help="Learn from names as well as from edges.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the split, the weights and the order.")] = 0,
    json: Json = False,
) -> None:
    """Type:  kedrec graph embed --out embeddings --hide pairs.jsonl

    Train a relational graph neural network on the graph of the home to find the drugs of diseases, and write a vector
    of every entity. Whole diseases are held out to measure on, all their Compound-Disease edges with them. Run the
    same command to resume.
    """
    given = {name: value for name, value in locals().items() if name not in ("out", "hide", "skip_unknown", "json")}
    from kedrec.graphdb.embedded.store import EmbeddedStore
    from kedrec.graphdb.embeddings.options import EmbedOptions
    from kedrec.graphdb.embeddings.train import embed_graph

    options = EmbedOptions.model_validate(given)
    embedded = settings(store="embedded")
    hidden = frozenset().union(*(pairs_in(file, embedded, skip_unknown).hidden() for file in hide or []))
    store = EmbeddedStore.open(settings(store="embedded").home / "graph").hiding(hidden)
    with counting_bar("steps") as advance:
        report = embed_graph(store, out, options, say=say, on_step=advance)
    if json:
        emit_json(report)
    say(
        f"{report.entities:,} vectors of {report.dimension} in {out}, epoch {report.best_epoch}, {report.seconds:.0f} s"
    )
    for name, figures in (("this network", report.test), ("popularity", report.test_popularity)):
        asked = f"{figures.links:,} links of {figures.diseases} diseases held out, {figures.candidates:,} candidates"
        said = f"MRR {figures.mrr:.4f}  hits@10 {figures.hits10:.4f}  ({asked})"
        say(f"{name:13} {said}")
