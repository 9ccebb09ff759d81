"""Benchmark of the embeddings: `python -m kedrec.eval.bench_embeddings HOME PAIRS.jsonl… [--seeds 0 1 2]`.

HOME holds a loaded graph, and is only read. The direct edges of all pairs of the files are hidden. Popularity, TransE
and the graph neural network learn from the same triples and look for the drugs of the same diseases, which were held
out with all their Compound–Disease edges; ranks are filtered, ties get their mean rank. A seed draws the diseases as
well as the weights. Prints one table in Markdown: means over the seeds, with the least and the greatest in brackets.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.embeddings.options import EmbedOptions
from kedrec.graphdb.embeddings.ranks import RankReport, Scorer, popularity, rank_report
from kedrec.graphdb.embeddings.task import LinkTask, link_task
from kedrec.graphdb.embeddings.training import train
from kedrec.graphdb.embeddings.transe import TransEOptions, transe
from kedrec.graphdb.store import HiddenPairs

__all__ = ["Method", "MethodScore", "main", "measure"]

Method = Callable[[LinkTask, int], Scorer]
"""A task and a seed -> what every candidate scores."""
HEAD = "| method | MRR | hits@10 | MRR, an edge left | MRR, no edge left | seconds |"


@dataclass(frozen=True)
class MethodScore:
    """One method on one task."""

    report: RankReport
    """How well the held-out drugs were found."""
    seconds: float
    """Wall-clock of training and ranking."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("pairs", type=Path, nargs="*", help="pairs whose direct edges are hidden")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=EmbedOptions().epochs, help="of the network")
    parser.add_argument("--transe-epochs", type=int, default=TransEOptions().epochs)
    parser.add_argument("--dimension", type=int, default=EmbedOptions().dimension, help="of all vectors")
    given = parser.parse_args(arguments)
    hidden: HiddenPairs = frozenset().union(*(read_pairs(path).hidden() for path in given.pairs))
    store = EmbeddedStore.open(given.home / "graph").hiding(hidden)
    rows = {
        name: [measure(link_task(store, seed, named=named), method, seed) for seed in given.seeds]
        for name, (named, method) in _methods(given).items()
    }
    task = link_task(store, given.seeds[0])
    tested = len(set(task.test[:, 1].tolist()))
    learnt = (
        f"{len(task.ids):,} entities, {len(task.heads):,} triples to learn from, {len(store.hidden):,} pairs hidden"
    )
    asked = f"{len(task.test):,} links of {tested} diseases among {len(task.candidates):,} candidates"
    told = f"{learnt}; with seed {given.seeds[0]}, {asked}; {len(given.seeds)} seeds"
    sys.stdout.write(told + "\n".join([HEAD, "|---" * 6 + "|", *map(_row, rows, rows.values())]) + "\n")


def measure(task: LinkTask, method: Method, seed: int) -> MethodScore:
    """Train a method and rank the drugs of the diseases held out.

    Args:
        task: what is learnt from and what is asked.
        method: what is measured.
        seed: of its weights.
    """
    started = time.monotonic()
    report = rank_report(task, task.test, method(task, seed))
    return MethodScore(report, time.monotonic() - started)


def _methods(given: argparse.Namespace) -> dict[str, tuple[bool, Method]]:
    """Return the methods by name, each with whether names may be learnt from."""
    size, epochs = given.dimension, given.epochs
    rival = f"TransE, {size} dimensions, {given.transe_epochs} epochs"
    return {
        "popularity": (False, lambda task, _: popularity(task)),
        rival: (False, lambda task, seed: _transe(task, size, given.transe_epochs, seed)),
        f"network without names, {epochs} epochs": (False, lambda task, seed: _network(task, size, epochs, seed)),
        "network with names, untrained": (True, lambda task, seed: _network(task, size, 0, seed)),
        f"network with names, {epochs} epochs": (True, lambda task, seed: _network(task, size, epochs, seed)),
    }


def _transe(task: LinkTask, dimension: int, epochs: int, seed: int) -> Scorer:
    return transe(task, TransEOptions(dimension=dimension, epochs=epochs, seed=seed), _count("TransE"))


def _network(task: LinkTask, dimension: int, epochs: int, seed: int) -> Scorer:
    options = EmbedOptions(dimension=dimension, epochs=epochs, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        return train(task, options, Path(folder), _count("network")).scorer


def _count(what: str) -> Callable[[int, int], None]:
    """Say on a terminal how far a training has come."""

    def say(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{what}: step {done} of {total}  ")

    return say


def _row(name: str, measured: list[MethodScore]) -> str:
    reports = [one.report for one in measured]
    cells = (
        _spread([report.mrr for report in reports]),
        _spread([report.hits10 for report in reports]),
        _spread([report.mrr_linked for report in reports]),
        _spread([report.mrr_alone for report in reports]),
        f"{sum(one.seconds for one in measured) / len(measured):.0f}",
    )
    return "| " + " | ".join((name, *cells)) + " |"


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f} [{min(known):.3f}, {max(known):.3f}]" if known else "–"


if __name__ == "__main__":
    main()
