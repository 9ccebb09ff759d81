"""The whole pipeline on the starter data: graph + literature -> agent -> traces -> data set -> student -> a table.

Type:  make demo        (or, with the environment set up: .venv/bin/python examples/demo.py)

No key, no graphics card, no network. Everything it makes lies in its own home, `.demo/`, which is made anew each time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kedrec.cli.terminal.bars import counting_bar
from kedrec.config import Settings, load
from kedrec.records import Corpora, Recommendation, Trace

STARTER = Path(__file__).parent / "starter"
MARK = "made-by-kedrec-demo"
SETTINGS: tuple[Corpora, ...] = ("none", "trials", "articles", "both")
CASES = (
    ("Crohn disease", "infliximab", "etanercept"),
    ("obsessive-compulsive disorder", "fluvoxamine", "trazodone"),
    ("chronic obstructive pulmonary disease", "formoterol", "metoprolol"),
)
STUDENT_LIMITS = {"max_steps": 8, "max_output_tokens": 120, "workers": 2}
"""For a student that was trained from scratch on a few rows: no tool calls of its own, no repairs, short answers."""

console = Console(highlight=False, soft_wrap=True, width=118)


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path(__file__).parent.parent / ".demo", help="where it works")
    home: Path = parser.parse_args().home
    started = time.monotonic()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while waiting crawl on a busy machine
    settings = load({"home": fresh_home(home), "model": "offline"}).settings
    build_stores(settings)
    ask_the_teacher(settings)
    runs = record_runs(settings)
    student = distil(runs, home)
    compare_with_student(settings, student)
    console.print(f"\nDone in {time.monotonic() - started:.0f} s. Look around:  kedrec --home {home} trace list")
    console.print(f"Ask in a browser:  kedrec --home {home} serve   and http://127.0.0.1:8765/")


def fresh_home(home: Path) -> Path:
    """An empty home; only a folder that this program made is ever deleted."""
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise SystemExit(f"{home} was not made by this demonstration; give another --home.")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).touch()
    return home


def build_stores(settings: Settings) -> None:
    """Graph, literature and what is derived from both."""
    from kedrec.agents.offline.weigher import Weigher
    from kedrec.graphdb.embedded.build import load_graph
    from kedrec.graphdb.embedded.store import EmbeddedStore
    from kedrec.tools.literature import Literature

    with step("Graph and literature", "kedrec graph load … ; kedrec literature add …"):
        stats = load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", settings.home / "graph")
        console.print(f"  {stats.entities:,} entities, {stats.triples:,} triples, {len(stats.relations)} relations")
        literature = Literature.open(settings.home / "literature", settings)
        for name in ("articles.jsonl", "trials.jsonl"):
            report = literature.add(STARTER / name)
            console.print(f"  {report.added} notes from {name}")
        store = EmbeddedStore.open(settings.home / "graph")
        Weigher.open(store, literature, settings.home / "derived").prepare()


def ask_the_teacher(settings: Settings) -> None:
    """A few questions, each with its steps as they happen."""
    from kedrec.agents.agent import Agent, Query
    from kedrec.cli.terminal.views import print_recommendation

    with Agent.open(settings) as agent:
        for disease, *drugs in CASES:
            command = f'kedrec compare "{disease}" {" ".join(drugs)}'
            with step(f"{disease}: {' or '.join(drugs)}?", command):
                trace = agent.run(
                    Query(disease=disease, candidates=tuple(drugs), setting="both"), on_event=tell_steps()
                )
                console.print()
            if trace.recommendation is None:
                raise SystemExit(f"The question failed: {trace.error}")
            print_recommendation(trace.recommendation)
            print_paths(trace.recommendation)


def tell_steps() -> Callable[[Any], None]:
    """Prints the name of each step of the agent graph when it begins."""

    def listen(event: Any) -> None:
        if event.kind == "step_started":
            console.print(f"  {event.step} …", end="")

    return listen


def print_paths(made: Recommendation) -> None:
    """What the graph knows on the way between the disease and its drugs."""
    paths = [entry for key, entry in made.evidence.items() if key.startswith("K")]
    for entry in paths[:4]:
        console.print(f"  graph: {entry.text[:160]}", markup=False)


def record_runs(settings: Settings) -> list[Path]:
    """The teacher over the training pairs in each setting, traces kept."""
    from kedrec.distill.pairs.pairs_file import read_pairs
    from kedrec.distill.runs.run import start_run

    pairs = read_pairs(STARTER / "pairs.jsonl").of_split("train")
    folders = []
    for setting in SETTINGS:
        out = settings.home / "runs" / setting
        with step(f"Teacher over {len(pairs.questions)} pairs, setting {setting}", "kedrec runs start … --hide-pairs"):
            chosen = settings.model_copy(update={"setting": setting})
            with counting_bar("pairs") as advance:
                summary = start_run(
                    pairs, out, chosen, hide_pairs=True, on_progress=lambda now: advance(now.done, now.pairs)
                )
            console.print(f"  {summary.done} done, failed {summary.failed or 0}")
        folders.append(out)
    return folders


def distil(runs: list[Path], home: Path) -> str:
    """Data set and student; the student's model specification."""
    from kedrec.distill.student.dataset import build_dataset
    from kedrec.distill.student.train import TINY, TrainOptions, train_student

    with step("Data set from the traces", "kedrec dataset build …"):
        manifest = build_dataset(runs, home / "dataset")
        console.print(f"  rows {manifest.rows}, by task {manifest.tasks}, left out {manifest.dropped or 0}")
    options = TrainOptions(epochs=4, batch_size=1, learning_rate=1.5e-3, tasks=("decide",))
    with step("A tiny student, trained from scratch", "kedrec student train … --base tiny"):
        report = train_student(
            home / "dataset", TINY, home / "student", options, say=tell_sample, on_progress=tell_loss
        )
    losses = ", ".join(
        f"{term} {report.metrics[f'before_loss_{term}']:.3f} -> {report.metrics[f'eval_loss_{term}']:.3f}"
        for term in ("sft", "select", "rationale")
    )
    console.print(
        f"  {report.parameters:,} parameters, {report.rows['train']} rows, {report.seconds:.0f} s; losses {losses}"
    )
    return report.model


