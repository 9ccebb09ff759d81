"""Speed of reading and adding files: `python -m kedrec.eval.bench_literature.sources FILE… [--graph HOME]`.

Each file is read, and then added to a library of its own without embedding, in a process of its own each, so that the
peaks of memory are its own. With `--graph` documents that name no drug of the graph in that home are left out when
adding. Seconds are wall-clock, and processor time in brackets. Prints one table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kedrec.config import load
from kedrec.records import Document
from kedrec.tools.literature import Literature
from kedrec.tools.sources import read
from kedrec.tools.text.drug_filter import DrugFilter

__all__ = ["adding", "main", "measure_adding", "reading"]

_ONE = "import json, sys; from kedrec.eval.bench_literature import sources as b; "
_ONE += "print(json.dumps(getattr(b, sys.argv[1])(*sys.argv[2:])))"
_HEAD = "| file | MB | documents | left out | unreadable | read, s | documents/s | MiB | added, s | documents/s | MiB |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--graph", default="", help="home with a graph, whose drugs must be named")
    given = parser.parse_args(arguments)
    print(_HEAD)
    print("|---" * _HEAD.count(" | ") + "|---|")
    for path in given.files:
        added = _apart("adding", str(path), given.graph)
        cells = [
            path.name, f"{path.stat().st_size / 1e6:,.1f}", f"{added['documents']:,}", f"{added['left_out']:,}",
            f"{added['rejected']:,}", *_figures(_apart("reading", str(path))), *_figures(added),
        ]  # fmt: skip
        print(f"| {' | '.join(cells)} |", flush=True)


def _apart(what: str, *words: str) -> dict[str, Any]:
    """Measure in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _ONE, what, *words], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure_adding(path: Path) -> str:
    """Say how fast a file is added, and the peak of memory; in a process of its own."""
    found = _apart("adding", str(path))
    rate = (found["documents"] + found["left_out"]) / found["seconds"]
    return (
        f"{found['documents']:,} documents in {found['seconds']:.1f} s ({found['processor']:.1f} s of processor time), "
        f"{rate:,.0f}/s, at most {found['peak']:,.0f} MiB"
    )


def _figures(found: dict[str, Any]) -> list[str]:
    rate = (found["documents"] + found["left_out"]) / found["seconds"]
    return [f"{found['seconds']:.1f} ({found['processor']:.1f})", f"{rate:,.0f}", f"{found['peak']:,.0f}"]


def reading(path: str) -> dict[str, float]:
    """Read a file to its end.

    Args:
        path: The file.

    Returns:
        Documents, other records, seconds, processor seconds, and the peak of memory in MiB.
    """
    began = time.monotonic()
    documents = others = 0
    for found in read(Path(path)):
        kept = sum(isinstance(item, Document) for item in found.items)
        documents, others = documents + kept, others + len(found.items) - kept
    return {"documents": documents, "left_out": others, **_spent(began)}


def adding(path: str, home: str = "") -> dict[str, float]:
    """Add a file to a library of its own.

    Args:
        path: The file.
        home: Home with a graph, whose drugs must be named; empty: everything is kept.

    Returns:
        As `reading`, and the records that could not be read.
    """
    keep = _drugs(Path(home)) if home else None
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        literature = Literature.open(Path(folder) / "literature", load({"embed": "never"}).settings)
        (report,) = literature.add_all([Path(path)], keep=keep)
        spent = _spent(began)
    left_out = sum(report.left_out.values())
    return {"documents": report.added, "left_out": left_out, "rejected": report.rejected, **spent}


def _drugs(home: Path) -> DrugFilter:
    from kedrec.graphdb.embedded.store import EmbeddedStore

    graph = EmbeddedStore.open(home / "graph")
    return DrugFilter((name, graph.names[i], graph.synonyms(i)) for i, name in enumerate(graph.ids))


def _spent(began: float) -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": time.monotonic() - began,
        "processor": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
