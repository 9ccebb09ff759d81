"""What the sources have on a pair, written as files that the library reads; each source with its own report."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from kedrec.errors import SourceError, SourceUnavailable
from kedrec.records import Corpus, Record
from kedrec.tools.library.ingest import OnProgress
from kedrec.tools.live.eutils import Batch, Eutils, pmc_ids
from kedrec.tools.live.query_terms import DateSpan, Terms, pubmed_query, trials_fields
from kedrec.tools.live.trials_api import TrialsApi

__all__ = ["HOSTS", "Gatherer", "SourceReport", "WantedLiterature", "lacking"]

HOSTS: dict[Corpus, str] = {"pubmed": "PubMed", "pmc": "PubMed Central", "trials": "ClinicalTrials.gov"}
"""What people call the sources."""
_NAMED = 5


@dataclass(frozen=True)
class WantedLiterature:
    """What is asked for."""

    sources: tuple[Corpus, ...] = ("pubmed", "trials")
    """Where; `pmc` brings the full texts of what is found in PubMed, so it does not go without it."""
    most: int = 200
    """Records of one source for one pair, the most relevant first."""
    span: DateSpan = field(default_factory=DateSpan)
    """Their dates."""
    fresh: bool = False
    """Whether to ask although answers are kept."""


class SourceReport(Record):
    """What one source gave for one pair."""

    source: Corpus
    """Which."""
    disease: str
    """Name of the disease."""
    drug: str
    """Name of the drug."""
    query: str
    """What was asked, in the source's language."""
    total: int | None = None
    """Records that it has; None where it did not say, which is not the same as none."""
    fetched: int = 0
    """Records that came."""
    given: datetime | None = None
    """When it gave the oldest of its answers."""
    kept: bool = False
    """Whether any of them was kept on disk from earlier."""
    missing: tuple[str, ...] = ()
    """What did not come, and why."""
    retryable: bool = False
    """Whether what is missing may come later."""
    notes: tuple[str, ...] = ()
    """What else there is to know."""

    @property
    def answered(self) -> bool:
        """Whether the source said what it has."""
        return self.total is not None

    def __str__(self) -> str:
        name = f"{HOSTS[self.source]}, {self.drug} in {self.disease}"
        if self.total is None:
            return f"{name}: no answer"
        when = f", as of {self.given:%Y-%m-%d %H:%M} UTC (kept)" if self.given and self.kept else ""
        return f"{name}: {self.fetched:,} fetched of {self.total:,}{when}"


