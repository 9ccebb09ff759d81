"""Vectors in Chroma: one collection for each model, ids are the hash of what was embedded.

So a text is embedded once, whatever passages hold it. Vectors always come from us: Chroma is never given a text, for
which it would fetch a model of its own. Chroma is embedded in the process, with its folder beside the library, or a
server (`chroma run`). Of an embedded folder there must be one writer, since Chroma loses vectors of two without a word;
the caller holds the folder's lock. A server may be shared, by several libraries too: equal texts have equal ids.
"""

from __future__ import annotations

import hashlib
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kedrec.arrays import Vectors
from kedrec.errors import ConfigError, DamagedData, MissingExtra, NotReady, WorkError

__all__ = ["VectorStore"]

_UNWRITABLE = re.compile(r"(?i)disk is full|no space left|read-?only|unable to open database file|permission denied")
"""What Chroma says where its folder is sound and cannot be written."""


class VectorStore:
    """The vectors of one model.

    Args:
        folder: Chroma's folder where there is no server; made by the first `put`.
        model: Name of the model; each has its own collection.
        url: Address of a Chroma server, `http://host:port`; empty for the folder.
    """

    def __init__(self, folder: Path, model: str, url: str = "") -> None:
        self.folder, self.model, self.url = folder, model, url
        self._client: Any = None
        self._held: Any = None
        self._end: Callable[[], object]
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Where the vectors are: the server's address or the folder."""
        return self.url or str(self.folder)

    @property
    def name(self) -> str:
        """Name of the collection: the model's, made to fit what Chroma takes."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", self.model).strip("-._")
        told = "" if plain == self.model else f"-{hashlib.sha256(self.model.encode()).hexdigest()[:8]}"
        return f"passages-{plain}{told}"

    def _collection(self) -> Any:
        """Return the collection, opened once."""
        if self._held is None:
            try:
                import chromadb
                import chromadb.config
                import chromadb.errors
            except ImportError:
                raise MissingExtra("Keeping vectors", "vectors") from None
            with self._errors_explained():
                self._client = (
                    self._served(chromadb)
                    if self.url
                    else chromadb.PersistentClient(str(self.folder), settings=_quiet(chromadb))
                )
                self._end = weakref.finalize(self, _let_go, self._client) if self.url else self._client.close
                self._most = int(self._client.get_max_batch_size())
                self._held = self._client.get_or_create_collection(
                    self.name, embedding_function=None, metadata={"hnsw:space": "cosine"}
                )
        return self._held

    def refresh(self) -> None:
        """See what other processes wrote into the folder meanwhile; a writer does so as soon as it holds the lock."""
        with self._lock:
            self._reopen()

    def _reopen(self) -> None:
        """Leave the folder, so that the next use opens it anew: Chroma never looks again at what it has opened."""
        if self._client is not None and not self.url:
            self._client.clear_system_cache()
            self._client = self._held = None

    def close(self) -> None:
        """Let go of the folder or the server; the next use opens it again."""
        with self._lock:
            if self._client is not None:
                self._end()
            self._client = self._held = None

    def _served(self, chromadb: Any) -> Any:
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError(f"Setting `chroma_url` is {self.url!r}; it must be such as http://127.0.0.1:8000.")
        secure = address.scheme == "https"
        port = address.port or (443 if secure else 80)
        return chromadb.HttpClient(host=address.hostname, port=port, ssl=secure, settings=_quiet(chromadb))

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        """Turn Chroma's errors into ours; where it cannot even begin it raises AttributeError when asked again."""
        import httpx
        from chromadb.errors import ChromaError

        try:
            yield
        except (ChromaError, httpx.HTTPError, ValueError, AttributeError) as error:
            if self.url:
                raise NotReady(
                    f"The Chroma server at {self.url} does not answer as it should ({error}); start one with "
                    "`chroma run --path FOLDER`, or unset KEDREC_CHROMA_URL"
                ) from error
            if _UNWRITABLE.search(str(error)):
                raise WorkError(
                    f"{self.folder} could not be written ({error}); nothing is damaged. Free some space, or give this "
                    "user the right to write it, then run: kedrec literature embed"
                ) from error
            raise DamagedData(
                f"{self.folder} cannot be read ({error}); delete it and run: kedrec literature embed"
            ) from error

    def count(self) -> int:
        """Return the number of vectors."""
        with self._lock:
            collection = self._collection()
            with self._errors_explained():
                return int(collection.count())

    def put(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors; one that is there is overwritten.

        Args:
            ids: Hashes, each once.
            vectors: Shape (ids, width).
        """
        with self._lock:
            collection = self._collection()
            for part in _parts(len(ids), self._most):
                with self._errors_explained():
                    collection.upsert(ids=list(ids[part]), embeddings=vectors[part])

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return those of the vectors that are there.

        Args:
            ids: Hashes.

        Raises:
            DamagedData: Chroma cannot read its folder.
            NotReady: the server does not answer.
        """
        found: dict[str, Vectors] = {}
        if not (self.url or self.folder.exists()):
            return found
        with self._lock:
            self._collection()
            for part in _parts(len(ids), self._most):
                answer = self._ask(list(dict.fromkeys(ids[part])), ["embeddings"])
                found.update(zip(answer["ids"], answer["embeddings"], strict=True))
        return found

    def present(self, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that have a vector."""
        with self._lock:
            self._collection()
            answers = (self._ask(list(ids[part]), []) for part in _parts(len(ids), self._most))
            return {identifier for answer in answers for identifier in answer["ids"]}

    def _ask(self, ids: list[str], include: list[str]) -> Any:
        """Ask for what is stored under ids; once more where another process wrote since the folder was opened."""
        from chromadb.errors import ChromaError

        try:
            return self._collection().get(ids=ids, include=include)
        except ChromaError:
            self._reopen()
        collection = self._collection()
        with self._errors_explained():
            return collection.get(ids=ids, include=include)


def _let_go(client: Any) -> None:
    """Close a server's client, and the connections that Chroma's own `close` leaves open: its own and its admin's."""
    client.close()
    for one in (client, client._admin_client):
        one._server._session.close()


def _quiet(chromadb: Any) -> Any:
    return chromadb.config.Settings(anonymized_telemetry=False)


def _parts(count: int, most: int) -> Iterator[slice]:
    """Cut a range into slices of at most `most`."""
    return (slice(start, start + most) for start in range(0, count, most))
