"""Benchmark of the graph: `python -m kedrec.eval.bench_graph.run [--triples FILE --names FILE] [--neo4j]`.

The same triples go into each store, the same questions are put to each about the same pairs, and the answers are
compared. Where no file is named, a graph of DRKG's size is drawn. Each store loads in a process of its own, and is
asked in another. With --neo4j the server of the settings takes part: started by `scripts/neo4j` on this machine, and
whatever it holds is lost. Prints one table in Markdown with date, commit and machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.eval.bench_graph import neo4j as graph_neo4j
from kedrec.eval.bench_graph.contenders import PATHS, SHARED, BenchGraph, KedrecStore, LoadedPart, NetworkxGraph
from kedrec.eval.bench_graph.sqlite import SqliteGraph, load_sqlite
from kedrec.eval.bench_graph.table import PAIRS, Loaded, Measured, table
from kedrec.eval.machine import where
from kedrec.graphdb.drkg.files import kind_of, read_triples
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore

__all__ = ["main"]

WARM, CHECKED = 20, 100
SECONDS = 20.0
"""How long one question is put to one store; as many pairs as fit are asked, 2,000 at most."""
ASKED, FIRST = 2_000, 500
"""Most pairs for one question, and pairs whose evidence is gathered first: after them, as many as fit, at once."""


@dataclass(frozen=True)
class StoreInputs:
    """What a store is given."""

    triples: Path
    """File of triples."""
    names: Path
    """File of names."""
    folder: Path
    """Folder for the store's own files."""


@dataclass(frozen=True)
class Contender:
    """One way to keep the graph."""

    title: str
    """Head of its column."""
    load: Callable[[StoreInputs], LoadedPart | None]
    """Loads everything, or a part."""
    open: Callable[[StoreInputs], BenchGraph] | None = None
    """Opens what was loaded; None where that is asked elsewhere or not at all."""
    disk: Callable[[StoreInputs], int | None] = lambda inputs: None
    """Bytes on disk."""
    needs: tuple[str, ...] = ()
    """Packages."""


def _load_embedded(inputs: StoreInputs) -> None:
    load_graph([inputs.triples], inputs.names, inputs.folder)


def _open_embedded(inputs: StoreInputs) -> BenchGraph:
    return KedrecStore(EmbeddedStore.open(inputs.folder))


def _load_sqlite(inputs: StoreInputs) -> None:
    inputs.folder.mkdir(parents=True)
    load_sqlite(inputs.triples, inputs.folder / "graph.db")


def _open_sqlite(inputs: StoreInputs) -> BenchGraph:
    return SqliteGraph(inputs.folder / "graph.db")


def _load_networkx(inputs: StoreInputs) -> None:
    NetworkxGraph(inputs.triples)


def _open_networkx(inputs: StoreInputs) -> BenchGraph:
    return NetworkxGraph(inputs.triples)


def _load_bulk(inputs: StoreInputs) -> None:
    graph_neo4j.load_by_bulk(inputs.triples, inputs.names, inputs.folder)


def _load_unwind(inputs: StoreInputs) -> None:
    graph_neo4j.load_by_unwind(inputs.triples, inputs.names, inputs.folder)


def _load_langchain(inputs: StoreInputs) -> LoadedPart:
    return graph_neo4j.add_by_langchain(inputs.triples, inputs.folder)


def _open_neo4j(inputs: StoreInputs) -> BenchGraph:
    return graph_neo4j.open_neo4j(inputs.folder)


def _disk(inputs: StoreInputs) -> int:
    return sum(path.stat().st_size for path in inputs.folder.rglob("*") if path.is_file())


def _disk_of_neo4j(inputs: StoreInputs) -> int | None:
    return graph_neo4j.bytes_of_neo4j()


