"""The literature index: add files, search in two steps, read documents back.

BM25 takes the first candidates, embeddings rerank them where they exist; without them BM25 answers alone and the result
says so. `articles` (PubMed and PMC) and `trials` are separate: each has its own lexical index, so a filter costs
nothing.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kedrec.config import Settings
from kedrec.errors import Busy, InputError, MissingExtra, UserError
from kedrec.locks import writing
from kedrec.records import Corpus, Document, Passage
from kedrec.tools.embedders.registry import available
from kedrec.tools.library.database import GROUPS, CorpusGroup, Library
from kedrec.tools.library.disk import disk_errors_explained
from kedrec.tools.library.filters import Cut, DocumentFilter
from kedrec.tools.library.info import LiteratureInfo
from kedrec.tools.library.ingest import Adder, AddReport, OnProgress, write_rejected
from kedrec.tools.search.indexes import Indexes
from kedrec.tools.search.passage_vectors import EMBED, EmbedReport, Estimate, Similarity
from kedrec.tools.search.two_step import SearchResult, TwoStepSearch
from kedrec.tools.sources import Format, Reading
from kedrec.tools.text.drug_filter import DrugFilter

if TYPE_CHECKING:
    from kedrec.tools.ray_workers import Workers

__all__ = ["AddReport", "EmbedReport", "Literature", "LiteratureInfo", "OnProgress", "SearchResult"]

_ONE_WRITER = "Chroma loses vectors of two writers of one folder without a word, so there is never more than one"
AUTO_SECONDS = 60.0
"""Embedding that is projected to take longer is left to `kedrec literature embed` by the setting `auto`."""


class Literature:
    """All literature below one folder.

    Args:
        folder: Where it lives.
        settings: Settings; `bm25_candidates`, `embed` and `until` are read.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.library = Library(folder)
        self.similarity = Similarity(self.library, settings)
        self.indexes = Indexes(self.library)
        self._cuts = ("", ""), Cut(until="", within=0, later=0, undated=0)
        self._search = TwoStepSearch(self.library, self.indexes, self.similarity, settings.bm25_candidates)

    @classmethod
    def open(cls, folder: Path, settings: Settings) -> Literature:
        """Open the literature of a folder; an empty one is made by the first `add`."""
        return cls(folder, settings)

    @property
    def content_sha256(self) -> str:
        """Hash of all documents and of the cut by date, whatever their order; empty if there are none."""
        content = self.library.content_sha256()
        if not content or self.settings.until is None:
            return content
        return hashlib.sha256(f"{content} until {self.settings.until}".encode()).hexdigest()

    def documents(self, corpus: CorpusGroup | Corpus | None = None) -> Iterator[Document]:
        """Yield all documents that count, or those of one corpus, in the order in which they came."""
        return self.library.documents(corpus, self._only())

    def cut(self) -> Cut | None:
        """Say what the cut by date leaves; None where the settings ask for none."""
        return self._cut(self.settings.until) if self.settings.until else None

    def _cut(self, until: str) -> Cut:
        """Count what a cut leaves, once for each state of the library."""
        wanted = (self.content_sha256, until)
        if self._cuts[0] != wanted:
            self._cuts = wanted, self.library.cut(until)
        return self._cuts[1]

    def _only(self, only: DocumentFilter | None = None) -> DocumentFilter:
        """Return what counts by the caller and the settings."""
        return (only or DocumentFilter()).and_until(self.settings.until)

    def document(self, identifier: str) -> Document | None:
        """Return one document; None if no document has that id."""
        return self.library.document(identifier)

    def passages(self, document_id: str) -> list[Passage]:
        """Return the passages of one document in order; none where it does not count."""
        only = self._only()
        return [] if only and not self.library.holds(document_id, only) else self.library.passages(document_id)

    def add(
        self,
        path: Path,
        format: Format | None = None,
        embed: bool | None = None,
        on_progress: OnProgress | None = None,
    ) -> AddReport:
        """Add a file; see `add_all`."""
        return self.add_all([path], Reading(format or "auto"), embed=embed, on_progress=on_progress)[0]

    def add_all(
        self,
        paths: Sequence[Path],
        how: Reading | None = None,
        *,
        keep: DrugFilter | None = None,
        embed: bool | None = None,
        again: bool = False,
        on_ray: bool = False,
        on_progress: OnProgress | None = None,
        on_added: Callable[[AddReport], None] | None = None,
    ) -> list[AddReport]:
        """Add files in order: each whole or, where it cannot be read, not at all; then index once.

        A document whose id is there already is left alone where nothing differs and replaced where something does,
        unless its source tells that it is the older revision; so the last of several with one id wins. A file that was
        added before is passed over. After a kill the same call resumes where it stopped.

        Args:
            paths: Files of any of the formats of `kedrec.tools.sources`.
            how: How to read them.
            keep: Says which documents are kept; all where None.
            embed: whether to embed at once; None follows the setting `embed`.
            again: Whether to read files that were added before.
            on_ray: Whether files are read, and passages embedded, by the workers of a Ray cluster.
            on_progress: called with the progress.
            on_added: called for each file.

        Raises:
            InputError: a file cannot be read; those before it are in.
            Busy: another process is writing.
            WorkError: the disk is full or may not be written.
            MissingExtra: embedding was asked for and its packages are not installed.
        """
        wish, reports = self._wish(embed), list[AddReport]()
        adder = Adder(self.library, how or Reading(), keep, on_progress)
        with disk_errors_explained(self.folder), writing(self.folder):
            try:
                # Ray workers read files ahead, if there are any.
                with (
                    self._workers(on_ray) as workers,
                    workers.reading(adder, paths, again=again) if workers else nullcontext() as ahead,
                ):
                    adder = replace(adder, ahead=ahead)
                    for number, path in enumerate(paths, 1):
                        index = self.indexes.build if number == len(paths) else self.indexes.put_off
                        reports.append(adder.add(path, partial(index, on_progress=on_progress), again=again))
                        if number == len(paths):
                            reports[-1] = self._embed_as_wished(reports[-1], wish, on_progress, workers)
                        if on_added:
                            on_added(reports[-1])
            except InputError:
                self._tidy(on_progress)
                raise
            self._tidy(on_progress)
        return reports

    def _workers(self, on_ray: bool) -> AbstractContextManager[Workers | None]:
        """Be connected to workers, where they are wanted."""
        if not on_ray:
            return nullcontext()
        from kedrec.tools.ray_workers import workers_of

        return workers_of(self.settings)

    def _wish(self, embed: bool | None) -> Literal["auto", "always", "never"]:
        """Say whether to embed, by the caller or the settings."""
        if embed and not available(self.settings):
            raise MissingExtra("Embedding passages", "local")
        return self.settings.embed if embed is None else "always" if embed else "never"

    def _embed_as_wished(
        self, report: AddReport, wish: str, on_progress: OnProgress | None, workers: Workers | None
    ) -> AddReport:
        """Embed what is pending where that was asked for or is quickly done; else say what is left."""
        standing = self.similarity.standing()
        if not standing.to_embed:
            return report
        quick = wish == "auto" and available(self.settings) and standing.seconds <= AUTO_SECONDS
        if wish == "always" or quick:
            done = self.similarity.embed(on_progress, workers.rounds if workers else None)
            return report.model_copy(update={"embedded": done.embedded, "to_embed": done.to_embed})
        if not available(self.settings):
            left_to_do = "Found by BM25 alone. For the second step install: pip install 'kedrec[local]'"
        else:
            minutes = max(1, round(standing.seconds / 60))
            left_to_do = (
                f"Found by BM25 alone until embedded: {standing.to_embed:,} passages, about {minutes} min at "
                f"{standing.rate:.0f}/s. Run: {EMBED} (it can be stopped and resumed)"
            )
        return report.model_copy(update={"to_embed": standing.to_embed, "notes": (*report.notes, left_to_do)})

    def embed(self, on_progress: OnProgress | None = None, *, on_ray: bool = False) -> EmbedReport:
        """Embed every passage that has no vector yet; after a kill or Ctrl-C the next call resumes from there.

        Args:
            on_progress: called with the progress.
            on_ray: Whether the workers of a Ray cluster embed.

        Raises:
            MissingExtra: the packages of the extra `local`, or Ray, are not installed.
            Busy: another process is writing.
        """
        try:
            with disk_errors_explained(self.folder), writing(self.folder), self._workers(on_ray) as workers:
                return self.similarity.embed(on_progress, workers.rounds if workers else None)
        except Busy as busy:
            raise Busy(f"{busy}. {_ONE_WRITER}") from None

    def estimate(self) -> Estimate:
        """Say what it would take to embed what has no vector yet.

        Raises:
            UserError: the embedder of the settings is not there.
        """
        return self.similarity.estimate()

    def _tidy(self, on_progress: OnProgress | None) -> None:
        """Index what was added without, and delete what is of no further use."""
        self.indexes.catch_up(on_progress)
        shutil.rmtree(self.folder / "staged", ignore_errors=True)
        write_rejected(self.library)

    def search(
        self,
        query: str,
        corpus: CorpusGroup | None = None,
        limit: int = 10,
        require_all_of: Sequence[Sequence[str]] = (),
        only: DocumentFilter | None = None,
    ) -> SearchResult:
        """Find passages.

        Args:
            query: Words, in any order.
            corpus: `articles` or `trials`; both where None.
            limit: Most hits to return, one for each document.
            require_all_of: Groups of phrases, such as the names of a drug and the names of a disease; a passage is
                found only where title and
                text hold, of each group, all words of at least one phrase (stemmed, in any order).
            only: Which documents count; the cut of the settings holds besides.

        Raises:
            UserError: the corpus is unknown or the limit below 1.
            DamagedData: the index on disk cannot be read.
        """
        groups, only = _groups(corpus), self._only(only)
        if limit < 1:
            raise UserError(f"limit {limit} is below 1; ask for at least one hit")
        cut = [str(self._cut(only.until))] if only.until else []
        return self._search.search(query, groups, limit, require_all_of, only, notes=cut)

    def info(self) -> LiteratureInfo:
        """Count what there is."""
        return LiteratureInfo(
            documents=self.library.counts("documents"),
            passages=self.library.counts("passages"),
            embedded=self.library.count_embedded(),
            bytes=sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file()),
            content_sha256=self.content_sha256,
            retracted=self.library.count("retracted"),
            undated=self.library.count("undated"),
            rejected=self.library.count("rejected"),
            cut=self.cut(),
        )


def _groups(corpus: CorpusGroup | None) -> tuple[CorpusGroup, ...]:
    if corpus is None:
        return tuple(GROUPS)
    if corpus not in GROUPS:
        raise UserError(f"unknown corpus {corpus!r}; there are {' and '.join(GROUPS)}")
    return (corpus,)
