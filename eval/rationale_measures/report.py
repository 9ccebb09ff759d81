"""The records of what is measured of a run's rationales."""

from __future__ import annotations

from kedrec.eval.rationale_measures.figures import Figure
from kedrec.records import Corpora, Record

__all__ = ["AgreementFigures", "MechanismFigures", "NamedIn", "RagasFigures", "RationaleReport", "SentenceFigures"]


class NamedIn(Record):
    """Of drugs with a curated path: the share with something of it named in each place."""

    evidence: Figure
    """In the evidence that was gathered."""
    answers: Figure
    """In an answer to a domain question."""
    rationale: Figure
    """In the rationale."""
    sentence_on_the_drug: Figure
    """In a sentence of the rationale about this drug and no other."""


class MechanismFigures(Record):
    """Rationales against curated mechanisms."""

    drugs: int
    """Drugs of questions, with a rationale, that have a curated path to the disease."""
    protein: NamedIn
    """A curated protein is named."""
    process_phenotype_or_substance: NamedIn
    """A curated process (or pathway), phenotype or substance is named."""
    process: NamedIn
    """A process or pathway."""
    phenotype: NamedIn
    """A phenotype."""
    substance: NamedIn
    """A substance."""
    precision: Figure
    """Of the genes and proteins that the `mechanism` sentences about these drugs name: the curated ones."""
    paths_left_out: int
    """Paths of the file without an id of their drug or disease."""


class SentenceFigures(Record):
    """Sentences, length and tokens."""

    sentences: Figure
    """Sentences of a rationale, mean."""
    by_kind: dict[str, Figure]
    """Kind -> sentences of that kind in a rationale, mean."""
    grounded: Figure
    """Share of sentences whose cited evidence names the drug and holds the names, numbers and symbols used."""
    contrasting: Figure
    """Share of sentences that name both drugs."""
    with_contrast: Figure
    """Share of rationales with such a sentence."""
    verbatim: Figure
    """Share of quotes that stand word for word in the evidence cited."""
    arithmetic: Figure
    """Share of rationales that print arithmetic."""
    own_arithmetic: Figure
    """Share of rationales that print arithmetic which no cited evidence holds word for word: the weigher's."""
    words: Figure
    """Words of a rationale, median."""
    words_p95: Figure
    """Words of a rationale, 95th percentile."""
    evidence_tokens: Figure
    """Tokens of the evidence gathered for a question, median."""
    evidence_tokens_p95: Figure
    """95th percentile of the same."""
    decide_tokens: Figure
    """Tokens of the last request for a decision with its answer, median."""
    decide_tokens_p95: Figure
    """95th percentile of the same."""
    tokens_by: str
    """How tokens were counted."""


class RagasFigures(Record):
    """Measures of ragas."""

    evidence_used: Figure
    """Of the sources gathered for a question, those that the rationale cites: ID-based context precision, mean."""
    judge: str | None
    """Specification of the model that judges; null where none was asked for."""
    faithfulness: Figure | None
    """Share of a rationale's claims that the judge finds in the evidence cited, mean; null without a judge."""
    unreadable: int
    """Rationales of which the judge's answer could not be read; not counted."""


class AgreementFigures(Record):
    """Rationales against those of another run on the same questions."""

    run: str
    """Folder of the other run."""
    rouge1: Figure
    """ROUGE-1, F-measure, mean."""
    rouge2: Figure
    """ROUGE-2."""
    rougeL: Figure  # noqa: N815 - its own name
    """ROUGE-L."""
    cited_precision: Figure | None
    """Share of the sources cited here that are cited there too, mean (ragas); null without ragas."""
    cited_recall: Figure | None
    """Share of the sources cited there that are cited here too, mean (ragas); null without ragas."""


class RationaleReport(Record):
    """What was measured of the rationales of a run."""

    run: str
    """Folder of the run."""
    setting: Corpora
    """Which corpora were used."""
    model: str
    """Model specification."""
    questions: int
    """Questions of the run."""
    rationales: int
    """Of which with a rationale; all figures are over these."""
    without: dict[str, int]
    """Questions without a rationale: `abstained`, `not done`, `trace lost`, or the type of error."""
    diseases: int
    """Diseases of the rationales."""
    mechanisms: MechanismFigures | None
    """Null where no curated mechanisms were given."""
    text: SentenceFigures
    """Sentences, length and tokens."""
    ragas: RagasFigures | None
    """Null where ragas is not installed."""
    agreement: AgreementFigures | None
    """Null where no other run was given."""
