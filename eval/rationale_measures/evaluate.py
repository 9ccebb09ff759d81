"""Measures the rationales of a run, one trace at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from kedrec.agents.traces.store import TraceStore
from kedrec.distill.pairs.pairs_file import OnPair, Pair, Pairs
from kedrec.distill.runs.folder import RunFolder, trace_of
from kedrec.errors import InputError
from kedrec.eval.rationale_measures.curated_mechanisms import Mechanisms
from kedrec.eval.rationale_measures.judge import Claimed, Judge
from kedrec.eval.rationale_measures.mechanism_hits import DrugHits, hits_of
from kedrec.eval.rationale_measures.rationale_counts import RationaleCounts, counts_of
from kedrec.eval.rationale_measures.report import RationaleReport
from kedrec.eval.rationale_measures.summary import agreement_figures, mechanism_figures, ragas_figures, text_figures
from kedrec.eval.rationale_measures.token_counts import quarter_of_characters
from kedrec.records import Recommendation, Trace

__all__ = ["Measures", "ReadRationale", "claimed_of", "evaluate_rationales", "read_rationale"]


class Measures(NamedTuple):
    """What rationales are measured against."""

    mechanisms: Mechanisms | None = None
    """Curated mechanisms."""
    answers: Pairs | None = None
    """The pairs with their answers: only the right drug's mechanism counts. Without them that of each candidate with a
    curated path to the disease does."""
    reference: Path | None = None
    """Folder of another run on the same questions."""
    judge: Judge | None = None
    """A model that judges rationales."""
    tokens: Callable[[str], int] = quarter_of_characters
    """Counts the tokens of a text."""
    tokens_by: str = "characters / 4"
    """How it counts."""


class ReadRationale(NamedTuple):
    """A rationale, and what was counted of it."""

    pair_id: str
    """Id of the question."""
    disease: str
    """Disease id."""
    text: str
    """Its sentences, without citation marks."""
    cited: tuple[str, ...]
    """Sources that it cites, each once."""
    gathered: tuple[str, ...]
    """Sources of all evidence, each once."""
    counts: RationaleCounts
    """Its sentences, length and tokens."""
    hits: tuple[DrugHits, ...]
    """What it names of the curated mechanisms of its drugs; none for drugs without one."""


def evaluate_rationales(
    run: Path, measures: Measures | None = None, on_progress: OnPair | None = None
) -> RationaleReport:
    """Measure the rationales of a run.

    Args:
        run: folder of the run; may be at work.
        measures: what they are measured against.
        on_progress: called with questions read and questions in all.

    Raises:
        NotReady: if there is no run.
        InputError: if the answers are those of other questions.
        MissingExtra: if there is to be a judge and ragas is not installed.
    """
    measures, folder = measures or Measures(), RunFolder(run)
    info, found = folder.info(), _Found(measures, folder.questions().questions)
    for done, (question, trace, lacking) in enumerate(_traces(folder), 1):
        found.add(question, trace, lacking)
        if on_progress is not None:
            on_progress(done, len(found.questions))
    others = _rationales_of(measures.reference) if measures.reference else None
    return RationaleReport(
        run=str(run),
        setting=info.setting,
        model=info.model,
        questions=len(found.questions),
        rationales=len(found.read),
        without=dict(found.without),
        diseases=len({one.disease for one in found.read}),
        mechanisms=mechanism_figures(found.read, measures.mechanisms.left_out) if measures.mechanisms else None,
        text=text_figures(found.read, measures.tokens_by),
        ragas=ragas_figures(found.read, found.claimed, measures.judge),
        agreement=agreement_figures(found.read, others, str(measures.reference)) if others is not None else None,
    )


class _Found:
    """What the traces of a run hold, question by question."""

    def __init__(self, measures: Measures, questions: tuple[Pair, ...]) -> None:
        self.questions, self._measures = questions, measures
        self.read: list[ReadRationale] = []
        self.claimed: list[Claimed] = []
        self.without: Counter[str] = Counter()
        self._right = _right(measures.answers, questions)
        places = measures.judge.places(len(questions)) if measures.judge else ()
        self._to_judge = {questions[place].id for place in places}

    def add(self, question: Pair, trace: Trace | None, lacking: str) -> None:
        """Count a rationale, or why there is none."""
        made = trace.recommendation if trace else None
        if trace is None or made is None or not made.sentences:
            self.without[lacking] += 1
            return
        self.read.append(read_rationale(question, trace, made, self._measures, self._right))
        if question.id in self._to_judge:
            self.claimed.append(claimed_of(question, made))


def _right(answers: Pairs | None, questions: tuple[Pair, ...]) -> dict[str, str | None] | None:
    """Pair id -> the right drug, where answers are given."""
    if answers is None:
        return None
    missing = next((one.id for one in questions if one.id not in answers.scoring), None)
    if missing is not None:
        raise InputError(answers.path, f"no item {missing}, which the run asks. Give the file that it is a run of.")
    return {pair_id: known.answer for pair_id, known in answers.scoring.items()}


def _traces(folder: RunFolder) -> Iterator[tuple[Pair, Trace | None, str]]:
    """Each question with its trace, and why it has no rationale if it has none."""
    rows, traces = folder.rows(), TraceStore(folder.traces)
    for question in folder.questions().questions:
        row = rows.get(question.id)
        trace = trace_of(row, traces) if row else None
        if row and row.error:
            yield question, trace, row.error["type"]
        else:
            yield question, trace, "not done" if row is None else "abstained" if trace else "trace lost"


def read_rationale(
    question: Pair,
    trace: Trace,
    made: Recommendation,
    measures: Measures,
    right: Mapping[str, str | None] | None = None,
) -> ReadRationale:
    """Count what a rationale consists of and names.

    Args:
        question: what was asked.
        trace: the run.
        made: its recommendation.
        measures: what it is measured against.
        right: pair id -> the right drug, where only its mechanism counts.
    """
    cited = (made.evidence[key].source_id for one in made.sentences for key in one.citations if key in made.evidence)
    return ReadRationale(
        pair_id=question.id,
        disease=question.disease.id,
        text=_text(made),
        cited=tuple(dict.fromkeys(cited)),
        gathered=tuple(dict.fromkeys(item.source_id for item in made.evidence.values())),
        counts=counts_of(trace, made, measures.tokens),
        hits=tuple(_hits(question, made, measures.mechanisms, right)) if measures.mechanisms else (),
    )


def _hits(
    question: Pair, made: Recommendation, mechanisms: Mechanisms, right: Mapping[str, str | None] | None
) -> Iterator[DrugHits]:
    for asked, drug in zip(question.candidates, made.candidates, strict=False):
        nodes = mechanisms.nodes.get((asked.id, question.disease.id), ())
        if nodes and (right is None or right[question.id] == asked.id):
            yield hits_of(made, drug, nodes, mechanisms.proteins)


def _text(made: Recommendation) -> str:
    return " ".join(sentence.text for sentence in made.sentences)


def claimed_of(question: Pair, made: Recommendation) -> Claimed:
    """Return a rationale with the evidence that it cites, to be judged."""
    keys = dict.fromkeys(key for one in made.sentences for key in one.citations if key in made.evidence)
    drugs = " or ".join(drug.name for drug in made.candidates)
    asked = f"Which is the better choice for {made.disease.name}: {drugs}?"
    return Claimed(question.disease.id, asked, _text(made), tuple(made.evidence[key].text for key in keys))


def _rationales_of(run: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Pair id -> text and cited sources of the rationales of another run."""
    found = {}
    for question, trace, _ in _traces(RunFolder(run)):
        made = trace.recommendation if trace else None
        if trace and made and made.sentences:
            read = read_rationale(question, trace, made, Measures())
            found[question.id] = (read.text, read.cited)
    return found
