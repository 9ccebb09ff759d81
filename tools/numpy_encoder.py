"""A BERT-like sentence encoder in numpy: for a query it answers before anything else would have been imported.

The same mathematics as `transformers.BertModel` followed by mean pooling and normalisation, in 32-bit floats, one text
at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["NumpyEncoder"]

Floats = NDArray[np.float32]


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
        self.weights: dict[str, Floats] = {
            name: _turned(name, values) for name, values in load_file(folder / "model.safetensors").items()
        }

    def encode(self, tokens: Sequence[int]) -> Floats:
        """Embed one text.

        Args:
            tokens: Token ids, the special ones included.

        Returns:
            Mean of the last layer, of length 1, shape (width,).
        """
        hidden = self._embed(np.asarray(tokens))
        for layer in range(self.layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        mean = hidden.mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

    def _embed(self, tokens: NDArray[np.int64]) -> Floats:
        weights = self.weights
        summed = weights["embeddings.word_embeddings.weight"][tokens]
        summed = summed + weights["embeddings.position_embeddings.weight"][: len(tokens)]
        return self._norm("embeddings.LayerNorm", summed + weights["embeddings.token_type_embeddings.weight"][0])

    def _layer(self, name: str, hidden: Floats) -> Floats:
        attended = self._linear(f"{name}.attention.output.dense", self._attention(f"{name}.attention.self", hidden))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", attended + hidden)
        wide = _gelu(self._linear(f"{name}.intermediate.dense", hidden))
        return self._norm(f"{name}.output.LayerNorm", self._linear(f"{name}.output.dense", wide) + hidden)

    def _attention(self, name: str, hidden: Floats) -> Floats:
        query, key, value = (self._split(self._linear(f"{name}.{part}", hidden)) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(query.shape[-1]))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = weights / weights.sum(axis=-1, keepdims=True) @ value
        return np.asarray(mixed.transpose(1, 0, 2).reshape(len(hidden), -1))

    def _split(self, hidden: Floats) -> Floats:
        return hidden.reshape(len(hidden), self.heads, -1).transpose(1, 0, 2)

    def _linear(self, name: str, hidden: Floats) -> Floats:
        return np.asarray(hidden @ self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])

    def _norm(self, name: str, hidden: Floats) -> Floats:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        return np.asarray(centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def _turned(name: str, values: Floats) -> Floats:
    """Lay a layer's matrix out as it is multiplied by: a query takes a quarter less than with turning it every time."""
    return np.ascontiguousarray(values.T) if name.startswith("encoder.") and values.ndim == 2 else values


def _gelu(values: Floats) -> Floats:
    from scipy.special import erf

    return np.asarray(values * (erf(values / np.sqrt(np.float32(2))) + 1) / 2)
