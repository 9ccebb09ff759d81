"""The data set as the paper describes it: one row per pair, with what was found of each drug and what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from kedrec.agents.prompting.answer_format import KINDS
from kedrec.distill.dataset.chat_rows import read_jsonl
from kedrec.records import Corpora, Entity, Evidence, Record, Stance, Trace, in_brackets

__all__ = ["Candidate", "Found", "PairAnswer", "PairRow", "pair_row", "write_parquet"]


class Found(Record):
    """A piece of evidence."""

    key: str
    """As the rationale cites it."""
    source_id: str
    """`PMID:…`, `NCT:…`, or the triple of the graph."""
    text: str
    """The sentences that tell, or what the graph says."""


class Candidate(Record):
    """One of the two drugs, and what was found of it."""

    id: str
    """Compound id."""
    name: str
    """Its name."""
    graph: tuple[Found, ...]
    """What the knowledge graph says."""
    trials: tuple[Found, ...]
    """Chunks of trials."""
    articles: tuple[Found, ...]
    """Chunks of articles."""


class PairAnswer(Record):
    """The teacher's answer to a domain question about one drug."""

    question: str
    """Key of the question: `mechanism`, `clinical_evidence`, …"""
    drug: str
    """Compound id."""
    stance: Stance
    """Whether it speaks for the drug."""
    text: str
    """The answer."""
    citations: tuple[str, ...]
    """Keys of the evidence."""


class PairRow(Record):
    """One pair."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    pair_id: str
    """The pair of the run."""
    trace_id: str
    """The trace that holds everything."""
    setting: Corpora
    """Which corpora the teacher saw."""
    teacher: str
    """Model specification of the teacher."""
    disease_id: str
    """Disease id; the split is by it."""
    disease: str
    """Its name."""
    candidates: tuple[Candidate, ...]
    """In the order asked."""
    label: str
    """Id of the drug to choose: of the pairs file where there are answers, else what the teacher favours."""
    choice: str
    """Id of the drug that the teacher chose or leaned to."""
    confidence: float
    """How sure the teacher was of it, 0 to 1."""
    answers: tuple[PairAnswer, ...]
    """To the domain questions."""
    rationale: str
    """Sentences that passed the check, each with its keys."""
    citations: tuple[str, ...]
    """Keys that the rationale cites."""


def pair_row(trace: Trace, pair_id: str, answer: str | None) -> PairRow | None:
    """What a trace says of its pair; None where it favours no drug.

    Args:
        trace: the trace.
        pair_id: the pair of the run.
        answer: id of the right candidate, where it is known.
    """
    made = trace.recommendation
    if made is None or made.favoured is None:
        return None
    return PairRow(
        pair_id=pair_id,
        trace_id=trace.id,
        setting=made.setting,
        teacher=made.model,
        disease_id=made.disease.id,
        disease=made.disease.name,
        candidates=tuple(_candidate(drug, made.evidence.values()) for drug in made.candidates),
        label=answer or made.favoured,
        choice=made.favoured,
        confidence=made.confidence,
        answers=tuple(
            PairAnswer(
                question=one.question.key, drug=one.question.drug, stance=one.stance, text=one.text,
                citations=one.citations,
            )
            for one in made.answers
        ),
        rationale=" ".join(f"{one.text} {in_brackets(one.citations)}" for one in made.sentences),
        citations=tuple(dict.fromkeys(key for one in made.sentences for key in one.citations)),
    )  # fmt: skip


def _candidate(drug: Entity, evidence: Iterable[Evidence]) -> Candidate:
    found: dict[str, list[Found]] = {kind: [] for kind in KINDS.values()}
    for one in evidence:
        if drug.id in one.about:
            found[KINDS[one.key[0]]].append(Found(key=one.key, source_id=one.source_id, text=one.text))
    return Candidate(
        id=drug.id, name=drug.name,
        graph=tuple(found["graph"]), trials=tuple(found["trial"]), articles=tuple(found["article"]),
    )  # fmt: skip


def write_parquet(rows: Sequence[Path]) -> list[Path]:
    """Write files of pair rows as Parquet beside them; none where pyarrow, of the extra `local`, is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        return []
    made = [path.with_suffix(".parquet") for path in rows]
    for source, out in zip(rows, made, strict=True):
        lines: list[dict[str, Any]] = [row.model_dump(mode="json") for row in read_jsonl(source, PairRow)]
        parquet.write_table(pa.Table.from_pylist(lines, schema=_schema(pa)), out)
    return made


def _schema(pa: Any) -> Any:
    text = pa.string()
    texts = pa.list_(text)
    found = pa.list_(pa.struct([(name, text) for name in Found.model_fields]))
    candidate = pa.struct([("id", text), ("name", text), *((name, found) for name in ("graph", "trials", "articles"))])
    answer = pa.struct([(name, texts if name == "citations" else text) for name in PairAnswer.model_fields])
    special = {
        "schema_version": pa.int64(), "candidates": pa.list_(candidate), "answers": pa.list_(answer),
        "confidence": pa.float64(), "citations": texts,
    }  # fmt: skip
    return pa.schema([(name, special.get(name, text)) for name in PairRow.model_fields])
