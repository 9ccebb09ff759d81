"""From the sources into the library: what they have on some pairs, fetched and added."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec import __version__
from kedrec.config import Settings
from kedrec.errors import Busy
from kedrec.graphdb.store import GraphStore
from kedrec.records import Entity, Record
from kedrec.tools.library.ingest import AddReport, OnProgress
from kedrec.tools.literature import Literature
from kedrec.tools.live import rate_limit
from kedrec.tools.live.eutils import Eutils
from kedrec.tools.live.http import Asker, Host, HttpRetryPolicy
from kedrec.tools.live.pair_download import Gatherer, SourceReport, WantedLiterature
from kedrec.tools.live.query_terms import terms_of
from kedrec.tools.live.rate_limit import RequestSpacer
from kedrec.tools.live.response_cache import Answers
from kedrec.tools.live.trials_api import TrialsApi
from kedrec.tools.sources import Reading

if TYPE_CHECKING:
    import httpx

__all__ = ["Fetcher", "LiveReport"]

BUSY_SECONDS = 60.0
"""How long another process may be adding before this one gives up."""


class LiveReport(Record):
    """What was fetched and added."""

    sources: tuple[SourceReport, ...]
    """Each source for each pair."""
    added: tuple[AddReport, ...]
    """What became of it in the library, a report for each answer."""

    @property
    def new(self) -> int:
        """Documents that the library did not have, or had otherwise."""
        return sum(report.added + report.replaced for report in self.added)


class Fetcher:
    """Fetches for pairs; safe to use from several threads.

    Args:
        settings: Addresses, key, patience, and for how long answers are kept.
        store: The graph, which has the names.
        literature: Where it is added.
        patience: How long and how often to try; by the settings where None.
    """

    def __init__(
        self, settings: Settings, store: GraphStore, literature: Literature, patience: HttpRetryPolicy | None = None
    ) -> None:
        self._store, self._literature = store, literature
        folder = settings.home / "live"
        self._answers, self._pace = Answers(folder / "answers", settings.live_days), folder / "pace"
        self._patience = patience or HttpRetryPolicy(settings.live_timeout, settings.live_retries)
        self._ncbi, self._trials = _ncbi(settings), _trials(settings)
        self._adding = threading.Lock()

    def fetch(
        self,
        disease: Entity,
        drugs: Sequence[Entity],
        wanted: WantedLiterature,
        *,
        embed: bool | None = None,
        on_progress: OnProgress | None = None,
    ) -> LiveReport:
        """Fetch what the sources have on each drug in a disease, and add it.

        Args:
            disease: The disease.
            drugs: The drugs.
            wanted: What is asked for.
            embed: Whether to embed at once; None follows the setting `embed`.
            on_progress: called with the progress.

        Returns:
            What each source gave. A source that did not answer, or not to the end, says so in `missing`; what came is
            added all the same.

        Raises:
            Busy: another process is adding, for longer than a minute.
        """
        with tempfile.TemporaryDirectory(prefix="kedrec-live-") as held:
            import httpx

            ill, compounds = terms_of(disease, self._store), [terms_of(drug, self._store) for drug in drugs]
            with httpx.Client(timeout=self._patience.stall, headers={"User-Agent": f"kedrec/{__version__}"}) as client:
                eutils = Eutils(self._asker(self._ncbi, client), fresh=wanted.fresh)
                trials = TrialsApi(self._asker(self._trials, client), fresh=wanted.fresh)
                gatherer = Gatherer(eutils, trials, Path(held), on_progress)
                reports = [report for drug in compounds for report in gatherer.gather(ill, drug, wanted)]
            added = self._add(sorted(Path(held).iterdir()), embed, on_progress)
        return LiveReport(sources=tuple(reports), added=tuple(added))

    def _asker(self, host: Host, client: httpx.Client) -> Asker:
        pacer = RequestSpacer(self._pace / host.setting, host.per_second)
        return Asker(host, client, pacer, self._answers, self._patience)

    def _add(self, files: list[Path], embed: bool | None, on_progress: OnProgress | None) -> list[AddReport]:
        """Add files; wait for a while where another process is adding."""
        until = time.monotonic() + BUSY_SECONDS
        while files:
            try:
                with self._adding:
                    return self._literature.add_all(files, Reading(), embed=embed, on_progress=on_progress)
            except Busy:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        return []


def _ncbi(settings: Settings) -> Host:
    key = settings.ncbi_api_key.get_secret_value() if settings.ncbi_api_key else ""
    fields = {"tool": "kedrec", "email": settings.ncbi_email or "", "api_key": key}
    said = {name: value for name, value in fields.items() if value}
    return Host("NCBI", settings.eutils_url, "eutils_url", rate_limit.NCBI_RATES[bool(key)], said, key)


def _trials(settings: Settings) -> Host:
    return Host("ClinicalTrials.gov", settings.trials_url, "trials_url", rate_limit.TRIALS_RATE)
