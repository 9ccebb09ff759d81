"""The benchmark on real data: `python -m kedrec.eval.bench_real DATA_DIR --home DIR`.

DATA_DIR holds `kg/drkg_slice.tsv.gz`, `kg/entity_names.tsv.gz`, `literature/*.jsonl.gz`, `pairs/train.jsonl` and
`pairs/dev.jsonl`. What the home lacks is loaded first. Prints one table in Markdown with date, commit and machine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from kedrec.agents.agent import Agent, Query
from kedrec.config import Settings, load
from kedrec.distill.pairs.pairs_file import Pairs, read_pairs
from kedrec.eval.frequency_baseline import by_frequency
from kedrec.eval.machine import KEDREC, where
from kedrec.eval.metrics import Scores, score
from kedrec.eval.selection import SelectionReport, evaluate_selection
from kedrec.records import SETTINGS, Corpora

__all__ = ["main"]

WARM = 5
ASKED = 60


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--model", default="offline")
    given = parser.parse_args(arguments)
    settings = load({"home": given.home, "model": given.model}).settings
    prepare(given.data, given.home)
    pairs = {name: read_pairs(given.data / "pairs" / f"{name}.jsonl") for name in ("train", "dev")}
    lines = [load_line(given.data), compare_line(settings, pairs["dev"])]
    frequency = score(by_frequency(pairs["train"], pairs["dev"]))
    reports = [_evaluate(settings, pairs["dev"], setting) for setting in SETTINGS]
    kinds = list(frequency.by_kind)
    head = ["", "F1", "95 % by items", "by diseases", *kinds, "surer 80 %", "ECE", "abstained", "s"]
    rows = [_row("a drug's frequency alone", frequency, kinds, "-")]
    rows += [_row(f"{report.model}, {report.setting}", report, kinds, f"{report.seconds:.0f}") for report in reports]
    title = (
        f"{frequency.n} pairs of {frequency.diseases} diseases; direct Compound-Disease edges of all pairs hidden\n\n"
    )
    table = title + "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]) + "\n"
    sys.stdout.write(table + "\n" + "\n".join(lines) + "\n" + where() + "\n")


def prepare(data: Path, home: Path) -> None:
    """Load graph and literature where the home lacks them."""
    if not (home / "graph").is_dir():
        _kedrec(home, "graph", "load", *_graph_files(data))
    if not (home / "literature").is_dir():
        for name in ("abstracts", "trials"):
            _say(f"adding {name}")
            _kedrec(home, "literature", "add", str(data / "literature" / f"{name}.jsonl.gz"))


def load_line(data: Path) -> str:
    """Seconds of `kedrec graph load`, the whole process, into a fresh home."""
    with tempfile.TemporaryDirectory() as home:
        started = time.monotonic()
        _kedrec(Path(home), "graph", "load", *_graph_files(data))
        return f"- `kedrec graph load`, whole process: {time.monotonic() - started:.1f} s"


def compare_line(settings: Settings, pairs: Pairs) -> str:
    """Median seconds of one comparison once warm, nothing else going on."""
    questions = pairs.questions[: WARM + ASKED]
    with Agent.open(settings, record=False) as agent:
        seconds = []
        for pair in questions:
            query = Query(disease=pair.disease.id, candidates=tuple(d.id for d in pair.candidates), setting="both")
            started = time.monotonic()
            agent.run(query)
            seconds.append(time.monotonic() - started)
    warm = sorted(seconds[WARM:])
    median, slow = statistics.median(warm), warm[int(0.95 * len(warm))]
    return f"- one comparison, setting both, warm: p50 {median:.3f} s, p95 {slow:.3f} s ({len(warm)} questions)"


def _evaluate(settings: Settings, dev: Pairs, setting: Corpora) -> SelectionReport:
    chosen = settings.model_copy(update={"setting": setting})
    report = evaluate_selection(dev, chosen, hide_pairs=True)
    _say(f"{setting}: F1 {report.f1:.3f} in {report.seconds:.0f} s")
    return report


def _row(name: str, scores: Scores, kinds: Sequence[str], seconds: str) -> list[str]:
    figures = scores.calibration
    sure = [f"{figures.surer_accuracy:.3f}", f"{figures.ece:.3f}"] if figures else ["-", "-"]
    by_kind = [f"{scores.by_kind[kind].f1:.3f}" for kind in kinds]
    intervals = [_interval(scores.f1_ci95), _interval(scores.f1_ci95_by_disease)]
    return [name, f"**{scores.f1:.3f}**", *intervals, *by_kind, *sure, str(scores.abstained), seconds]


def _interval(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]"


def _graph_files(data: Path) -> tuple[str, ...]:
    return str(data / "kg" / "drkg_slice.tsv.gz"), "--names", str(data / "kg" / "entity_names.tsv.gz")


def _kedrec(home: Path, *arguments: str) -> None:
    subprocess.run([*KEDREC, "--home", str(home), *arguments], check=True)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
