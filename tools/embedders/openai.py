"""Embeddings of OpenAI, or of any server that speaks as OpenAI does (`base_url`)."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from kedrec.arrays import Vectors
from kedrec.config import Settings
from kedrec.errors import ConfigError, ModelRefused, ModelUnavailable, RateLimited

__all__ = ["OpenAIEmbedder"]

ROUND = 128
"""Texts of one request; a passage has 300 words at most, so that it stays below 300,000 tokens."""


class OpenAIEmbedder:
    """A model behind `/embeddings`; safe to use from several threads.

    Args:
        model: Name of the model.
        settings: `embedder_url` or else `base_url`, `api_key`, `timeout` and `retries` are read.
    """

    def __init__(self, model: str, settings: Settings) -> None:
        self.model, self.settings = model, settings
        self.address = settings.embedder_url or settings.base_url
        self.identity = f"openai:{model}" + (f"@{self.address}" if self.address else "")
        self.width = 3072 if "large" in model else 1536
        self._recent = lru_cache(maxsize=512)(self._query)
        self._lock = threading.Lock()

    @cached_property
    def _client(self) -> Any:
        from openai import OpenAI

        given = self.settings.api_key
        key = (given.get_secret_value() if given else "") or os.environ.get("OPENAI_API_KEY", "")
        if not key and self.address is None:
            raise ConfigError(f"Embedding with openai:{self.model} needs a key: set KEDREC_API_KEY or OPENAI_API_KEY.")
        client = OpenAI(
            api_key=key or "none",
            base_url=self.address,
            timeout=self.settings.timeout,
            max_retries=self.settings.retries,
        )
        weakref.finalize(self, client.close)
        return client

    def query(self, text: str) -> Vectors:
        """Embed a query.

        Args:
            text: Any text.

        Returns:
            Vector of length 1, shape (width,).

        Raises:
            ModelError: the server did not answer as it should.
        """
        with self._lock:
            return self._recent(text)

    def _query(self, text: str) -> Vectors:
        vector: Vectors = self._ask([text])[0]
        return vector

    def means(self, count: int) -> str:
        """Say what passages are embedded by."""
        return self.address or "OpenAI"

    def rounds(self, texts: Sequence[str]) -> Iterator[tuple[range, Vectors]]:
        """Embed passages, one request a round.

        Args:
            texts: Any texts.

        Yields:
            Positions of the texts of the round and their vectors of length 1, shape (round, width).

        Raises:
            ModelError: the server did not answer as it should; what was yielded before is good.
        """
        for start in range(0, len(texts), ROUND):
            chosen = range(start, min(start + ROUND, len(texts)))
            yield chosen, self._ask([texts[i] for i in chosen])

    def _ask(self, texts: list[str]) -> Vectors:
        """Send one request."""
        import openai

        what = f"Embedding {len(texts)} texts with {self.identity}"
        try:
            answer = self._client.embeddings.create(model=self.model, input=texts, encoding_format="float")
        except openai.RateLimitError as error:
            raise RateLimited(f"{what}: the server wants fewer calls ({error}); try again later") from error
        except (openai.APIConnectionError, openai.InternalServerError) as error:
            raise ModelUnavailable(f"{what}: no answer ({error}); try again") from error
        except openai.OpenAIError as error:
            raise ModelRefused(f"{what}: {error}") from error
        count = len(texts)
        # Vectors of length 1, in the order of the texts.
        rows = {row.index: row.embedding for row in answer.data}
        if sorted(rows) != list(range(count)) or len({len(row) for row in rows.values()}) != 1:
            raise ModelRefused(f"{what}: {len(rows)} vectors came back, not one of the same length for each text")
        vectors = np.array([rows[i] for i in range(count)], np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(vectors).all() and (lengths > 0).all()):
            raise ModelRefused(f"{what}: vectors with no direction or with values that are no numbers came back")
        return np.asarray(vectors / lengths, np.float32)
