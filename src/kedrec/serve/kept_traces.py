"""The traces that the server shows: those of the home, and its own where they are kept elsewhere."""

from __future__ import annotations

from kedrec.agents.trace_export.sanitize import clean_trace
from kedrec.agents.traces.locate import find_trace
from kedrec.agents.traces.store import TraceStore, TraceSummary
from kedrec.config import Settings
from kedrec.records import Trace
from kedrec.redaction import Redactor

__all__ = ["KeptTraces"]

MOST_SEARCHED = 5_000
"""Of the latest traces that a search looks through."""


class KeptTraces:
    """Finds traces by id and by words.

    Args:
        settings: name the home.
        own: where the server's own traces go.
    """

    def __init__(self, settings: Settings, own: TraceStore) -> None:
        self._folder, self._redactor, self._own = settings.home / "traces", Redactor(settings), own
        self._stores = [own] if own.folder == self._folder else [own, TraceStore(self._folder)]

    @property
    def in_home(self) -> bool:
        """Whether the server's own traces are those of the home."""
        return len(self._stores) == 1

    def list(self, text: str = "", limit: int = 50) -> list[TraceSummary]:
        """Summaries that hold all words of a text, the latest first."""
        words = text.casefold().split()
        every = [one for store in self._stores for one in store.list(MOST_SEARCHED if words else limit)]
        return [one for one in every if all(word in _told(one) for word in words)][:limit]

    def get(self, trace_id: str) -> Trace:
        """A trace without what is a secret now.

        Raises:
            NotReady: if there is none.
            UserError: where several ids begin so.
        """
        found = self._own.get(trace_id) if trace_id in self._own else find_trace(self._folder, trace_id)
        return clean_trace(found, self._redactor)


def _told(summary: TraceSummary) -> str:
    parts = (summary.id, summary.disease, *summary.candidates, summary.model, summary.setting)
    return " ".join((*parts, summary.outcome)).casefold()
