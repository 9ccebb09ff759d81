"""Benchmark of what a run survives: `python -m kedrec.eval.bench_runs.faults --home HOME [--kills 50] [--pairs 1000]`.

HOME holds a graph; a scripted teacher answers behind a real server. Every run is the command itself, in a process and
with a cache of its own. Two things are done to it: a share of all calls goes wrong in every way that the teacher knows,
and the command is killed (SIGKILL) at random moments, its start included, and given again until it ends by itself.
Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kedrec.eval.bench_runs.run import teacher, write_pairs
from kedrec.eval.machine import where

__all__ = ["main"]

KILLED_PAIRS = 500
"""Pairs of the run that is killed again and again."""
KILLED_WORKERS = 16
LATEST = 4.0
"""Seconds after the first row of an undisturbed run's start up to which a kill may come."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="with a graph")
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of the run with faults; none where 0")
    parser.add_argument("--faults", type=float, default=0.2, help="share of the calls that go wrong")
    parser.add_argument("--kills", type=int, default=50, help="none where 0")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        lines = [*_faulty(given, Path(folder)), "", *_killed(given, Path(folder)), "", where()]
    sys.stdout.write("\n".join(lines) + "\n")


def _faulty(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    if not given.pairs:
        return
    pairs, out = folder / "pairs.jsonl", folder / "faulty"
    write_pairs(given.home, given.pairs, pairs)
    yield "| a run with faults | answered | listed with its reason | neither | seconds |"
    yield "|---|---|---|---|---|"
    with teacher("--latency", "0.1", "--faults", str(given.faults), "--stall", "30") as url:
        started = time.monotonic()
        done = subprocess.run(_command(_home(given.home, folder / "home-faulty"), pairs, out, url, 64), check=False)
        yield _counted(f"{given.pairs:,} pairs, {given.faults:.0%} of the calls faulty", out, given.pairs, started)
        faults = Counter({name: n for name, n in _counts(url).items() if name != "answered"})
    with teacher("--port", str(urlsplit(url).port)) as url:
        started = time.monotonic()
        retry = ["runs", "retry", str(out)]
        subprocess.run(_kedrec(folder / "home-faulty", retry, url), check=False, stdout=subprocess.DEVNULL)
        yield _counted("after `runs retry`, no faults", out, given.pairs, started)
    yield ""
    yield f"exit {done.returncode}; faults: {', '.join(f'{name} {count:,}' for name, count in sorted(faults.items()))}"


def _counted(name: str, out: Path, pairs: int, started: float) -> str:
    """Count the rows of a run's results: what was answered, and what is listed by type."""
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    answered = sum(row["choice"] is not None or row["abstained"] is not None for row in rows)
    listed = Counter(row["error"]["type"] for row in rows if row["error"] and row["error"]["message"])
    told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(listed.items())) or "0"
    lost = pairs - answered - listed.total()
    return f"| {name} | {answered:,} | {told} | {lost} | {time.monotonic() - started:.0f} |"


def _killed(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    if not given.kills:
        return
    pairs = folder / "killed-pairs.jsonl"
    write_pairs(given.home, KILLED_PAIRS, pairs)
    with teacher("--latency", "1.0") as url:
        # One run that nothing disturbs, and the seconds until its first row.
        out, started = folder / "whole", time.monotonic()
        with subprocess.Popen(
            _command(_home(given.home, folder / "home-whole"), pairs, out, url, KILLED_WORKERS)
        ) as process:
            while process.poll() is None and not (out / "journal.jsonl").exists():
                time.sleep(0.02)
            waited = time.monotonic() - started
            if process.wait():
                raise SystemExit("the undisturbed run failed")
        whole, start = out / "results.jsonl", waited
        calls = _counts(url)["answered"]
        killed = _killing(given, folder, pairs, url, start + LATEST)
        paid = _counts(url)["answered"] - calls
    same = whole.read_bytes() == (folder / "killed" / "results.jsonl").read_bytes()
    yield "| kills | pairs, in flight | results the same, byte for byte | calls undisturbed | calls in all |"
    yield "|---|---|---|---|---|"
    yield f"| {killed} | {KILLED_PAIRS}, {KILLED_WORKERS} | {'yes' if same else 'NO'} | {calls:,} | {paid:,} |"


def _killing(given: argparse.Namespace, folder: Path, pairs: Path, url: str, latest: float) -> int:
    """Kill the command so many times at random moments, then let it end; returns how many kills met it at work."""
    chance, met = random.Random(given.seed), 0
    command = _command(_home(given.home, folder / "home-killed"), pairs, folder / "killed", url, KILLED_WORKERS)
    for _ in range(given.kills):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                process.wait(chance.uniform(0.1, latest))
            except subprocess.TimeoutExpired:
                process.kill()
                met += 1
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return met


def _command(home: Path, pairs: Path, out: Path, url: str, workers: int) -> list[str]:
    line = ["runs", "start", str(pairs), "--out", str(out), "--setting", "none", "--model", "openai:teacher"]
    return _kedrec(home, [*line, "--workers", str(workers)], url)


def _kedrec(home: Path, words: Sequence[str], url: str) -> list[str]:
    """Return the command line of the package in this environment, with the teacher's address."""
    told = f"import os, kedrec.cli; os.environ.update(KEDREC_BASE_URL={url!r}, KEDREC_TIMEOUT='5'); kedrec.cli.main()"
    return [sys.executable, "-c", told, "--home", str(home), *words]


def _home(home: Path, fresh: Path) -> Path:
    """Return a home with the same graph and no answers known before."""
    fresh.mkdir()
    (fresh / "graph").symlink_to((home / "graph").resolve())
    return fresh


def _counts(url: str) -> dict[str, int]:
    """What became of the teacher's requests."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/counts", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return {name: int(count) for name, count in found["counts"].items()}


if __name__ == "__main__":
    main()
