"""The second step of a search: how near the passages are to the query by their embeddings.

Vectors live in Chroma, ids are content hashes; the library marks which passages have theirs, so that a search knows
without opening Chroma. Chroma is written first and the mark second: what a kill leaves between the two is found in
Chroma and marked, not embedded again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kedrec.config import Settings
from kedrec.records import Record
from kedrec.tools.embedders.minilm import MODEL
from kedrec.tools.embedders.registry import Embedder, available, embedder, identity
from kedrec.tools.library.database import Library
from kedrec.tools.library.ingest import OnProgress
from kedrec.tools.search.chroma import VectorStore

__all__ = ["EmbedReport", "Estimate", "Similarity", "Standing"]

Rounds = Callable[[Sequence[str]], Iterator[tuple[range, NDArray[np.float32]]]]
"""Passages to positions and vectors, a round at a time."""

DISK_BESIDE, MEMORY_BESIDE = 900, 500
"""Bytes of disk and memory that Chroma takes for a vector besides the vector itself."""
ASSUMED_RATE = 20.0
"""Passages a second, before any were embedded here: two cores without bfloat16 units."""
AT_ONCE = 8192
"""Passages whose texts are held in memory together."""
WORTH_NOTING = 500
"""Passages from which on a measured rate holds for more of them."""
EMBED = "kedrec literature embed"
_EMBEDDER = "embedder"
"""Entry of the manifest: the model of what is marked as embedded, and the server; the packaged model where empty."""


class EmbedReport(Record):
    """What an `embed` did."""

    embedded: int
    """Passages embedded now."""
    found: int
    """Passages whose vector was there already."""
    to_embed: int
    """Passages still without one."""
    seconds: float
    """Wall-clock."""


class Standing(Record):
    """How much there is to embed, and how long it would take."""

    to_embed: int
    """Texts without a vector, each counted once."""
    rate: float
    """Texts a second, as last measured here, or assumed."""

    @property
    def seconds(self) -> float:
        """Projected time."""
        return self.to_embed / self.rate


class Estimate(Record):
    """What an `embed` would take."""

    to_embed: int
    """Texts without a vector, each counted once."""
    model: str
    """The embedder."""
    means: str
    """What it computes with here."""
    seconds: float
    """Projected time."""
    disk: int
    """Bytes that Chroma would grow by."""
    memory: int
    """Bytes that Chroma would hold in memory with all vectors, in the process that searches or in the server."""
    free_disk: int
    """Bytes that are free where Chroma's folder is; 0 where it is a server's."""

    def __str__(self) -> str:
        where = f" ({self.free_disk / 1e9:,.1f} GB free)" if self.free_disk else " on the server"
        duration = f"{self.seconds:.0f} s" if self.seconds < 90 else f"{self.seconds / 60:,.0f} min"
        return (
            f"{self.to_embed:,} passages to embed by {self.model} with {self.means}: about "
            f"{duration}, {self.disk / 1e6:,.0f} MB of disk{where}, "
            f"{self.memory / 1e6:,.0f} MB of memory in Chroma"
        )


class Similarity:
    """Embeddings of a library's passages.

    Args:
        library: The passages; its folder also holds the vectors where there is no server for them.
        settings: `embedder`, `embedder_url` and `chroma_url` are read.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        self.library, self.settings = library, settings

    @cached_property
    def model(self) -> Embedder:
        """The embedder of the settings.

        Raises:
            UserError: there is none.
        """
        return embedder(self.settings)

    @cached_property
    def vectors(self) -> VectorStore:
        """The vectors of that embedder."""
        return VectorStore(self.library.folder / "vectors", self.model.identity, self.settings.chroma_url or "")

    @property
    def _home(self) -> str:
        """What the marks of the library say: vectors of this model in this place."""
        return f"{identity(self.settings)} {self.settings.chroma_url or ''}".strip()

    def is_current(self) -> bool:
        """Say whether what is marked as embedded was embedded by this model, into this place."""
        return self._marked() == self._home

    def _marked(self) -> str:
        return self.library.manifest(_EMBEDDER) or MODEL

    def standing(self) -> Standing:
        """Count what is left to embed."""
        if not available(self.settings):
            return Standing(to_embed=self.library.count_pending(), rate=ASSUMED_RATE)
        rate = float(self.library.manifest(self._rate) or ASSUMED_RATE)
        pending = self.library.count_pending() if self.is_current() else self.library.count_texts()
        return Standing(to_embed=pending, rate=rate)

    def estimate(self) -> Estimate:
        """Say what it would take to embed what is left.

        Raises:
            UserError: there is no embedder.
        """
        standing, vector = self.standing(), 4 * self.model.width
        known = self.library.count_marks() if self.is_current() else 0
        local = not self.settings.chroma_url and self.library.folder.exists()
        return Estimate(
            to_embed=standing.to_embed,
            model=self.model.identity,
            means=self.model.means(standing.to_embed),
            seconds=standing.seconds,
            disk=standing.to_embed * (vector + DISK_BESIDE),
            memory=(standing.to_embed + known) * (vector + MEMORY_BESIDE),
            free_disk=shutil.disk_usage(self.library.folder).free if local else 0,
        )

    @property
    def _rate(self) -> str:
        """Entry of the manifest: how fast this model was here."""
        return f"embedding rate {self.model.identity}"

    def scores(self, query: str, keys: Sequence[int]) -> tuple[dict[int, float], str]:
        """Compare a query with passages.

        Args:
            query: Any text.
            keys: Keys of passages.

        Returns:
            Cosine of each passage, and an empty note; or nothing and the reason.

        Raises:
            NotReady: the Chroma server does not answer.
        """
        if not available(self.settings):
            return {}, "BM25 alone: no embedding model. Install with: pip install 'kedrec[local]'"
        with self.library.read():
            marked = self._marked()
            hashes = self.library.embedded(keys) if marked == self._home else {}
        if len(hashes) < len(keys):
            otherwise = "" if marked == self._home else f" with {self._home} (they are with {marked})"
            some = len(hashes)
            share = "the passages are not" if some == 0 else f"only {some} of {len(keys)} candidates are"
            return {}, f"BM25 alone: {share} embedded yet{otherwise}. To do so: {EMBED}"
        vectors = self.vectors.get(list(hashes.values()))
        if len(vectors) < len(set(hashes.values())):
            return {}, f"BM25 alone: vectors are missing in {self.vectors.place}. To make them: {EMBED}"
        wanted = self.model.query(query)
        return {key: float(vectors[value] @ wanted) for key, value in hashes.items()}, ""

    def embed(self, on_progress: OnProgress | None = None, rounds: Rounds | None = None) -> EmbedReport:
        """Embed every passage that has no vector yet; the caller holds the writer lock.

        Args:
            on_progress: called with how many are done and how many there are.
            rounds: embeds passages as the embedder's own does, which is used where None.

        Raises:
            MissingExtra: the model or Chroma is not installed.
        """
        model, began = self.model, time.monotonic()
        self.vectors.refresh()
        if not self.is_current() or self.vectors.count() < self.library.count_marks():
            # Forget which passages are embedded; vectors that are still there are found again.
            self.library.forget_embedded()
            with self.library.write() as writer:
                writer.note(_EMBEDDER, self._home)
        total, embedded, found = self.library.count_pending(), 0, 0
        while pending := self.library.pending(AT_ONCE):
            known = self.vectors.present(list(pending))
            self.library.mark_embedded(known)
            found += len(known)
            texts = {value: text for value, text in pending.items() if value not in known}
            for hashes in self._rounds(rounds or model.rounds, texts):
                embedded += hashes
                if on_progress:
                    on_progress("embedding", embedded + found, total)
        # The rate is noted where it says something.
        seconds = time.monotonic() - began
        if embedded >= WORTH_NOTING:
            with self.library.write() as notes:
                notes.note(self._rate, f"{embedded / seconds:.2f}")
        left = self.library.count_pending()
        return EmbedReport(embedded=embedded, found=found, to_embed=left, seconds=seconds)

    def _rounds(self, rounds: Rounds, texts: dict[str, str]) -> Iterator[int]:
        """Embed texts and keep each round's vectors; yield the size of each round."""
        hashes = list(texts)
        for chosen, vectors in rounds(list(texts.values())):
            names = [hashes[i] for i in chosen]
            self.vectors.put(names, vectors)
            self.library.mark_embedded(names)
            yield len(names)
