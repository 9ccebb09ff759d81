"""Rationales of the agent: what they name of curated mechanisms, how they rest on evidence, and ragas' measures.

ragas wants reference contexts, which nobody wrote. They are here the evidence that the teacher's rationale cites:
precision then says how early, among all evidence shown, stands what was of use, and recall how much of it was found;
for the teacher itself recall is 1 by construction. Faithfulness needs a judge (`eval rationales --judge`); beside it
stands the share of sentences whose cited evidence names what they name and holds their numbers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kedrec.eval.rationale_measures.curated_mechanisms import read_mechanisms
from kedrec.eval.rationale_measures.evaluate import Measures, ReadRationale, read_rationale
from kedrec.eval.rationale_measures.figures import Figure
from kedrec.eval.rationale_measures.summary import mechanism_figures, text_figures
from kedrec.eval.tables.agent_rows import rationale_of, traces_of
from kedrec.eval.tables.beyond.ragas_texts import RagasText, ragas_of_texts
from kedrec.eval.tables.rows import TEACHER
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.writers.mechanism_sentences import mechanism_sentences
from kedrec.records import Recommendation, Trace

if TYPE_CHECKING:
    from pathlib import Path

    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["rationales"]

PATHS, PROTEINS = "mechanisms/drugmechdb_open.jsonl", "mechanisms/protein_genes.tsv"
JUDGED = 60
"""Questions whose evidence ragas compares; it compares every text with every other."""


def rationales(world: World, task: Task, setting: Corpora, model: str) -> Kept:
    """Measure the rationales of a model for the test questions."""
    traces = traces_of(world, task, setting, model, task.test.questions)
    paths = world.options.file(PATHS)
    right = {pair_id: known.answer for pair_id, known in task.test.scoring.items()}
    measures = Measures(mechanisms=read_mechanisms(paths, world.options.file(PROTEINS)) if paths else None)
    read = [
        read_rationale(pair, trace, made, measures, right)
        for pair in task.test.questions
        if (trace := traces.get(pair.id)) and (made := trace.recommendation) and made.sentences
    ]
    if not read:
        return Kept(note="no question has a rationale")
    figures = {"rationales": len(read), **_texts(read), **(_mechanisms(read) if paths else {})}
    ragas, note = _ragas(world, task, setting, traces, paths)
    return Kept(figures={**figures, **ragas}, note=note)


def _texts(read: Sequence[ReadRationale]) -> dict[str, Any]:
    told = text_figures(read, "characters / 4")
    return {
        "sentences that their evidence holds": _with_interval(told.grounded),
        "quotes word for word": _with_interval(told.verbatim),
        "words, median": _with_interval(told.words),
    }


def _mechanisms(read: Sequence[ReadRationale]) -> dict[str, Any]:
    told = mechanism_figures(read, 0)
    return {
        "curated protein named": _with_interval(told.protein.rationale),
        "curated protein in the evidence": _with_interval(told.protein.evidence),
        "curated process, phenotype or substance named": _with_interval(told.process_phenotype_or_substance.rationale),
        "named proteins that are curated": _with_interval(told.precision),
        "drugs with a curated mechanism": told.drugs,
    }


def _ragas(
    world: World, task: Task, setting: Corpora, traces: Mapping[str, Trace], paths: Path | None
) -> tuple[dict[str, Any], str]:
    """Ragas' figures, and what is to be said of them."""
    if importlib.util.find_spec("ragas") is None:
        return {}, "ragas is not installed"
    asked = task.test.questions[:JUDGED]
    teacher = traces_of(world, task, setting, TEACHER, asked)
    curated = mechanism_sentences(paths) if paths else {}
    rows = []
    for pair in asked:
        made = traces[pair.id].recommendation if pair.id in traces else None
        used = teacher[pair.id].recommendation if pair.id in teacher else None
        if made is not None and used is not None:
            mechanism = curated.get((task.test.scoring[pair.id].answer or "", pair.disease.id), "")
            shown = tuple(evidence.text for evidence in made.evidence.values())
            rows.append(RagasText(pair.disease.id, shown, _cited(used), rationale_of(traces[pair.id]), mechanism))
    return {f"ragas, {name}": figure for name, figure in ragas_of_texts(rows).items()}, (
        f"ragas on {len(rows)} questions; reference contexts are the evidence that the teacher cites"
    )


def _cited(made: Recommendation) -> tuple[str, ...]:
    keys = dict.fromkeys(key for sentence in made.sentences for key in sentence.citations)
    return tuple(made.evidence[key].text for key in keys if key in made.evidence)


def _with_interval(figure: Figure) -> list[float] | None:
    low, high = figure.ci95_by_disease or (0.0, 0.0)
    return None if figure.value is None else [figure.value, low, high]
