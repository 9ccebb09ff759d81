"""How near a student's rationales are to its teacher's, and how well rationales stand on their citations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from kedrec.agents.prompting.answer_format import LABELS, without_citations
from kedrec.agents.prompting.answer_parser import Decision, parse_decision
from kedrec.errors import MissingExtra
from kedrec.records import Recommendation, Record, Trace

__all__ = [
    "CitationAgreement",
    "Rouge",
    "agreement_of_each",
    "citation_agreement",
    "cited_sources",
    "draft",
    "draft_text",
    "rouge",
    "rouge_of_each",
    "sentences_kept",
]


class Rouge(Record):
    """Mean ROUGE F-measures, stemmed; a pair without a rationale on either side counts as 0."""

    n: int
    """Pairs of rationales."""
    rouge1: float
    """Words in common."""
    rouge2: float
    """Pairs of words in common."""
    rougeL: float  # noqa: N815 - its own name
    """Longest common subsequence."""


class CitationAgreement(Record):
    """What a student's rationale cites against what its teacher's cites, by source; ragas' ID-based measures."""

    n: int
    """Pairs in which both cite something."""
    precision: float
    """Share of the student's sources that the teacher cites too."""
    recall: float
    """Share of the teacher's sources that the student cites too."""


def draft(trace: Trace) -> Decision:
    """The last decision as the model wrote it, before the check struck anything out."""
    return parse_decision(_written(trace), LABELS[: len(trace.question["candidates"])])


def draft_text(trace: Trace) -> str:
    """The words of its rationale without citation marks, whether or not they keep to the format."""
    return without_citations(_written(trace).partition("RATIONALE:")[2])


def _written(trace: Trace) -> str:
    calls = trace.model_calls("decide", "repair")
    return calls[-1].text if calls else ""


def rouge(pairs: Sequence[tuple[str, str]]) -> Rouge:
    """ROUGE-1, -2 and -L.

    Args:
        pairs: (teacher's text, student's text).
    """
    scores = rouge_of_each(pairs)
    means = [round(sum(values) / len(scores), 4) for values in zip(*scores, strict=True)] or [0.0, 0.0, 0.0]
    return Rouge(n=len(pairs), rouge1=means[0], rouge2=means[1], rougeL=means[2])


def rouge_of_each(pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float, float]]:
    """ROUGE-1, -2 and -L of each pair of texts, as F-measures."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    scores = [scorer.score(teacher, student) for teacher, student in pairs]
    return [(one["rouge1"].fmeasure, one["rouge2"].fmeasure, one["rougeL"].fmeasure) for one in scores]


def sentences_kept(made: Sequence[Recommendation | None]) -> float | None:
    """Share of sentences, answers included, whose citations passed the check; None where none was written."""
    kept = sum(len(m.sentences) + sum(bool(answer.citations) for answer in m.answers) for m in made if m)
    struck = sum(len(m.struck_out) for m in made if m)
    return round(kept / (kept + struck), 4) if kept + struck else None


def citation_agreement(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> CitationAgreement:
    """Precision and recall of the student's cited sources against the teacher's.

    Args:
        pairs: (sources that the teacher cites, sources that the student cites) for the same question; those in which
            one of them cites nothing are not counted.

    Raises:
        MissingExtra: if ragas is not installed.
    """
    both = [(list(teacher), list(student)) for teacher, student in pairs if teacher and student]
    scores = agreement_of_each(both)
    means = [round(sum(values) / len(scores), 4) for values in zip(*scores, strict=True)] or [0.0, 0.0]
    return CitationAgreement(n=len(both), precision=means[0], recall=means[1])


def agreement_of_each(pairs: Sequence[tuple[list[str], list[str]]]) -> list[tuple[float, float]]:
    """Ragas' ID-based precision and recall of each pair: (ids of the reference, ids looked at), none of them empty.

    Raises:
        MissingExtra: if ragas is not installed.
    """
    return asyncio.run(_id_based(pairs)) if pairs else []


def cited_sources(trace: Trace) -> list[str]:
    """The sources that the decision cites as it was written, each once; keys that the run never had are left out."""
    evidence = trace.recommendation.evidence if trace.recommendation else {}
    keys = dict.fromkeys(key for sentence in draft(trace).sentences for key in sentence.citations if key in evidence)
    return list(dict.fromkeys(evidence[key].source_id for key in keys))


async def _id_based(pairs: Sequence[tuple[list[str], list[str]]]) -> list[tuple[float, float]]:
    os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # nothing about a run leaves the machine unasked
    try:
        from ragas import SingleTurnSample
        from ragas.metrics import IDBasedContextPrecision, IDBasedContextRecall
    except ModuleNotFoundError as error:
        raise MissingExtra("Comparing citations", "ragas") from error
    precision, recall = IDBasedContextPrecision(), IDBasedContextRecall()
    samples = [SingleTurnSample(retrieved_context_ids=s, reference_context_ids=t) for t, s in pairs]
    return [(await precision.single_turn_ascore(x), await recall.single_turn_ascore(x)) for x in samples]
