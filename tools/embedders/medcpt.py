"""MedCPT (Jin and others, Bioinformatics 2023): one encoder for queries, another for articles, from PubMed.

Both stand below one folder, as published: `query` (MedCPT-Query-Encoder) and `article` (MedCPT-Article-Encoder). A
query is read up to 64 tokens, an article as the pair of its title and abstract up to 512; the first token of the last
layer stands for the text. KEDRec compares them by cosine, as it does all vectors.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.arrays import Vectors
from kedrec.errors import InputError
from kedrec.tools.embedders.fingerprint import of_model, width_of
from kedrec.tools.embedders.torch_encoder import TorchEncoder

__all__ = ["MedCPT"]

QUERY_TOKENS, ARTICLE_TOKENS = 64, 512
ROUND, BATCH = 128, 16


class MedCPT:
    """The two encoders; safe to use from several threads.

    Args:
        folder: Holds the folders `query` and `article`.

    Raises:
        InputError: one of them is missing.
    """

    def __init__(self, folder: Path) -> None:
        for part in ("query", "article"):
            if not (folder / part / "config.json").is_file():
                raise InputError(folder / part, f"no MedCPT {part} encoder; put that model's files there")
        self.identity = f"medcpt-{of_model(folder / 'query')}-{of_model(folder / 'article')}"
        self.width = width_of(folder / "article")
        self._queries = _Side(folder / "query", QUERY_TOKENS)
        self._articles = _Side(folder / "article", ARTICLE_TOKENS)
        self._recent = lru_cache(maxsize=512)(self._query)
        self._lock = threading.Lock()

    def query(self, text: str) -> Vectors:
        """Embed a query.

        Args:
            text: Any text.

        Returns:
            Vector of length 1, shape (width,).
        """
        with self._lock:
            return self._recent(text)

    def _query(self, text: str) -> Vectors:
        vector: Vectors = self._queries.encode([text])[0]
        return vector

    def means(self, count: int) -> str:
        """Say what passages are embedded by."""
        return f"torch on {self._articles.encoder.device}"

    def rounds(self, texts: Sequence[str]) -> Iterator[tuple[range, Vectors]]:
        """Embed passages, a round at a time.

        Args:
            texts: Title and text, parted by the first line feed; without one, the text alone.

        Yields:
            Positions of the texts of the round and their vectors of length 1, shape (round, width).
        """
        for start in range(0, len(texts), ROUND):
            chosen = range(start, min(start + ROUND, len(texts)))
            with self._lock:
                yield chosen, self._articles.encode([_parted(texts[i]) for i in chosen])


class _Side:
    """One of the two encoders."""

    def __init__(self, folder: Path, tokens: int) -> None:
        self.folder, self.tokens = folder, tokens
        self.encoder = TorchEncoder(folder, "cls")

    @property
    def width(self) -> int:
        return int(self.encoder.model.config.hidden_size)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(self.folder).backend_tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.tokens)
        return tokenizer

    def encode(self, texts: Sequence[str | tuple[str, str]]) -> Vectors:
        """Embed texts or pairs of texts, longest first; shape (texts, width), length 1."""
        codes = self._tokenizer.encode_batch(list(texts))
        order = np.argsort([-len(code.ids) for code in codes], kind="stable")
        vectors = np.empty((len(codes), self.width), np.float32)
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            vectors[part] = self.encoder.encode([codes[i] for i in part])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _parted(text: str) -> str | tuple[str, str]:
    """Return title and text, or the text where there is no title."""
    title, mark, body = text.partition("\n")
    return (title, body) if mark else text
