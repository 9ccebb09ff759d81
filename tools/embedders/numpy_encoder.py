"""A BERT-like sentence encoder in numpy: for a query it answers before anything else would have been imported.

The same mathematics as `transformers.BertModel` followed by mean pooling and normalisation, in 32-bit floats, one text
at a time. Matrices are laid out and multiplied in blocks so small that OpenBLAS has a kernel for them which copies
nothing first; copying a whole matrix into its own order takes longer than multiplying a query by it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kedrec.arrays import Vectors

__all__ = ["NumpyEncoder"]

BLOCK = 32
"""Columns of a block that such a kernel is used for; divides the widths of the usual models."""
ROWS = 80
"""Tokens of a block; 80 of 384 values, times BLOCK, are just below the million products up to which it is used."""
ERF_SCALE = np.float32(0.3275911 / math.sqrt(2))
ERF_FACTORS = np.array([1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592], np.float32) / 2
"""Half of 1 - erf by Abramowitz and Stegun, 7.1.26: three times as fast as SciPy's `erf`, with no import of SciPy."""


class NumpyEncoder:
    """The encoder of one model folder.

    Args:
        folder: Holds `config.json` and `model.safetensors` of a BERT model with absolute positions.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.layers, self.heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self.epsilon = np.float32(config["layer_norm_eps"])
        self.weights: dict[str, Vectors] = {
            name: _parted(values, int(config["hidden_size"]))
            if name.startswith("encoder.") and values.ndim == 2
            else values
            for name, values in load_file(folder / "model.safetensors").items()
        }

    def encode(self, tokens: Sequence[int]) -> Vectors:
        """Embed one text.

        Args:
            tokens: Token ids, the special ones included.

        Returns:
            Mean of the last layer, of length 1, shape (width,).
        """
        ids = np.asarray(tokens)
        weights = self.weights
        summed = weights["embeddings.word_embeddings.weight"][ids]
        summed = summed + weights["embeddings.position_embeddings.weight"][: len(ids)]
        hidden = self._norm("embeddings.LayerNorm", summed + weights["embeddings.token_type_embeddings.weight"][0])
        for layer in range(self.layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        mean = hidden.mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

    def _layer(self, name: str, hidden: Vectors) -> Vectors:
        attended = self._linear(f"{name}.attention.output.dense", self._attention(f"{name}.attention.self", hidden))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", attended + hidden)
        wide = _gelu(self._linear(f"{name}.intermediate.dense", hidden))
        return self._norm(f"{name}.output.LayerNorm", self._linear(f"{name}.output.dense", wide) + hidden)

    def _attention(self, name: str, hidden: Vectors) -> Vectors:
        query, key, value = (self._split(self._linear(f"{name}.{part}", hidden)) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(query.shape[-1]))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = weights / weights.sum(axis=-1, keepdims=True) @ value
        return np.asarray(mixed.transpose(1, 0, 2).reshape(len(hidden), -1))

    def _split(self, hidden: Vectors) -> Vectors:
        return hidden.reshape(len(hidden), self.heads, -1).transpose(1, 0, 2)

    def _linear(self, name: str, hidden: Vectors) -> Vectors:
        product = _multiplied(hidden, self.weights[f"{name}.weight"])
        product += self.weights[f"{name}.bias"]
        return product

    def _norm(self, name: str, hidden: Vectors) -> Vectors:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + self.epsilon)
        centred /= scale
        centred *= self.weights[f"{name}.weight"]
        centred += self.weights[f"{name}.bias"]
        return np.asarray(centred)


def _parted(values: Vectors, depth: int) -> Vectors:
    """Lay a layer's matrix out in blocks; shape (parts of the input, blocks of the output, depth, BLOCK)."""
    width, length = values.shape
    blocks = values.reshape(width // BLOCK, BLOCK, length // depth, depth)
    return np.ascontiguousarray(blocks.transpose(2, 0, 3, 1))


def _multiplied(hidden: Vectors, blocks: Vectors) -> Vectors:
    """Multiply tokens by a matrix in blocks; shape (tokens, width)."""
    parts, count, depth, _ = blocks.shape
    product = np.empty((len(hidden), count, BLOCK), np.float32)
    for start in range(0, len(hidden), ROWS):
        rows, into = hidden[start : start + ROWS], product[start : start + ROWS].transpose(1, 0, 2)
        if parts == 1:
            np.matmul(rows, blocks[0], out=into)
        else:
            np.sum(rows.reshape(-1, parts, 1, depth).transpose(1, 2, 0, 3) @ blocks, axis=0, out=into)
    return product.reshape(len(hidden), -1)


def _gelu(values: Vectors) -> Vectors:
    """Return the positive part less |x| / 2 * (1 - erf(|x| / sqrt(2))), off by 3e-7 at most."""
    size = np.abs(values)
    work = np.reciprocal(size * ERF_SCALE + np.float32(1))
    tail = np.zeros_like(size)
    for factor in ERF_FACTORS:
        tail += factor
        tail *= work
    tail *= size
    np.multiply(values, values, out=work)
    work *= np.float32(-0.5)
    tail *= np.exp(work, out=work)
    return np.asarray(np.maximum(values, 0) - tail)
