"""What the layers that stay as they are make of the rows: computed once, kept in one block of memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from kedrec.distill.student.upper_layers.examples import ShortExample
from kedrec.distill.student.upper_layers.halves import Halves, padded

__all__ = ["LowerOutputs", "OnRows"]

OnRows = Callable[[int, int], None]
"""Gets rows done and rows in all."""
_SHAPE = 32


class LowerOutputs:
    """Outputs [T, D] of the lower half by row; 2 D bytes a token in bfloat16.

    One block, since thousands of small ones scatter the memory that every step has to be found in.

    Args:
        halves: the model.
        examples: the rows.
        filler: token that rows are padded with.
        together: rows that go through the lower half at once.
    """

    def __init__(self, halves: Halves, examples: Sequence[ShortExample], filler: int, together: int) -> None:
        self._halves, self._filler = halves, filler
        self._rows = [row.tokens for row in examples]
        ends = list(accumulate(map(len, self._rows)))
        self._slices = [slice(end - len(row), end) for row, end in zip(self._rows, ends, strict=True)]
        dtype = halves.head.weight.dtype
        self._block = torch.empty(ends[-1] if ends else 0, halves.width, dtype=dtype)
        order = sorted(range(len(self._rows)), key=lambda place: (len(self._rows[place]), place))
        self._left = [tuple(order[first : first + together]) for first in range(0, len(order), together)]

    def compute(self, on_rows: OnRows | None = None) -> None:
        """Compute all that is not there; always in the same groups, so that the rounding is always the same."""
        while self._left:
            group = self._left.pop()
            rows = [self._rows[place] for place in group]
            made = self._halves.below(padded(rows, self._filler, _rounded(max(map(len, rows)))))
            for place, row, one in zip(group, rows, made, strict=True):
                self._block[self._slices[place]] = one[: len(row)]
            if on_rows is not None:
                on_rows(len(self._rows) - sum(map(len, self._left)), len(self._rows))

    def of(self, places: Sequence[int]) -> Tensor:
        """What was made of some rows, padded with zeros: [B, T, D]."""
        self.compute()
        width = _rounded(max(len(self._rows[place]) for place in places))
        made = torch.zeros(len(places), width, self._halves.width, dtype=self._block.dtype)
        for row, place in zip(made, places, strict=True):
            row[: len(self._rows[place])] = self._block[self._slices[place]]
        return made


def _rounded(width: int) -> int:
    """A width that many batches share: each new shape costs the processor's library a preparation of its own."""
    return -(-width // _SHAPE) * _SHAPE
