"""Vectors in Chroma, embedded in the process: one collection, ids are the hash of what was embedded.

So a text is embedded once, whatever passages hold it. Vectors always come from us: Chroma is never given a text, for
which it would fetch a model of its own. There must be one writer; the caller holds the folder's lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import DamagedData, MissingExtra

__all__ = ["VectorStore"]

Vectors = NDArray[np.float32]


class VectorStore:
    """The vectors of one model below a folder.

    Args:
        folder: Chroma's folder; made by the first `put`.
        model: Name of the model; each has its own collection.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self.folder, self.model = folder, model
        self._held: Any = None
        self._lock = threading.Lock()

    def _collection(self) -> Any:
        """Return the collection, opened once."""
        if self._held is None:
            self._held = self._open(_chromadb())
        return self._held

    def _open(self, chromadb: Any) -> Any:
        try:
            client = chromadb.PersistentClient(
                str(self.folder), settings=chromadb.config.Settings(anonymized_telemetry=False)
            )
            self._most = int(client.get_max_batch_size())
            return client.get_or_create_collection(
                f"passages-{self.model}", embedding_function=None, metadata={"hnsw:space": "cosine"}
            )
        except chromadb.errors.ChromaError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DamagedData:
        return DamagedData(f"{self.folder} cannot be read ({error}); delete it and run: kedrec literature embed")

    def count(self) -> int:
        """Return the number of vectors."""
        with self._lock:
            return int(self._collection().count())

    def put(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors; one that is there is overwritten.

        Args:
            ids: Hashes, each once.
            vectors: Shape (ids, width).
        """
        with self._lock:
            collection = self._collection()
            for part in _parts(len(ids), self._most):
                collection.upsert(ids=list(ids[part]), embeddings=vectors[part])

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return those of the vectors that are there.

        Args:
            ids: Hashes.

        Raises:
            DamagedData: Chroma cannot read its folder.
        """
        found: dict[str, Vectors] = {}
        if not self.folder.exists():
            return found
        with self._lock:
            collection = self._collection()
            for part in _parts(len(ids), self._most):
                answer = self._ask(collection, list(dict.fromkeys(ids[part])), ["embeddings"])
                found.update(zip(answer["ids"], answer["embeddings"], strict=True))
        return found

    def present(self, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that have a vector."""
        with self._lock:
            collection = self._collection()
            answers = (self._ask(collection, list(ids[part]), []) for part in _parts(len(ids), self._most))
            return {identifier for answer in answers for identifier in answer["ids"]}

    def _ask(self, collection: Any, ids: list[str], include: list[str]) -> Any:
        from chromadb.errors import ChromaError

        try:
            return collection.get(ids=ids, include=include)
        except ChromaError as error:
            raise self._damaged(error) from error


def _parts(count: int, most: int) -> Iterator[slice]:
    """Cut a range into slices of at most `most`."""
    return (slice(start, start + most) for start in range(0, count, most))


def _chromadb() -> Any:
    try:
        import chromadb
        import chromadb.config
        import chromadb.errors
    except ImportError:
        raise MissingExtra("Keeping vectors", "vectors") from None
    return chromadb
