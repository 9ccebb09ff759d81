"""Fetching in the midst of a question: once for each pair, and only where the library has too little."""

from __future__ import annotations

import threading
from typing import Literal

from kedrec.errors import SourceRefused, SourceUnavailable
from kedrec.records import Entity
from kedrec.tools.live.fetching import Fetcher
from kedrec.tools.live.gathering import HOSTS, Source, Wanted, lacking
from kedrec.tools.live.terms import Span

__all__ = ["OnDemand"]

_SOURCES: dict[str, Source] = {"articles": "pubmed", "trials": "trials"}


class OnDemand:
    """Tops the library up; safe to use from several threads.

    Args:
        fetcher: Fetches and adds.
        most: Records of one source for one pair.
        until: Last day, month or year; the cut of the settings.
    """

    def __init__(self, fetcher: Fetcher, most: int, until: str | None = None) -> None:
        self._fetcher, self._most, self._span = fetcher, most, Span(until=until)
        self._locks = {corpus: threading.Lock() for corpus in _SOURCES}
        self._told: dict[tuple[str, str, str], list[str]] = {}

    def top_up(self, corpus: Literal["articles", "trials"], disease: Entity, drug: Entity) -> list[str]:
        """Fetch what the source of a corpus has on a pair, unless that was done before.

        Returns:
            What was done, in words.

        Raises:
            SourceUnavailable: the source does not answer; it may later.
            SourceError: it will not answer.
        """
        pair = (corpus, disease.id, drug.id)
        with self._locks[corpus]:
            if pair not in self._told:
                self._told[pair] = self._fetched(_SOURCES[corpus], disease, drug)
            return self._told[pair]

    def _fetched(self, source: Source, disease: Entity, drug: Entity) -> list[str]:
        report = self._fetcher.fetch(disease, [drug], Wanted((source,), self._most, self._span))
        told = report.sources[0]
        if told.total is None:
            raise (SourceUnavailable if told.retryable else SourceRefused)(" ".join(told.missing))
        as_of = f" as of {told.given:%Y-%m-%d}" if told.given else ""
        had = f"{HOSTS[source]} has {told.total:,} records on {drug.name} in {disease.name}{as_of}"
        return [f"{had}; {report.new:,} were new here.", *lacking(report.sources)]
