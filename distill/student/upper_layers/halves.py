"""A causal model cut in two: layers that stay as they are, and layers that an adapter teaches.

Works for models with `model.layers` and `model.norm`, as Llama, Mistral and Qwen have them. Rows are padded on the
right, where a causal model never looks, so that no mask is needed.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kedrec.errors import UserError

__all__ = ["Halves", "cut_model", "padded"]


class Halves:
    """The two halves of one model; they share its weights.

    Args:
        model: the whole model, with an adapter or without.
        below: how many layers belong to the lower half.
    """

    def __init__(self, model: Any, below: int) -> None:
        body = model.model
        self.lower, self.upper = _part(body, 0, below), _part(body, below, len(body.layers))
        self.lower._modules["norm"] = nn.Identity()
        self.head = model.lm_head
        self.width: int = model.config.hidden_size

    @torch.no_grad()
    def below(self, ids: Tensor) -> Tensor:
        """What the lower half makes of tokens [B, T]: [B, T, D]."""
        made: Tensor = self.lower(input_ids=ids, use_cache=False).last_hidden_state
        return made

    def logits(self, hidden: Tensor, rows: Tensor, places: Tensor) -> Tensor:
        """Logits [K, V] at K places of what the upper half makes of [B, T, D]; `rows` and `places` are [K]."""
        made = self.upper(inputs_embeds=hidden, use_cache=False).last_hidden_state
        logits: Tensor = self.head(made[rows, places])
        return logits


def cut_model(model: Any, below: int) -> Halves:
    """Cut a model in two.

    Raises:
        UserError: where it has no such layers, or not so many.
    """
    layers = getattr(getattr(model, "model", None), "layers", None)
    if layers is None:
        raise UserError(
            f"The layers of {type(model).__name__} cannot be told apart; train it without --freeze, or choose a base"
            " of the Llama, Mistral or Qwen families."
        )
    if not 0 <= below < len(layers):
        raise UserError(f"The base has {len(layers)} layers; --freeze {below} leaves none to train.")
    return Halves(model, below)


def _part(body: Any, first: int, last: int) -> Any:
    """The same modules, of whose layers only some are gone through."""
    part = copy.copy(body)
    part._modules = dict(body._modules)
    part._modules["layers"] = nn.ModuleList(body.layers[first:last])
    part.config = copy.deepcopy(body.config)
    part.config.num_hidden_layers = last - first
    return part


def padded(rows: Sequence[Sequence[int]], filler: int, width: int) -> Tensor:
    """Rows of tokens as one tensor [B, width], padded on the right."""
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
