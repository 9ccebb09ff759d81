"""From the counts of single rationales to figures with their intervals."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from kedrec.eval.rationale_measures.curated_mechanisms import MechanismPart
from kedrec.eval.rationale_measures.figures import Count, Figure, QuantileItem, quantile, ratio
from kedrec.eval.rationale_measures.judge import Claimed, Judge
from kedrec.eval.rationale_measures.mechanism_hits import DrugHits
from kedrec.eval.rationale_measures.rationale_counts import NO_KIND
from kedrec.eval.rationale_measures.report import (
    AgreementFigures,
    MechanismFigures,
    NamedIn,
    RagasFigures,
    SentenceFigures,
)
from kedrec.eval.rationales import agreement_of_each, rouge_of_each
from kedrec.records import SentenceKind

if TYPE_CHECKING:
    from kedrec.eval.rationale_measures.evaluate import ReadRationale

__all__ = ["agreement_figures", "mechanism_figures", "ragas_figures", "text_figures"]

NOT_PROTEIN: tuple[MechanismPart, ...] = ("process", "phenotype", "substance")


def mechanism_figures(read: Sequence[ReadRationale], left_out: int) -> MechanismFigures:
    """What the rationales name of curated mechanisms."""
    hits = [(one.disease, hit) for one in read for hit in one.hits]
    return MechanismFigures(
        drugs=len(hits),
        protein=_named_in(hits, ("protein",)),
        process_phenotype_or_substance=_named_in(hits, NOT_PROTEIN),
        process=_named_in(hits, ("process",)),
        phenotype=_named_in(hits, ("phenotype",)),
        substance=_named_in(hits, ("substance",)),
        precision=ratio(Count(disease, hit.right_targets, hit.targets) for disease, hit in hits),
        paths_left_out=left_out,
    )


def _named_in(hits: Sequence[tuple[str, DrugHits]], parts: Iterable[MechanismPart]) -> NamedIn:
    """Over the drugs whose curated paths have any of the parts."""
    wanted = frozenset(parts)
    having = [(disease, hit) for disease, hit in hits if hit.curated & wanted]

    def figure(named: Callable[[DrugHits], frozenset[MechanismPart]]) -> Figure:
        return ratio(Count(disease, bool(named(hit) & wanted), 1) for disease, hit in having)

    return NamedIn(
        evidence=figure(lambda hit: hit.evidence),
        answers=figure(lambda hit: hit.answers),
        rationale=figure(lambda hit: hit.rationale),
        sentence_on_the_drug=figure(lambda hit: hit.of_the_drug),
    )


def text_figures(read: Sequence[ReadRationale], tokens_by: str) -> SentenceFigures:
    """Sentences, length and tokens of the rationales."""
    rows = [(one.disease, one.counts) for one in read]
    decided = [
        QuantileItem(disease, counts.decide_tokens) for disease, counts in rows if counts.decide_tokens is not None
    ]
    words = [QuantileItem(disease, counts.words) for disease, counts in rows]
    gathered = [QuantileItem(disease, counts.evidence_tokens) for disease, counts in rows]
    # All kinds in their order, then that of sentences without one where there are any.
    known = [str(kind) for kind in get_args(SentenceKind)]
    kinds = [*known, NO_KIND] if any(counts.kinds[NO_KIND] for _, counts in rows) else known
    return SentenceFigures(
        sentences=ratio(Count(d, c.sentences, 1) for d, c in rows),
        by_kind={kind: ratio(Count(d, c.kinds[kind], 1) for d, c in rows) for kind in kinds},
        grounded=ratio(Count(d, c.grounded, c.sentences) for d, c in rows),
        contrasting=ratio(Count(d, c.contrasting, c.sentences) for d, c in rows),
        with_contrast=ratio(Count(d, c.contrasting > 0, 1) for d, c in rows),
        verbatim=ratio(Count(d, c.verbatim, c.quotes) for d, c in rows),
        arithmetic=ratio(Count(d, c.arithmetic > 0, 1) for d, c in rows),
        own_arithmetic=ratio(Count(d, c.own_arithmetic > 0, 1) for d, c in rows),
        words=quantile(words, 0.5),
        words_p95=quantile(words, 0.95),
        evidence_tokens=quantile(gathered, 0.5),
        evidence_tokens_p95=quantile(gathered, 0.95),
        decide_tokens=quantile(decided, 0.5),
        decide_tokens_p95=quantile(decided, 0.95),
        tokens_by=tokens_by,
    )


def ragas_figures(
    read: Sequence[ReadRationale], claimed: Sequence[Claimed], judge: Judge | None
) -> RagasFigures | None:
    """What ragas measures; None where it is not installed and no judge is asked for."""
    if not _has_ragas() and judge is None:
        return None
    citing = [one for one in read if one.cited]
    used = agreement_of_each([(list(one.cited), list(one.gathered)) for one in citing])
    scores = judge.faithfulness(claimed) if judge else []
    judged = [(one.disease, score) for one, score in zip(claimed, scores, strict=False) if score is not None]
    return RagasFigures(
        evidence_used=_mean((one.disease, precision) for one, (precision, _) in zip(citing, used, strict=True)),
        judge=judge.spec if judge else None,
        faithfulness=_mean(judged) if judge else None,
        unreadable=len(scores) - len(judged),
    )


def agreement_figures(
    read: Sequence[ReadRationale], others: Mapping[str, tuple[str, tuple[str, ...]]], run: str
) -> AgreementFigures:
    """Rationales against those of another run, question by question.

    Args:
        read: the rationales.
        others: pair id -> text and cited sources of the other rationales.
        run: folder of the other run.
    """
    both = [(one, *others[one.pair_id]) for one in read if one.pair_id in others]
    rouge = rouge_of_each([(text, one.text) for one, text, _ in both])
    one, two, longest = (_mean((b[0].disease, s[at]) for b, s in zip(both, rouge, strict=True)) for at in range(3))
    citing = [(here.disease, list(cited), list(here.cited)) for here, _, cited in both if cited and here.cited]
    agreed = agreement_of_each([(there, here) for _, there, here in citing]) if _has_ragas() else None
    precision, recall = (
        None if agreed is None else _mean((c[0], s[at]) for c, s in zip(citing, agreed, strict=True)) for at in range(2)
    )
    return AgreementFigures(
        run=run, rouge1=one, rouge2=two, rougeL=longest, cited_precision=precision, cited_recall=recall
    )


def _mean(scores: Iterable[tuple[str, float]]) -> Figure:
    return ratio(Count(disease, score, 1) for disease, score in scores)


def _has_ragas() -> bool:
    return importlib.util.find_spec("ragas") is not None
