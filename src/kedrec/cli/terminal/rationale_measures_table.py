"""The table of `kedrec eval rationales`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedrec.eval.rationale_measures.figures import Figure
    from kedrec.eval.rationale_measures.report import (
        AgreementFigures,
        MechanismFigures,
        NamedIn,
        RagasFigures,
        RationaleReport,
        SentenceFigures,
    )

__all__ = ["table_of"]

TableLine = tuple[str, "Figure | None"]
"""A label and its figure; a heading has none."""
PLACES = {
    "evidence": "in the evidence",
    "answers": "in the answers",
    "rationale": "in the rationale",
    "sentence_on_the_drug": "in a sentence on the drug alone",
}


def table_of(report: RationaleReport) -> Iterator[str]:
    """The lines of the table: what is measured, its value, its 95 % interval by diseases, and over how many."""
    lacking = "".join(f", {count} {why}" for why, count in report.without.items())
    yield (
        f"{report.model}, setting {report.setting}: {report.rationales} rationales of {report.questions} questions"
        + (f" (without: {lacking[2:]})" if lacking else "")
    )
    lines = [*_of_text(report.text)]
    if report.mechanisms is not None:
        lines = [*_of_mechanisms(report.mechanisms), *lines]
    if report.ragas is not None:
        lines += _of_ragas(report.ragas)
    if report.agreement is not None:
        lines += _of_agreement(report.agreement)
    width = max(len(label) for label, _ in lines)
    yield f"{'':<{width}}    value  95 % by {report.diseases} diseases       of"
    yield from (_printed(label, figure, width) for label, figure in lines)
    if report.ragas is None:
        yield "ragas is not installed, so that its measures are missing: pip install 'kedrec[ragas]'"


def _printed(label: str, figure: Figure | None, width: int) -> str:
    if figure is None:
        return label
    if figure.value is None or figure.ci95_by_disease is None:
        return f"{label:<{width}}  {'–':>7}  {'':<21}  {figure.n:>7,}"
    low, high = (_number(bound) for bound in figure.ci95_by_disease)
    return f"{label:<{width}}  {_number(figure.value):>7}  {f'[{low}, {high}]':<21}  {figure.n:>7,}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 50 else f"{value:.3f}"


def _of_mechanisms(found: MechanismFigures) -> Iterator[TableLine]:
    yield "Curated mechanisms: share of the drugs with one, of which the text names", None
    yield from _named("a protein", found.protein)
    yield from _named("a process, phenotype or substance", found.process_phenotype_or_substance)
    yield "  curated among the targets in mechanism sentences", found.precision


def _named(what: str, found: NamedIn) -> Iterator[TableLine]:
    for place, said in PLACES.items():
        yield f"  {what}, {said}", getattr(found, place)


def _of_text(found: SentenceFigures) -> Iterator[TableLine]:
    yield "Sentences", None
    yield "  sentences of a rationale", found.sentences
    yield from ((f"    {kind}", figure) for kind, figure in found.by_kind.items())
    yield "  share whose evidence names the drug and holds the terms", found.grounded
    yield "  share that names both drugs", found.contrasting
    yield "  rationales with such a sentence", found.with_contrast
    yield "  quotes word for word in the evidence", found.verbatim
    yield "  rationales that print arithmetic", found.arithmetic
    yield "    that no cited evidence holds", found.own_arithmetic
    yield "  words of a rationale, median", found.words
    yield "    95th percentile", found.words_p95
    yield f"Tokens ({found.tokens_by})", None
    yield "  evidence gathered for a question, median", found.evidence_tokens
    yield "    95th percentile", found.evidence_tokens_p95
    yield "  request for a decision and its answer, median", found.decide_tokens
    yield "    95th percentile", found.decide_tokens_p95


def _of_ragas(found: RagasFigures) -> Iterator[TableLine]:
    yield "ragas" + (f", judge {found.judge}" if found.judge else ""), None
    yield "  share of the gathered sources that is cited", found.evidence_used
    if found.faithfulness is not None:
        unread = f" ({found.unreadable} not readable)" if found.unreadable else ""
        yield f"  faithfulness{unread}", found.faithfulness


def _of_agreement(found: AgreementFigures) -> Iterator[TableLine]:
    yield f"Against {found.run}", None
    yield "  ROUGE-1", found.rouge1
    yield "  ROUGE-2", found.rouge2
    yield "  ROUGE-L", found.rougeL
    if found.cited_precision is not None and found.cited_recall is not None:
        yield "  cited here, cited there too (ragas)", found.cited_precision
        yield "  cited there, cited here too (ragas)", found.cited_recall
