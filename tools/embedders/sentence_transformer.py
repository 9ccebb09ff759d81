"""Any model that sentence-transformers reads, with the prompts for queries and documents that come with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.arrays import Vectors
from kedrec.errors import InputError, MissingExtra
from kedrec.tools.embedders.fingerprint import of_model, width_of

__all__ = ["SentenceTransformerEmbedder"]

ROUND, BATCH = 256, 32


class SentenceTransformerEmbedder:
    """A model folder of sentence-transformers; safe to use from several threads.

    Args:
        folder: The model. Nothing is fetched.

    Raises:
        InputError: there is no model.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise InputError(folder, "no sentence-transformers model (neither modules.json nor config.json)")
        self.folder = folder
        self.identity = f"{folder.resolve().name}-{of_model(folder)}"
        self.width = width_of(folder)
        self._recent = lru_cache(maxsize=512)(self._query)
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise MissingExtra(f"Embedding with {self.folder}", "local") from None
        try:
            return SentenceTransformer(str(self.folder), local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(self.folder, f"cannot be loaded as a sentence-transformers model ({error})") from error

    def query(self, text: str) -> Vectors:
        """Embed a query, with the model's prompt for queries.

        Args:
            text: Any text.

        Returns:
            Vector of length 1, shape (width,).
        """
        with self._lock:
            return self._recent(text)

    def _query(self, text: str) -> Vectors:
        found = self._model.encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found[0], np.float32)

    def means(self, count: int) -> str:
        """Say what passages are embedded by."""
        return "sentence-transformers"

    def rounds(self, texts: Sequence[str]) -> Iterator[tuple[range, Vectors]]:
        """Embed passages, with the model's prompt for documents, a round at a time.

        Args:
            texts: Any texts.

        Yields:
            Positions of the texts of the round and their vectors of length 1, shape (round, width).
        """
        for start in range(0, len(texts), ROUND):
            chosen = range(start, min(start + ROUND, len(texts)))
            with self._lock:
                found = self._model.encode_document(
                    [texts[i] for i in chosen], batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
                )
            yield chosen, np.asarray(found, np.float32)
