"""The table at the end of the demonstration: teacher beside student in each setting."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from kedrec.records import Corpora, Trace

COMPARED: tuple[Corpora, ...] = ("none", "both")
"""Those in which teacher and student are compared."""


def print_table(console: Console, pairs: Any, answered: dict[str, dict[Corpora, list[Trace]]], student: str) -> None:
    """F1 per setting for both, and how near the student's rationales are to the teacher's."""
    from kedrec.eval.rationales import citation_agreement, cited_sources, draft_text, rouge, sentences_kept

    table = Table(title=f"{len(pairs.questions)} held-out pairs, direct edges hidden", title_justify="left")
    table.add_column("", no_wrap=True)
    for setting in COMPARED:
        table.add_column(setting, justify="right", no_wrap=True)
    for name, traces in answered.items():
        table.add_row(f"F1 of the selection, {name}", *(f1(pairs, traces[setting]) for setting in COMPARED))
    written = answered["student"]
    table.add_row("F1 of what the student wrote", *(f1(pairs, written[s], before_check=True) for s in COMPARED))
    texts = {n: {s: [draft_text(t) for t in traces[s]] for s in COMPARED} for n, traces in answered.items()}
    scores = {s: rouge(list(zip(texts["teacher"][s], texts["student"][s], strict=True))) for s in COMPARED}
    for field, label in (("rouge1", "ROUGE-1"), ("rouge2", "ROUGE-2"), ("rougeL", "ROUGE-L")):
        table.add_row(f"{label} of what it wrote", *(f"{getattr(scores[s], field):.3f}" for s in COMPARED))
    sources = {n: {s: [cited_sources(t) for t in traces[s]] for s in COMPARED} for n, traces in answered.items()}
    agreed = [
        citation_agreement(list(zip(sources["teacher"][s], sources["student"][s], strict=True))) for s in COMPARED
    ]
    table.add_row("sources it cites as the teacher", *(f"{a.precision:.2f} of {a.n}" if a.n else "-" for a in agreed))
    for name, traces in answered.items():
        kept = [sentences_kept([trace.recommendation for trace in traces[s]]) for s in COMPARED]
        table.add_row(f"sentences that passed, {name}", *("-" if k is None else f"{k:.2f}" for k in kept))
    console.print()
    console.print(table)
    console.print(WHAT_IT_MEANS.format(n=len(pairs.questions), student=student), style="dim")


WHAT_TINY_IS = """The student is a tiny Llama that knew no language and was trained for a minute: what it
writes is of no worth."""
WHAT_THE_STUDENT_IS = """The student is a model of 135 million weights that was taught by traces of the
teacher on other diseases; docs/student.md says what it reads and how well it chooses on real data."""
WHAT_IT_MEANS = """
What these numbers are. The pairs are {n}, so that one pair is {share} of F1: nothing here is a measured result. The
teacher is `offline`, rules and weights fitted elsewhere, on a starter graph and short notes in our own words that were
chosen to show evidence. {student} The check strikes out what does not stand
on its evidence, and a choice without a sentence left is an abstention.
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
