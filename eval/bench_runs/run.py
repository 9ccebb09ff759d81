"""Benchmark of runs: `python -m kedrec.eval.bench_runs.run --home HOME [--setting both] [--in-flight 64 256] …`.

HOME holds a graph, and literature for the settings that use it. A scripted teacher answers behind a real server in a
process of its own, each call after `--latency` seconds. Every run is a process of its own. `ideal` is what the calls of
a pair that must wait for each other take at that latency, divided by the pairs in flight.

With `--processes N` the same run by that many worker processes comes next; their start is in its seconds, and its CPU
and memory are those of all of them together.

With `--distilabel PYTHON` and `--curator PYTHON`, which name Pythons of other environments, these tools make a chain of
as many calls in the same run; their start is in their seconds, as it cannot be split off. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from kedrec.config import Settings
from kedrec.eval.bench_runs import rivals as runs_by_others
from kedrec.eval.machine import where
from kedrec.records import ModelCall, Trace

__all__ = ["main", "teacher", "write_pairs"]

REPLAYED = 300
"""Traces that are replayed."""
CHAIN = len(runs_by_others.LENGTHS)
"""Calls of a pair that wait for each other, by another tool."""
FIFTHS = 5
"""Parts of a run after each of which its memory is looked at."""
BARE_STEPS = 9
"""Nodes of the bare graph; ours takes about as many steps for a question."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="with a graph and literature")
    parser.add_argument("--setting", default="both", help="none, trials, articles or both")
    parser.add_argument("--in-flight", type=int, nargs="*", default=[64, 256], help="pairs in flight")
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of each run")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds of each answer of the teacher")
    parser.add_argument("--processes", type=int, default=0, help="also a run by so many worker processes")
    parser.add_argument("--distilabel", default="", help="a Python that has distilabel[openai]")
    parser.add_argument("--curator", default="", help="a Python that has bespokelabs-curator")
    parser.add_argument("--one", nargs=2, metavar=("PAIRS", "OUT"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        sys.stdout.write(json.dumps(_one(given, Path(given.one[0]), Path(given.one[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n".join(_measured(given, Path(folder))) + "\n")


def _measured(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    pairs = folder / "pairs.jsonl"
    write_pairs(given.home, given.pairs, pairs)
    yield "| by | in flight | pairs | seconds | ideal | share | pairs/s | CPU ms a pair | MiB each fifth | MiB peak |"
    yield "|---" * 10 + "|"
    for workers in given.in_flight:
        run = folder / f"run-{workers}"
        with teacher("--latency", str(given.latency)) as url:
            found = _in_a_process(given, workers, url, pairs, run)
            # Model calls of all pairs, those that were made side by side counted once.
            ideal = sum(_in_sequence(trace) for trace in _traces(run)) * given.latency / workers
            yield _row("KEDRec", workers, given.pairs, ideal, found)
            if given.processes:
                run = folder / f"divided-{workers}"
                found = _in_a_process(given, workers, url, pairs, run, processes=given.processes)
                yield _row(f"KEDRec, {given.processes} processes", workers, given.pairs, ideal, found)
            for tool, python in (("distilabel", given.distilabel), ("curator", given.curator)):
                ideal = CHAIN * given.pairs * given.latency / workers
                found = _by_another(tool, python, url, given.pairs, workers) if python else {}
                yield _row(tool, workers, given.pairs, ideal, found)
    yield ""
    yield from _of_traces(folder / f"run-{given.in_flight[0]}")
    yield ""
    yield where()


def _row(tool: str, workers: int, pairs: int, ideal: float, found: dict[str, Any]) -> str:
    if not found:
        return f"| {tool} | {workers} | not installed |" + " - |" * 7
    cells = [
        tool, f"{workers}", f"{pairs:,}", f"{found['seconds']:.1f}", f"{ideal:.1f}", f"{ideal / found['seconds']:.2f}",
        f"{pairs / found['seconds']:.1f}", f"{1000 * found['cpu'] / pairs:.1f}",
        ", ".join(f"{mebibytes:.0f}" for mebibytes in found.get("fifths", ())) or "-", f"{found['peak']:.0f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _by_another(tool: str, python: str, url: str, pairs: int, workers: int) -> dict[str, float]:
    """A chain of as many calls by another tool in its own environment, its start included."""
    line = [python, str(Path(runs_by_others.__file__)), tool, url, str(pairs), str(workers)]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if found["done"] != pairs:
        raise SystemExit(f"{tool}: only {found['done']} of {pairs} pairs came to their end.")
    return found


def write_pairs(home: Path, count: int, path: Path) -> None:
    """So many different questions about the graph's diseases and drugs that have the most edges."""
    from kedrec.graphdb.drkg.files import kind_of
    from kedrec.graphdb.embedded.store import EmbeddedStore

    store, chance = EmbeddedStore.open(home / "graph"), random.Random(0)
    linked = sorted({*store.heads.tolist(), *store.tails.tolist()})
    ill = [place for place in linked if kind_of(store.ids[place]) == "Disease"]
    drugs = [place for place in linked if kind_of(store.ids[place]) == "Compound"]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            asked = [chance.choice(ill), *chance.sample(drugs, 2)]
            disease, *two = ({"id": store.ids[place], "name": store.names[place]} for place in asked)
            file.write(json.dumps({"id": f"q{number}", "disease": disease, "candidates": two}) + "\n")


@contextmanager
def teacher(*options: str) -> Iterator[str]:
    """A scripted teacher in a process of its own, with these options of its command; its address."""
    command = [sys.executable, "-m", "kedrec.eval.bench_runs.fake_server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.kill()


def _in_a_process(
    given: argparse.Namespace, workers: int, url: str, pairs: Path, out: Path, *, processes: int = 0
) -> dict[str, Any]:
    line = [sys.executable, "-m", "kedrec.eval.bench_runs.run", "--home", str(given.home), "--setting", given.setting]
    line += ["--in-flight", str(workers), "--processes", str(processes), "--url", url, "--one", str(pairs), str(out)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _one(given: argparse.Namespace, path: Path, out: Path) -> dict[str, Any]:
    """One run, its start and imports left out by a short run before it."""
    from kedrec.distill.pairs.pairs_file import read_pairs
    from kedrec.distill.runs.run import Progress, start_run

    pairs = read_pairs(path)
    chosen = {"home": given.home, "setting": given.setting, "workers": given.in_flight[0], "temperature": 0.7}
    divided = {"engine": "processes", "shards": given.processes} if given.processes else {}
    settings = Settings.model_validate({**chosen, **divided, "model": "openai:teacher", "base_url": given.url})
    start_run(pairs, out.with_name(f"{out.name}-warm"), settings, limit=2)
    fifths: list[float] = []

    def told(now: Progress) -> None:
        if now.done * FIFTHS >= now.pairs * (len(fifths) + 1):
            started = (task.read_text("ascii").split() for task in Path("/proc/self/task").glob("*/children"))
            sizes = (Path("/proc", process, "statm").read_text("ascii") for process in ("self", *chain(*started)))
            resident = sum(int(size.split()[1]) for size in sizes) * resource.getpagesize() / 2**20
            fifths.append(resident)

    started, used = time.perf_counter(), _cpu()
    summary = start_run(pairs, out, settings, on_progress=told)
    if summary.done != summary.pairs:
        raise SystemExit(f"Only {summary.done} of {summary.pairs} pairs were answered: {summary.failed}")
    seconds, cpu = time.perf_counter() - started, _cpu() - used
    # MiB at most, of this process and of so many like the largest that it started.
    own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": seconds, "cpu": cpu, "fifths": fifths, "peak": (own + given.processes * largest) / 1024}


def _cpu() -> float:
    """Seconds of processor used by this process and by those that it started and that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _traces(run: Path) -> Iterator[Trace]:
    from kedrec.agents.traces.store import TraceStore
    from kedrec.distill.runs.folder import RunFolder

    folder = RunFolder(run)
    store = TraceStore(folder.traces)
    return (store.get(row.trace_id) for row in folder.rows().values() if row.trace_id)


def _in_sequence(trace: Trace) -> int:
    steps = [call.step for call in trace.calls if isinstance(call, ModelCall)]
    return len(steps) - steps.count("answer") + ("answer" in steps)


def _of_traces(run: Path) -> Iterator[str]:
    from kedrec.agents.replay.replay import replay

    traces = [trace for trace, _ in zip(_traces(run), range(REPLAYED), strict=False)]
    size = sum(file.stat().st_size for file in (run / "traces").iterdir()) / sum(1 for _ in _traces(run))
    started = time.perf_counter()
    same = sum(replay(trace).identical for trace in traces)
    seconds = time.perf_counter() - started
    steps = sum(len({call.step for call in trace.calls}) + 2 for trace in traces)
    yield "| what | measured |"
    yield "|---|---|"
    yield f"| trace, bytes a question | {size:,.0f} |"
    yield f"| replays, one process | {len(traces) / seconds:.0f} a second, {same} of {len(traces)} identical |"
    yield f"| a step of our graph, replayed | {1e3 * seconds / steps:.2f} ms |"
    yield f"| a step of LangGraph bare | {1e3 * _bare_step():.2f} ms |"


def _bare_step() -> float:
    """Seconds of one step of a graph whose nodes do nothing."""
    from langgraph.graph import END, START, StateGraph

    async def nothing(state: dict[str, Any]) -> dict[str, Any]:
        return {}

    graph: Any = StateGraph(dict)
    names = [f"n{number}" for number in range(BARE_STEPS)]
    for name in names:
        graph.add_node(name, nothing)
    for one, other in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(one, other)
    made = graph.compile()

    async def many() -> float:
        started = time.perf_counter()
        for _ in range(REPLAYED):
            await made.ainvoke({"x": 1}, {"recursion_limit": 50})
        return time.perf_counter() - started

    return asyncio.run(many()) / (REPLAYED * BARE_STEPS)


if __name__ == "__main__":
    main()
