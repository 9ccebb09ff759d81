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

from demo_table import COMPARED, WHAT_THE_STUDENT_IS, WHAT_TINY_IS, print_table
from rich.console import Console

from kedrec.cli.terminal.bars import counting_bar
from kedrec.config import Settings, load
from kedrec.records import SETTINGS, Corpora, Recommendation, Trace

STARTER = Path(__file__).parent / "starter"
MARK = "made-by-kedrec-demo"
CASES = (
    ("Crohn disease", "infliximab", "etanercept"),
    ("obsessive-compulsive disorder", "fluvoxamine", "trazodone"),
    ("chronic obstructive pulmonary disease", "formoterol", "metoprolol"),
)
FEW_STEPS = 0.25
"""Passes over the rows that are shown."""
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
    build_data_set(runs, home)
    student = teach_a_few_steps(home) if has_student(home) else teach_tiny(home)
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
    from kedrec.cli.terminal.answer_view import print_recommendation

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


def build_data_set(runs: list[Path], home: Path) -> None:
    """Traces -> rows to learn from."""
    from kedrec.distill.dataset.build import build_dataset

    with step("Data set from the traces", "kedrec dataset build …"):
        manifest = build_dataset(runs, home / "dataset")
        console.print(f"  rows {manifest.rows}, by task {manifest.tasks}, left out {manifest.dropped or 0}")


def has_student(home: Path) -> bool:
    """Whether the student that ships and its base are here; says so where they are not."""
    from kedrec.agents.student.base import PACKAGE, is_here
    from kedrec.agents.student.chat_model import is_student, shipped

    if is_student(str(shipped())) and is_here(home):
        return True
    console.print(
        f"\nThe base of the student is not here (package {PACKAGE}): a tiny one is made from scratch instead."
    )
    return False


def teach_a_few_steps(home: Path) -> str:
    """A few real training steps on the base of the student that ships; that student's specification."""
    from kedrec.distill.student.train import TrainOptions, train_student

    options = TrainOptions(epochs=FEW_STEPS, batch_size=4, lora_rank=8, tasks=("choose",))
    with step("A few steps of training on SmolLM2-135M", "kedrec student train … --base smollm2 --task choose"):
        report = train_student(
            home / "dataset", "smollm2", home / "few-steps", options, home=home, say=tell_sample, on_progress=tell_loss
        )
    console.print(
        f"  {report.trained_parameters:,} of {report.parameters:,} parameters, {report.seconds:.0f} s. So few steps"
        " teach little; the student below, which ships, took many such steps."
    )
    return "student"


def teach_tiny(home: Path) -> str:
    """A student from scratch; its model specification."""
    from kedrec.distill.student.train import TINY, TrainOptions, train_student

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
        loss = latest.get("loss", latest.get("select", float("nan")))
        console.print(f"  step {step_done} of {steps}, loss {loss:.2f}")


def tell_sample(text: str) -> None:
    """What the trainer says, indented and cut."""
    console.print("  " + text[:1200].replace("\n", "\n  "), markup=False)


def compare_with_student(settings: Settings, student: str) -> None:
    """The same graph on teacher and student over the held-out pairs, and the table."""
    from kedrec.distill.pairs.pairs_file import read_pairs

    pairs = read_pairs(STARTER / "pairs.jsonl").of_split("dev")
    shipped = student == "student"
    taught = settings.model_copy(update={"model": student, **({} if shipped else STUDENT_LIMITS)})
    if shipped:
        show_rationales(taught)
    answered: dict[str, dict[Corpora, list[Trace]]] = {}
    for name, chosen in (("teacher", settings), ("student", taught)):
        with step(f"{name} over {len(pairs.questions)} held-out pairs in two settings", "kedrec eval selection …"):
            answered[name] = answer_all(chosen, pairs)
    print_table(console, pairs, answered, WHAT_THE_STUDENT_IS if shipped else WHAT_TINY_IS)


def show_rationales(settings: Settings) -> None:
    """The student on the questions that the teacher answered above."""
    from kedrec.agents.agent import Agent, Query
    from kedrec.cli.terminal.answer_view import print_recommendation

    with Agent.open(settings, record=False) as agent:
        for disease, *drugs in CASES:
            with step(f"The student: {' or '.join(drugs)}?", f'kedrec compare "{disease}" … --model student'):
                made = agent.run(Query(disease=disease, candidates=tuple(drugs), setting="both")).recommendation
            if made is not None:
                print_recommendation(made)


def answer_all(settings: Settings, pairs: Any) -> dict[Corpora, list[Trace]]:
    """The traces of one model in each setting, direct edges of the pairs hidden."""
    from kedrec.agents.agent import Agent
    from kedrec.eval.selection import run_selection

    with Agent.open(settings, hidden=pairs.hidden(), record=False) as agent, counting_bar("pairs") as bar:
        return {setting: run_selection(agent, pairs.questions, setting, bar) for setting in COMPARED}


@contextmanager
def step(title: str, command: str) -> Iterator[None]:
    """Prints a title, the command that does the same by hand, and how long it took."""
    started = time.monotonic()
    console.print(f"\n[bold]{title}[/bold]   [dim]{command}[/dim]")
    yield
    console.print(f"  {time.monotonic() - started:.1f} s", style="dim")


if __name__ == "__main__":
    main()
