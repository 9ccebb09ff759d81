"""Vectors for the passages of the home."""

from __future__ import annotations

from typing import Annotated

import typer

from kedrec.cli.literature.opening import ReadingEngine, ReadingShards, StageBar, on_ray, open_literature
from kedrec.cli.terminal.console import Json, emit_json, say

__all__ = ["embed"]


def embed(
    *,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would take, in time, disk and memory, and embed nothing.")
    ] = False,
    engine: ReadingEngine = "direct",
    shards: ReadingShards = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature embed.

    Embed every passage that has no embedding yet, so that searches rerank by embeddings. Can be stopped at any time;
    run the same command to resume.
    """
    literature, by_ray = open_literature(shards), on_ray(engine)
    expected = literature.estimate()
    say(str(expected))
    if estimate:
        return emit_json(expected) if json else None
    with StageBar() as told:
        report = literature.embed(told, on_ray=by_ray)
    rate = report.embedded / max(report.seconds, 1e-3)
    say(f"{report.embedded:,} passages embedded in {report.seconds:.1f} s ({rate:,.1f}/s), {report.to_embed:,} left")
    return emit_json(report) if json else None