CONTENDERS: dict[str, Contender] = {
    "embedded": Contender("embedded", _load_embedded, _open_embedded, _disk),
    "bulk": Contender("Neo4j, bulk import", _load_bulk, _open_neo4j, _disk_of_neo4j, ("neo4j",)),
    "unwind": Contender("Neo4j, UNWIND", _load_unwind, None, _disk_of_neo4j, ("neo4j",)),
    "langchain": Contender("langchain-neo4j", _load_langchain, needs=("neo4j", "langchain_neo4j")),
    "sqlite": Contender("SQLite, indexed", _load_sqlite, _open_sqlite, _disk),
    "networkx": Contender("networkx", _load_networkx, _open_networkx, needs=("networkx",)),
}
"""In the order of the table."""
IN_NEO4J = ("langchain", "unwind", "bulk")
"""They take the place of each other in this order, so that the last one stays to be asked."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=Path)
    parser.add_argument("--names", type=Path)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of the graph that is drawn, as a share of DRKG's"
    )
    parser.add_argument("--neo4j", action="store_true", help="with Neo4j; what the server holds is lost")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, separated by commas")
    parser.add_argument("--child", nargs=3, metavar=("STEP", "NAME", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        step, name, folder = given.child
        inputs = StoreInputs(given.triples, given.names, Path(folder) / name)
        contender = CONTENDERS[name]
        found = asdict(_measure(contender, inputs)) if step == "ask" else _load(contender, inputs)
        sys.stdout.write(json.dumps(found) + "\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        triples, names = (given.triples, given.names) if given.triples else _drawn(Path(scratch), given.scale)
        run = _Run(triples, names, Path(scratch), given.neo4j)
        chosen = [name for name in CONTENDERS if name in given.only.split(",")]
        sys.stdout.write(run.table(chosen) + "\n" + where() + "\n")


def _drawn(folder: Path, scale: float) -> tuple[Path, Path]:
    from kedrec.graphdb.drkg.synthetic import write_synthetic

    report = write_synthetic(folder / "triples.tsv.gz", folder / "names.tsv.gz", 0, scale)
    _say(f"{report.triples:,} triples drawn")
    return folder / "triples.tsv.gz", folder / "names.tsv.gz"


@dataclass
class _Run:
    """All contenders, one after the other."""

    triples: Path
    names: Path
    scratch: Path
    neo4j: bool
    loaded: dict[str, Loaded | str] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)

    def table(self, chosen: Sequence[str]) -> str:
        """Load and ask the chosen contenders."""
        for name in sorted(chosen, key=lambda name: IN_NEO4J.index(name) if name in IN_NEO4J else -1):
            _say(f"loading {CONTENDERS[name].title}")
            if name in IN_NEO4J and not self.neo4j:
                lacking = "not asked for"
            else:
                missing = [package for package in CONTENDERS[name].needs if not importlib.util.find_spec(package)]
                lacking = f"no {missing[0]}" if missing else ""
            loaded = self.loaded[name] = lacking or self._load(name)
            if isinstance(loaded, Loaded) and CONTENDERS[name].open:
                _say(f"asking {CONTENDERS[name].title}")
                self.measured[name] = Measured(**self._child("ask", name))
        return table({name: CONTENDERS[name].title for name in chosen}, self.loaded, self.measured)

    def _load(self, name: str) -> Loaded | str:
        try:
            if name in IN_NEO4J:
                graph_neo4j.empty_database(self.scratch / "emptying")
            return Loaded(**self._child("load", name))
        except subprocess.CalledProcessError:
            return "failed"

    def _child(self, step: str, name: str) -> dict[str, Any]:
        """Run one step in a process of its own; a whole load takes as long as its process."""
        files = ["--triples", str(self.triples), "--names", str(self.names)]
        module = "kedrec.eval.bench_graph.run"
        command = [sys.executable, "-m", module, *files, "--child", step, name, str(self.scratch)]
        started = time.monotonic()
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - started
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return {"seconds": seconds, **found} if step == "load" else found


def _load(contender: Contender, inputs: StoreInputs) -> dict[str, Any]:
    """Load in this process; the fields of `Loaded`, without the seconds of a whole load."""
    part = contender.load(inputs)
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = max(peaks + [graph_neo4j.peak_of_neo4j()] * ("neo4j" in contender.needs))
    disk = contender.disk(inputs)
    found: dict[str, Any] = {"peak_mib": peak >> 10, "disk_mib": disk and disk >> 20, "part": part and part.triples}
    return found if part is None else {**found, "seconds": part.seconds * part.total / part.triples}


def _measure(contender: Contender, inputs: StoreInputs) -> Measured:
    """Open in this process and ask."""
    if contender.open is None:
        raise ValueError(f"{contender.title} is not asked")
    pairs = _pairs(inputs.triples)
    for package in contender.needs:
        importlib.import_module(package)
    started = time.monotonic()
    asked = contender.open(inputs)
    asked.direct(*pairs[0])
    opened = time.monotonic() - started
    questions = _questions(asked)
    answers = {name: [ask(*pair) for pair in pairs[:CHECKED]] for name, ask in questions.items()}
    times = {name: _times(ask, pairs[WARM:]) for name, ask in questions.items()}
    return Measured(opened, times, answers, *_evidence(asked, pairs))


def _pairs(triples: Path) -> list[tuple[str, str]]:
    """Draw (compound, disease) pairs, half of them with an edge between, in random order."""
    found, chance = read_triples([triples]), random.Random(1)
    kinds = {kind: [i for i in found.ids if kind_of(i) == kind] for kind in ("Compound", "Disease")}
    is_kind = {kind: np.isin(np.array(found.ids, object), ids) for kind, ids in kinds.items()}
    edges = np.flatnonzero(is_kind["Compound"][found.heads] & is_kind["Disease"][found.tails]).tolist()
    linked = sorted({(found.ids[found.heads[i]], found.ids[found.tails[i]]) for i in edges})
    pairs = chance.sample(linked, min(PAIRS // 2, len(linked)))
    pairs += [(chance.choice(kinds["Compound"]), chance.choice(kinds["Disease"])) for _ in range(PAIRS - len(pairs))]
    chance.shuffle(pairs)
    return pairs


def _questions(asked: BenchGraph) -> dict[str, Callable[[str, str], list[Any]]]:
    """Return what is asked of each pair."""
    return {
        "direct": asked.direct,
        "neighbours": lambda a, b: asked.neighbours(b),
        "shared": lambda a, b: asked.shared(a, b, SHARED),
        "paths": lambda a, b: asked.paths(a, b, PATHS),
    }


def _times(ask: Callable[[str, str], object], pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Return milliseconds of each answer, of as many pairs as there is time for."""
    found: list[float] = []
    until = time.monotonic() + SECONDS
    for pair in pairs[:ASKED]:
        started = time.perf_counter()
        ask(*pair)
        found.append(1000 * (time.perf_counter() - started))
        if time.monotonic() > until:
            break
    return found


def _evidence(asked: BenchGraph, pairs: Sequence[tuple[str, str]]) -> tuple[float, int]:
    """Return the seconds that the evidence of all pairs takes, and of how many pairs it was gathered."""
    started, done, spent = time.monotonic(), 0, 0.0
    while done < len(pairs) and spent < SECONDS:
        fitting = int(done * (SECONDS - spent) / spent) if done else FIRST
        some = pairs[done : done + max(1, fitting)]
        asked.evidence(some)
        done, spent = done + len(some), time.monotonic() - started
    return spent * len(pairs) / done, done


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
