"""What the commands share that read a pairs file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.console import say
from kedrec.errors import AmbiguousName, UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedrec.config import Settings
    from kedrec.distill.pairs.pairs_file import Pairs

__all__ = ["HidePairs", "PairsFile", "SkipUnknown", "pairs_in", "retryable"]

_NOT_IN_GRAPH = (UnknownEntity.__name__, AmbiguousName.__name__)

PairsFile = Annotated[
    Path,
    typer.Argument(
        help="JSON lines with `disease` and `candidates`, or a CSV or TSV table with disease, drug, drug (and answer);"
        " by ids or by names.",
        metavar="PAIRS",
    ),
]
HidePairs = Annotated[
    bool,
    typer.Option(
        "--hide-pairs", help="Hide the direct Compound-Disease edges of all pairs of the file, for every tool."
    ),
]
SkipUnknown = Annotated[
    bool, typer.Option("--skip-unknown", help="Leave out pairs with names that are not found or ambiguous.")
]


def pairs_in(path: Path, chosen: Settings, skip_unknown: bool) -> Pairs:
    """Read a pairs file, look names up in the graph of the settings, and say what was left out."""
    from kedrec.distill.pairs.pairs_file import read_pairs
    from kedrec.graphdb.open_store import open_store

    read = read_pairs(path, lambda: open_store(chosen), skip_unknown=skip_unknown)
    for problem in read.left_out:
        say(f"left out, {problem}")
    return read


def retryable(failed: Mapping[str, int]) -> int:
    """Return how many pairs failed other than by an id that the graph does not have, which is a row as any other.

    Args:
        failed: pairs that failed by the type of their error.
    """
    return sum(count for kind, count in failed.items() if kind not in _NOT_IN_GRAPH)
