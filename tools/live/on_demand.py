"""Fetching in the midst of a question: once for each pair, and only where the library has too little."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from kedrec.errors import SourceRefused, SourceUnavailable
from kedrec.records import Corpus, Entity
from kedrec.tools.live.fetcher import Fetcher
from kedrec.tools.live.pair_download import HOSTS, WantedLiterature, lacking
from kedrec.tools.live.query_terms import DateSpan

__all__ = ["OnDemand", "ToppedUp"]

_SOURCES: dict[str, Corpus] = {"articles": "pubmed", "trials": "trials"}


@dataclass(frozen=True)
class ToppedUp:
    """What asking a source did."""

    said: str
    """What the source has, since when, and how much of it was new."""
    missing: tuple[str, ...]
    """What did not come, and why."""


class OnDemand:
    """Tops the library up; safe to use from several threads.

    Args:
        fetcher: Fetches and adds.
        most: Records of one source for one pair.
        until: Last day, month or year; the cut of the settings.
    """

    def __init__(self, fetcher: Fetcher, most: int, until: str | None = None) -> None:
        self._fetcher, self._most, self._span = fetcher, most, DateSpan(until=until)
        self._locks = {corpus: threading.Lock() for corpus in _SOURCES}
        self._done: dict[tuple[str, str, str], ToppedUp] = {}

    def top_up(self, corpus: Literal["articles", "trials"], disease: Entity, drug: Entity) -> ToppedUp:
        """Fetch what the source of a corpus has on a pair, unless all of it was fetched before.

        Raises:
            SourceUnavailable: the source gave nothing; it may later.
            SourceError: it will give nothing.
        """
        pair = (corpus, disease.id, drug.id)
        with self._locks[corpus]:
            if pair in self._done:
                return self._done[pair]
            source = _SOURCES[corpus]
            report = self._fetcher.fetch(disease, [drug], WantedLiterature((source,), self._most, self._span))
            told = report.sources[0]
            if told.missing and not told.fetched:
                raise (SourceUnavailable if told.retryable else SourceRefused)(" ".join(told.missing))
            as_of = f" as of {told.given:%Y-%m-%d}" if told.given else ""
            said = f"{HOSTS[source]} has {told.total:,} records on {drug.name} in {disease.name}{as_of}"
            done = ToppedUp(f"{said}; {report.new:,} were new here.", tuple(lacking(report.sources)))
            if not done.missing:
                self._done[pair] = done
            return done
