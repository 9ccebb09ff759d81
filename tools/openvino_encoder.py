"""A BERT-like sentence encoder in OpenVINO: the fastest way through many passages on a CPU.

The same mathematics as `transformers.BertModel` followed by pooling, built straight from the weights: neither torch nor
a conversion step takes part. Where the processor multiplies bfloat16 natively OpenVINO does so, else 32-bit floats.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["OpenVINOEncoder"]

Floats = NDArray[np.float32]


class OpenVINOEncoder:
    """The encoder of one model folder, compiled for this processor.

    Every core works on a batch of its own: on small matrices that is a third faster than all cores on one.

    Args:
        folder: Holds `config.json` and `model.safetensors` of a BERT model with absolute positions.
        exact: Compute in 32-bit floats even where bfloat16 is faster.
        threads: Cores to use; all that this process may use where 0.
    """

    def __init__(self, folder: Path, *, exact: bool = False, threads: int = 0) -> None:
        import openvino

        core, threads = openvino.Core(), threads or len(os.sched_getaffinity(0))
        native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision: Literal["bf16", "f32"] = "bf16" if native and not exact else "f32"
        options = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
        }
        self._queue: Any = openvino.AsyncInferQueue(
            core.compile_model(_Network(folder).model(), "CPU", options), threads
        )

    def encode(self, batches: Sequence[Sequence[Sequence[int]]]) -> list[Floats]:
        """Embed batches of texts, each of texts of about equal length.

        Args:
            batches: Token ids of each text, the special ones included.

        Returns:
            Mean of the last layer for each text, not yet of length 1, shape (texts, width) for each batch.
        """
        found: list[Floats] = [np.zeros((0, 0), np.float32)] * len(batches)

        def keep(request: Any, place: int) -> None:
            found[place] = np.array(request.get_output_tensor(0).data, np.float32)

        self._queue.set_callback(keep)
        for place, rows in enumerate(batches):
            self._queue.start_async(_padded(rows), place)
        self._queue.wait_all()
        return found


def _padded(rows: Sequence[Sequence[int]]) -> list[NDArray[Any]]:
    """Return token ids and mask, shape (texts, tokens) both."""
    tokens = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for place, row in enumerate(rows):
        tokens[place, : len(row)] = row
    mask = np.arange(tokens.shape[1]) < np.array([[len(row)] for row in rows])
    return [tokens, mask.astype(np.float32)]


class _Network:
    """A BERT model as OpenVINO operations."""

    def __init__(self, folder: Path) -> None:
        import openvino.opset15 as operations
        from safetensors.numpy import load_file

        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.layers, self.heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self.epsilon = float(config["layer_norm_eps"])
        self.weights: dict[str, Floats] = {
            name: np.asarray(value, np.float32)
            for name, value in load_file(folder / "model.safetensors").items()
            if value.dtype.kind == "f"
        }
        self.ops: Any = operations

    def model(self) -> Any:
        """Return the whole model: token ids and mask, shape (texts, tokens), to vectors, shape (texts, width)."""
        import openvino

        tokens = self.ops.parameter([-1, -1], np.int64, name="tokens")
        mask = self.ops.parameter([-1, -1], np.float32, name="mask")
        hidden = self._embedded(tokens)
        unseen = self.ops.multiply(self.ops.subtract(self._axes(mask, [1, 2]), _one()), np.float32(1e9))
        for layer in range(self.layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, unseen)
        return openvino.Model([self._pooled(hidden, mask)], [tokens, mask], "encoder")

    def _axes(self, node: Any, places: list[int]) -> Any:
        """Return a node with axes of length 1 put in."""
        return self.ops.unsqueeze(node, np.array(places))

    def _embedded(self, tokens: Any) -> Any:
        words = self.ops.gather(self.weights["embeddings.word_embeddings.weight"], tokens, np.int64(0))
        length = self.ops.gather(self.ops.shape_of(tokens), np.array([1]), np.int64(0))
        table = self.weights["embeddings.position_embeddings.weight"]
        table = table + self.weights["embeddings.token_type_embeddings.weight"][0]
        places = self.ops.slice(table, np.array([0]), length, np.array([1]), np.array([0]))
        return self._norm("embeddings.LayerNorm", self.ops.add(words, places))

    def _layer(self, name: str, hidden: Any, unseen: Any) -> Any:
        mixed = self._attention(f"{name}.attention.self", hidden, unseen)
        attended = self.ops.add(self._linear(f"{name}.attention.output.dense", mixed), hidden)
        hidden = self._norm(f"{name}.attention.output.LayerNorm", attended)
        wide = self.ops.gelu(self._linear(f"{name}.intermediate.dense", hidden), "erf")
        return self._norm(f"{name}.output.LayerNorm", self.ops.add(self._linear(f"{name}.output.dense", wide), hidden))

    def _attention(self, name: str, hidden: Any, unseen: Any) -> Any:
        query, key, value = (self._split(self._linear(f"{name}.{part}", hidden)) for part in ("query", "key", "value"))
        mixed = self.ops.scaled_dot_product_attention(query, key, value, unseen)
        return self.ops.reshape(self.ops.transpose(mixed, np.array([0, 2, 1, 3])), np.array([0, 0, -1]), True)

    def _split(self, hidden: Any) -> Any:
        """Return heads as an axis of their own, shape (texts, heads, tokens, width of a head)."""
        parted = self.ops.reshape(hidden, np.array([0, 0, self.heads, self._width() // self.heads]), True)
        return self.ops.transpose(parted, np.array([0, 2, 1, 3]))

    def _width(self) -> int:
        return int(self.weights["embeddings.word_embeddings.weight"].shape[1])

    def _linear(self, name: str, hidden: Any) -> Any:
        product = self.ops.matmul(hidden, self.weights[f"{name}.weight"], False, True)
        return self.ops.add(product, self.weights[f"{name}.bias"])

    def _norm(self, name: str, hidden: Any) -> Any:
        scaled = self.ops.mvn(hidden, np.array([-1]), True, self.epsilon, "inside_sqrt")
        return self.ops.add(self.ops.multiply(scaled, self.weights[f"{name}.weight"]), self.weights[f"{name}.bias"])

    def _pooled(self, hidden: Any, mask: Any) -> Any:
        weight = self._axes(mask, [2])
        total = self.ops.reduce_sum(self.ops.multiply(hidden, weight), np.array([1]))
        return self.ops.divide(total, self.ops.reduce_sum(weight, np.array([1])))


def _one() -> Floats:
    return np.ones((), np.float32)