def tell_loss(step_done: int, steps: int, latest: dict[str, float]) -> None:
    """A line every tenth of the training."""
    if step_done % max(1, steps // 10) == 0:
        console.print(f"  step {step_done} of {steps}, loss {latest.get('loss', float('nan')):.2f}")


def tell_sample(text: str) -> None:
    """What the trainer says, indented and cut."""
    console.print("  " + text[:1200].replace("\n", "\n  "), markup=False)


def compare_with_student(settings: Settings, student: str) -> None:
    """The same graph on teacher and student over the held-out pairs, and the table."""
    from kedrec.distill.pairs.pairs_file import read_pairs

    pairs = read_pairs(STARTER / "pairs.jsonl").of_split("dev")
    taught = settings.model_copy(update={"model": student, **STUDENT_LIMITS})
    answered: dict[str, dict[Corpora, list[Trace]]] = {}
    for name, chosen in (("teacher", settings), ("student", taught)):
        with step(f"{name} over {len(pairs.questions)} held-out pairs in four settings", "kedrec eval selection …"):
            answered[name] = answer_all(chosen, pairs)
    print_table(pairs, answered)


def answer_all(settings: Settings, pairs: Any) -> dict[Corpora, list[Trace]]:
    """The traces of one model in each setting, direct edges of the pairs hidden."""
    from kedrec.agents.agent import Agent
    from kedrec.eval.selection import run_selection

    with Agent.open(settings, hidden=pairs.hidden(), record=False) as agent, counting_bar("pairs") as bar:
        return {setting: run_selection(agent, pairs.questions, setting, bar) for setting in SETTINGS}


def print_table(pairs: Any, answered: dict[str, dict[Corpora, list[Trace]]]) -> None:
    """F1 per setting for both, and how near the student's rationales are to the teacher's."""
    from kedrec.eval.rationales import citation_agreement, cited_sources, draft_text, rouge, sentences_kept

    table = Table(title=f"{len(pairs.questions)} held-out pairs, direct edges hidden", title_justify="left")
    table.add_column("", no_wrap=True)
    for setting in SETTINGS:
        table.add_column(setting, justify="right", no_wrap=True)
    for name, traces in answered.items():
        table.add_row(f"F1 of the selection, {name}", *(f1(pairs, traces[setting]) for setting in SETTINGS))
    written = answered["student"]
    table.add_row("F1 of what the student wrote", *(f1(pairs, written[s], before_check=True) for s in SETTINGS))
    texts = {n: {s: [draft_text(t) for t in traces[s]] for s in SETTINGS} for n, traces in answered.items()}
    scores = {s: rouge(list(zip(texts["teacher"][s], texts["student"][s], strict=True))) for s in SETTINGS}
    for field, label in (("rouge1", "ROUGE-1"), ("rouge2", "ROUGE-2"), ("rougeL", "ROUGE-L")):
        table.add_row(f"{label} of what it wrote", *(f"{getattr(scores[s], field):.3f}" for s in SETTINGS))
    sources = {n: {s: [cited_sources(t) for t in traces[s]] for s in SETTINGS} for n, traces in answered.items()}
    agreed = [
        citation_agreement(list(zip(sources["teacher"][s], sources["student"][s], strict=True))) for s in SETTINGS
    ]
    table.add_row("sources it cites as the teacher", *(f"{a.precision:.2f} of {a.n}" if a.n else "-" for a in agreed))
    for name, traces in answered.items():
        kept = [sentences_kept([trace.recommendation for trace in traces[s]]) for s in SETTINGS]
        table.add_row(f"sentences that passed, {name}", *("-" if k is None else f"{k:.2f}" for k in kept))
    console.print()
    console.print(table)
    console.print(WHAT_IT_MEANS.format(n=len(pairs.questions)), style="dim")


WHAT_IT_MEANS = """
What these numbers are. The pairs are {n}, so that one pair is {share} of F1: nothing here is a measured result. The
teacher is `offline`, rules and weights fitted elsewhere, on a starter graph and short notes in our own words that were
chosen to show evidence. The student is a tiny Llama that knew no language and was trained for a minute: what it
writes is of no worth. The check strikes out what does not stand on its evidence, and a choice without a sentence left
is an abstention.
"What it wrote" is its decision before that check: there, choosing between two drugs, a coin scores 0.5, and ROUGE says
how alike its words are to the teacher's rationale, not whether they are true. The README has the figures on real data;
`kedrec student train --base MODEL` takes a real base. Research only; not medical advice.""".replace("{share}", "1/{n}")


def f1(pairs: Any, traces: list[Trace], *, before_check: bool = False) -> str:
    """F1 with its interval, as text."""
    from kedrec.eval.metrics import score
    from kedrec.eval.selection import outcome_of

    both = zip(pairs.questions, traces, strict=True)
    figures = score([outcome_of(pair, pairs, trace, before_check=before_check) for pair, trace in both])
    low, high = figures.f1_ci95
    return f"{figures.f1:.2f} [{low:.2f}, {high:.2f}]"


@contextmanager
def step(title: str, command: str) -> Iterator[None]:
    """Prints a title, the command that does the same by hand, and how long it took."""
    started = time.monotonic()
    console.print(f"\n[bold]{title}[/bold]   [dim]{command}[/dim]")
    yield
    console.print(f"  {time.monotonic() - started:.1f} s", style="dim")


if __name__ == "__main__":
    main()
