"""Pointer-Generator network (See, Liu, Manning, ACL 2017), equations 1 to 13: it writes a word or copies one it read.

An encoder reads in both directions, a decoder attends to what was read, and p_gen shares the chance between words of
the vocabulary and words of the source, which need not be in the vocabulary. Coverage sums the attention so far; its
loss is added in the last third of the training, as in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["PointerGenerator", "Source"]


@dataclass(frozen=True)
class Source:
    """A batch of texts that are read."""

    known: Tensor
    """Numbers of the words, those not in the vocabulary as unknown, shape (batch, length)."""
    extended: Tensor
    """The same, those not in the vocabulary numbered behind it, alike within a text."""
    mask: Tensor
    """Where there is a word, same shape."""
    strangers: int
    """Most words of one text that are not in the vocabulary."""


class PointerGenerator(nn.Module):
    """The network.

    Args:
        vocabulary: how many words it can write by itself.
        embedding: width of a word's vector.
        hidden: width of either direction of the encoder; the decoder's is twice that.
    """

    def __init__(self, vocabulary: int, embedding: int = 64, hidden: int = 64) -> None:
        super().__init__()
        wide = 2 * hidden
        self.words = nn.Embedding(vocabulary, embedding, padding_idx=0)
        self.reader = nn.LSTM(embedding, hidden, batch_first=True, bidirectional=True)
        self.writer = nn.LSTMCell(embedding + wide, wide)
        self.from_read, self.from_state = nn.Linear(wide, wide, bias=False), nn.Linear(2 * wide, wide)
        self.from_coverage, self.energy = nn.Linear(1, wide, bias=False), nn.Linear(wide, 1, bias=False)
        self.out = nn.Sequential(nn.Linear(2 * wide, wide), nn.Linear(wide, vocabulary))
        self.generates = nn.Linear(3 * wide + embedding + wide, 1)

    def loss(self, source: Source, written: Tensor, wanted: Tensor, coverage: bool) -> Tensor:
        """Mean loss of a word.

        Args:
            source: what is read.
            written: numbers of the words before, shape (batch, length).
            wanted: numbers of the words to write, those of the source behind the vocabulary; 0 where there is none.
            coverage: whether repeated attention costs.
        """
        state, read = self._begin(source)
        total, words = torch.zeros(()), (wanted > 0).sum().clamp(min=1)
        for place in range(written.shape[1]):
            chances, attention, before, state = self._step(source, read, state, written[:, place])
            there = wanted[:, place] > 0
            chance = chances.gather(1, wanted[:, place : place + 1]).squeeze(1)
            own = -(chance + 1e-9).log()
            if coverage:
                own = own + torch.minimum(attention, before).sum(dim=1)
            total = total + (own * there).sum()
        return total / words

    @torch.no_grad()
    def write(self, source: Source, signs: tuple[int, int, int], most: int) -> Tensor:
        """Write greedily.

        Args:
            source: what is read.
            signs: numbers of start, end and the unknown word.
            most: words that are written at most.

        Returns:
            Numbers of words, those behind the vocabulary being words of the source; 0 from the end on; (batch, most).
        """
        start, end, unknown = signs
        state, read = self._begin(source)
        word = torch.full((len(source.known),), start)
        written = []
        for _ in range(most):
            chances, _, _, state = self._step(source, read, state, word)
            chances[:, [0, start, unknown]] = 0
            number = chances.argmax(dim=1)
            written.append(number)
            word = torch.where(number < self.words.num_embeddings, number, torch.full_like(number, unknown))
        found = torch.stack(written, dim=1)
        return torch.where((found == end).cumsum(dim=1) > 0, torch.zeros_like(found), found)

    def _begin(self, source: Source) -> tuple[tuple[Tensor, ...], Tensor]:
        read, (last, cell) = self.reader(self.words(source.known))
        batch = len(source.known)
        state = last.transpose(0, 1).reshape(batch, -1), cell.transpose(0, 1).reshape(batch, -1)
        empty = torch.zeros(batch, read.shape[-1])
        return (*state, empty, torch.zeros_like(source.mask, dtype=torch.float)), read

    def _step(
        self, source: Source, read: Tensor, state: tuple[Tensor, ...], word: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, ...]]:
        """The chances of the next word, the attention, the coverage before it, and the state after it."""
        hidden, cell, context, coverage = state
        vector = self.words(word)
        hidden, cell = self.writer(torch.cat((vector, context), dim=1), (hidden, cell))
        both = torch.cat((hidden, cell), dim=1)
        seen = self.from_read(read) + self.from_state(both)[:, None] + self.from_coverage(coverage[..., None])
        energy = self.energy(torch.tanh(seen)).squeeze(-1).masked_fill(~source.mask, -1e9)
        attention = F.softmax(energy, dim=1)
        context = (attention[:, None] @ read).squeeze(1)
        chances = self._chances(source, attention, hidden, context, torch.cat((context, both, vector, hidden), dim=1))
        return chances, attention, coverage, (hidden, cell, context, coverage + attention)

    def _chances(self, source: Source, attention: Tensor, hidden: Tensor, context: Tensor, all_: Tensor) -> Tensor:
        """The chances of the words of the vocabulary and, behind them, of the strangers of the source."""
        generates = torch.sigmoid(self.generates(all_))
        own = F.softmax(self.out(torch.cat((hidden, context), dim=1)), dim=1) * generates
        own = F.pad(own, (0, source.strangers))
        return own.scatter_add(1, source.extended, attention * (1 - generates))