@dataclass(frozen=True)
class Gatherer:
    """Asks the sources and writes what they give."""

    eutils: Eutils
    """PubMed and PubMed Central."""
    trials: TrialsApi
    """ClinicalTrials.gov."""
    folder: Path
    """Where the files are written."""
    on_progress: OnProgress | None = None
    """Called with the progress."""

    def gather(self, disease: Terms, drug: Terms, wanted: WantedLiterature) -> list[SourceReport]:
        """Ask for one pair; a source that does not answer says so in its report."""
        reports = []
        if "pubmed" in wanted.sources:
            reports += self._articles(disease, drug, wanted)
        if "trials" in wanted.sources:
            reports.append(self._studies(disease, drug, wanted))
        return reports

    def _articles(self, disease: Terms, drug: Terms, wanted: WantedLiterature) -> list[SourceReport]:
        query = pubmed_query(disease, drug, wanted.span)
        report = _begun("pubmed", disease, drug, query)
        try:
            found = self.eutils.search(query, wanted.most)
        except SourceError as error:
            return [_failed(report, error)]
        texts: list[str] = []
        report = report.model_copy(update={"total": found.total, "notes": (*report.notes, *found.notes)})
        if found.problem is not None:
            report = _lacks(report, f"some of its ids: {found.problem}", found.problem)
        report = self._fetched(report, found.ids, lambda records: texts.extend(pmc_ids(records)))
        report = report.model_copy(update={"given": _oldest(report.given, found.given)})
        return [report, self._texts(report, texts)] if "pmc" in wanted.sources else [report]

    def _texts(self, articles: SourceReport, numbers: Sequence[str]) -> SourceReport:
        """Fetch the full texts of articles."""
        report = articles.model_copy(
            update={"source": "pmc", "total": len(numbers), "fetched": 0, "given": None, "kept": False, "missing": (),
                    "retryable": False, "notes": ()}
        )  # fmt: skip
        return self._fetched(report, numbers, lambda _: None)

    def _fetched(
        self, report: SourceReport, ids: Sequence[str], on_records: Callable[[list[bytes]], None]
    ) -> SourceReport:
        """Fetch ids batch by batch into files."""
        database: Literal["pubmed", "pmc"] = "pmc" if report.source == "pmc" else "pubmed"
        done = 0
        for batch in self.eutils.fetch(database, ids):
            report = self._with_batch(report, batch)
            if batch.answer is not None:
                on_records(batch.answer.value)
            done += len(batch.asked_for)
            self._tell(report.source, done, len(ids))
        return report

    def _with_batch(self, report: SourceReport, batch: Batch) -> SourceReport:
        if batch.answer is None:
            what = f"{len(batch.asked_for):,} of its records: {batch.problem}"
            return _lacks(report, what, batch.problem)
        records, notes = _whole_texts(batch.answer.value) if report.source == "pmc" else (batch.answer.value, ())
        if records:
            root = b"pmc-articleset" if report.source == "pmc" else b"PubmedArticleSet"
            self._write(
                report.source, b"<" + root + b">\n" + b"\n".join(records) + b"\n</" + root + b">\n", batch.answer.given
            )
        if batch.lacking and report.source == "pmc":
            notes = (*notes, f"It gives no text for PMC{_some(batch.lacking)}.")
        elif batch.lacking:
            report = _lacks(report, f"it has nothing under {_some(batch.lacking)}", None)
        return report.model_copy(
            update={"fetched": report.fetched + len(records), "given": _oldest(report.given, [batch.answer.given]),
                    "kept": report.kept or batch.answer.kept, "notes": (*report.notes, *notes)}
        )  # fmt: skip

    def _studies(self, disease: Terms, drug: Terms, wanted: WantedLiterature) -> SourceReport:
        fields = trials_fields(disease, drug, wanted.span)
        report = _begun("trials", disease, drug, " & ".join(f"{name}={value}" for name, value in fields.items()))
        try:
            found = self.trials.studies(fields, wanted.most)
        except SourceError as error:
            return _failed(report, error)
        for studies, answer in zip(found.pages, found.given, strict=True):
            if studies:
                self._write("trials", json.dumps({"studies": studies}).encode(), answer.given)
        self._tell("trials", found.count, found.count)
        given, kept = [answer.given for answer in found.given], any(answer.kept for answer in found.given)
        report = report.model_copy(
            update={"total": found.total, "fetched": found.count, "given": _oldest(None, given), "kept": kept}
        )
        return _lacks(report, f"its further pages: {found.problem}", found.problem) if found.problem else report

    def _write(self, source: Corpus, content: bytes, given: float) -> None:
        """Write a file that is the same, date of change included, whenever the answer is the same."""
        ending = "json" if source == "trials" else "xml"
        path = self.folder / f"live-{source}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
        path.write_bytes(content)
        os.utime(path, (given, given))

    def _tell(self, source: Corpus, done: int, total: int) -> None:
        if self.on_progress:
            self.on_progress(f"fetching from {HOSTS[source]}", done, total)


def _begun(source: Corpus, disease: Terms, drug: Terms, query: str) -> SourceReport:
    left_out = [terms for terms in (disease, drug) if terms.left_out]
    notes = tuple(f"{terms.left_out:,} further names of {terms.entity.name} were not asked for." for terms in left_out)
    return SourceReport(source=source, disease=disease.entity.name, drug=drug.entity.name, query=query, notes=notes)


def _failed(report: SourceReport, error: SourceError) -> SourceReport:
    return _lacks(report, str(error), error)


def _lacks(report: SourceReport, what: str, error: SourceError | None) -> SourceReport:
    retryable = report.retryable or isinstance(error, SourceUnavailable)
    return report.model_copy(update={"missing": (*report.missing, what), "retryable": retryable})


def _oldest(before: datetime | None, given: Sequence[float]) -> datetime | None:
    times = [datetime.fromtimestamp(moment, UTC) for moment in given]
    return min([*times, *([before] if before else [])], default=None)


def _whole_texts(records: Sequence[bytes]) -> tuple[list[bytes], tuple[str, ...]]:
    """Keep the articles that come with their text, and say how many do not."""
    whole = [record for record in records if b"<body" in record]
    without = len(records) - len(whole)
    return whole, (f"{without:,} articles come without their text: their publishers do not allow it.",) * bool(without)


def _some(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - _NAMED:,} more" if len(numbers) > _NAMED else ""
    return ", ".join(numbers[:_NAMED]) + more


def lacking(reports: Sequence[SourceReport]) -> Iterator[str]:
    """Say what is missing, a sentence for each."""
    for report in reports:
        for what in report.missing:
            yield f"{HOSTS[report.source]}, {report.drug} in {report.disease}: {what}"
