"""How fast passages are embedded in each of the ways there are, beside plain sentence-transformers in 32-bit floats.

The ways take turns on the same texts with as many threads each, so that what else the machine does hits all alike.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from kedrec.arrays import Vectors
from kedrec.tools.embedders.minilm import TOKENS, packaged

if TYPE_CHECKING:
    from kedrec.tools.embedders.openvino_encoder import OpenVINOEncoder

__all__ = ["encoders", "measured_side_by_side"]

Way = Callable[[Sequence[str]], Vectors]
ROUNDS = 3
PLAIN = "sentence-transformers, fp32"


def measured_side_by_side(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Embed texts in each way, in turns, and tell the middle rate of each.

    Args:
        texts: Passages.

    Returns:
        Name, and passages a second with how many times the plain way that is and the least cosine to its vectors.
    """
    ways = encoders()
    exact = ways[PLAIN](texts)
    least = {name: float((way(texts) * exact).sum(axis=1).min()) for name, way in ways.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            wall, work = time.perf_counter(), time.process_time()
            way(texts)
            seconds[name].append((time.perf_counter() - wall, time.process_time() - work))
    plain = [median(column) for column in zip(*seconds[PLAIN], strict=True)]
    return [(name, _told(seconds[name], plain, len(texts), least[name])) for name in ways]


def _told(seconds: Sequence[tuple[float, float]], plain: Sequence[float], count: int, cosine: float) -> str:
    wall, work = (median(column) for column in zip(*seconds, strict=True))
    return (
        f"{count / wall:.1f}/s, {plain[0] / wall:.1f} times plain ({plain[1] / work:.1f} times by processor time), "
        f"least cosine {cosine:.4f}"
    )


def encoders() -> dict[str, Way]:
    """Return the ways that are installed, the plain one first."""
    ways: dict[str, Way] = {PLAIN: _plain(), "torch, bf16, batches of like length": _by_torch}
    if importlib.util.find_spec("openvino"):
        from kedrec.tools.embedders.openvino_encoder import OpenVINOEncoder, Precision, precision

        kinds: tuple[Precision, ...] = ("f32", "bf16", "int8")
        for kind in kinds:
            encoder = OpenVINOEncoder(packaged().folder, within=kind)
            name = f"OpenVINO, {kind}, batches of like length" + (", the default here" if kind == precision() else "")
            ways[name] = partial(_by_openvino, encoder)
    return ways


def _by_openvino(encoder: OpenVINOEncoder, texts: Sequence[str]) -> Vectors:
    return packaged().by_openvino(_codes(texts), encoder)


def _codes(texts: Sequence[str]) -> Any:
    return packaged()._tokenizer.encode_batch(list(texts))


def _plain() -> Way:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model = SentenceTransformer(str(packaged().folder), local_files_only=True)
    model.max_seq_length = TOKENS

    def embed(texts: Sequence[str]) -> Vectors:
        found = model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)

    return embed


def _by_torch(texts: Sequence[str]) -> Vectors:
    return packaged()._by_torch(_codes(texts))
