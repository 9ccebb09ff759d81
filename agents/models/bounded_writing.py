"""What bounds a local model's free text: citation keys that exist, and an end to loops.

Both are hooks of transformers' `generate`, for one row of tokens that begins with the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import torch
from transformers import LogitsProcessor, StoppingCriteria

__all__ = ["LOOP", "EndOfLoops", "ExistingKeys"]

LOOP = 32
"""Tokens in a row that are a loop where they were written before."""

_BETWEEN = re.compile(r"[,;] ?")


class ExistingKeys(LogitsProcessor):  # type: ignore[misc]  # transformers has no types
    """Between square brackets lets only keys through that exist, one or several: `[P1]`, `[P1, K2]`.

    Args:
        tokenizer: Turns tokens into text.
        begin: Tokens of the prompt, which is not looked at.
        keys: The keys that exist; where there are none, no bracket is opened.
    """

    def __init__(self, tokenizer: Any, begin: int, keys: Collection[str]) -> None:
        self._tokenizer, self._begin, self._keys = tokenizer, begin, frozenset(keys)
        self._pieces = _pieces_of(tokenizer)
        self._barred = [i for i, piece in enumerate(self._pieces) if "[" in piece and not self._fits(piece)]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Forbid the tokens that would write another key; tokens (1, length), scores (1, vocabulary)."""
        written = self._tokenizer.decode(input_ids[0, self._begin :])
        inside = written[written.rindex("[") :] if "[" in written else ""
        if inside and "]" not in inside:
            fitting = [i for i, piece in enumerate(self._pieces) if self._fits(inside + piece)]
            return self._only(scores, fitting) if fitting else scores
        scores[:, self._barred] = -torch.inf
        return scores

    def _fits(self, text: str) -> bool:
        """Return whether every bracket of a text holds keys that exist, the last one perhaps as far as it goes."""
        *earlier, last = text.split("[")[1:]
        return all("]" in part and self._fits_inside(part) for part in earlier) and self._fits_inside(last)

    def _fits_inside(self, part: str) -> bool:
        inside, closed, _ = part.partition("]")
        *before, last = _BETWEEN.split(inside)
        known = last in self._keys if closed else any(key.startswith(last) for key in self._keys)
        return known and self._keys.issuperset(before)

    @staticmethod
    def _only(scores: Any, allowed: list[int]) -> Any:
        kept = torch.full_like(scores, -torch.inf)
        kept[:, allowed] = scores[:, allowed]
        return kept


class EndOfLoops(StoppingCriteria):  # type: ignore[misc]
    """Ends an answer whose last tokens stand in it already.

    Args:
        begin: Tokens of the prompt, which may be repeated.
    """

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._seen: set[tuple[int, ...]] = set()
        self.ended = False
        """Whether a loop was found: the last `LOOP` tokens are those of before."""

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Return whether to end, shape (1,); tokens (1, length)."""
        last = tuple(input_ids[0, self._begin :][-LOOP:].tolist())
        self.ended = len(last) == LOOP and last in self._seen
        self._seen.add(last)
        return torch.tensor([self.ended], device=input_ids.device)


@lru_cache(maxsize=2)
def _pieces_of(tokenizer: Any) -> tuple[str, ...]:
    """Return the text of each token of a vocabulary."""
    return tuple(tokenizer.batch_decode([[i] for i in range(len(tokenizer))]))
