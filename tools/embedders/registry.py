"""The model that the second step of a search compares texts by, as the setting `embedder` names it.

| setting | model |
|---|---|
| `minilm` | the packaged all-MiniLM-L6-v2 (default) |
| `sentence-transformers:PATH` | any model folder of sentence-transformers |
| `medcpt:PATH` | MedCPT's two encoders, in the folders `query` and `article` below PATH |
| `openai:MODEL` | OpenAI, or a server that speaks as it does (`embedder_url`, else `base_url`) |
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from kedrec.arrays import Vectors
from kedrec.config import Settings
from kedrec.errors import ConfigError
from kedrec.tools.embedders import minilm

__all__ = ["Embedder", "available", "embedder"]


_KINDS = ("minilm", "sentence-transformers", "medcpt", "openai")


class Embedder(Protocol):
    """Texts to vectors of length 1; queries and passages may go different ways."""

    @property
    def identity(self) -> str:
        """What tells its vectors from those of another model."""

    @property
    def width(self) -> int:
        """Length of a vector, as far as is known before the first is made."""

    def means(self, count: int) -> str:
        """Say what so many passages would be embedded by."""

    def query(self, text: str) -> Vectors:
        """Embed a query, shape (width,)."""

    def rounds(self, texts: Sequence[str]) -> Iterator[tuple[range, Vectors]]:
        """Embed passages; yield positions and vectors, shape (round, width)."""


def available(settings: Settings) -> bool:
    """Say whether what the embedder of the settings needs is installed, without importing any of it."""
    kind, _ = _parted(settings.embedder)
    needed = {"sentence-transformers": "sentence_transformers", "medcpt": "transformers", "openai": "openai"}
    return minilm.installed() if kind == "minilm" else importlib.util.find_spec(needed[kind]) is not None


def identity(settings: Settings) -> str:
    """Return what tells the vectors of the settings' embedder from others; the packaged model is not opened for it."""
    kind, _ = _parted(settings.embedder)
    return minilm.MODEL if kind == "minilm" else embedder(settings).identity


@lru_cache(maxsize=4)
def embedder(settings: Settings) -> Embedder:
    """Return the embedder of the settings, opened once.

    Raises:
        ConfigError: the setting names none.
        InputError: it names a folder that holds no model.
        MissingExtra: it needs a package that is not installed.
    """
    kind, rest = _parted(settings.embedder)
    if kind == "minilm":
        return minilm.packaged()
    if kind == "openai":
        from kedrec.tools.embedders.openai import OpenAIEmbedder

        return OpenAIEmbedder(rest, settings)
    if kind == "medcpt":
        from kedrec.tools.embedders.medcpt import MedCPT

        return MedCPT(Path(rest).expanduser())
    from kedrec.tools.embedders.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(Path(rest).expanduser())


def _parted(name: str) -> tuple[str, str]:
    """Return kind and model of an embedder's name."""
    kind, _, rest = name.partition(":")
    if kind not in _KINDS or bool(rest) == (kind == "minilm"):
        raise ConfigError(
            f"Setting `embedder` is {name!r}; "
            "it must be minilm, sentence-transformers:PATH, medcpt:PATH or openai:MODEL."
        )
    return kind, rest
