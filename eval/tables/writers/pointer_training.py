"""Training the Pointer-Generator on rationales, and letting it write."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.writers.examples import WRITTEN, Example, Words
from kedrec.eval.tables.writers.pointer_generator import PointerGenerator, Source

if TYPE_CHECKING:
    from kedrec.eval.tables.writers.rows import Material

__all__ = ["pointer_generator"]

VOCABULARY, BATCH, RATE = 3000, 16, 3e-3


def pointer_generator(material: Material) -> Kept:
    """Train from scratch on the rationales to learn from, and write those that are asked for."""
    started = time.monotonic()
    torch.manual_seed(material.seed)
    words = Words([text for one in material.learnt for text in (one.source, one.target)], VOCABULARY)
    network = PointerGenerator(len(words))
    adam = torch.optim.Adam(network.parameters(), lr=RATE)
    for epoch in range(material.epochs):
        for batch in _batches(material.learnt, material.seed * 1000 + epoch):
            _learn(network, adam, words, batch, coverage=epoch >= 2 * material.epochs // 3)
    network.eval()
    texts = {one.pair_id: text for one, text in _written(network, words, material.asked)}
    size = sum(weight.numel() for weight in network.parameters())
    note = (
        f"from scratch on {len(material.learnt)} rationales, {material.epochs} epochs, {len(words):,} words, widths 64"
        " (paper: 50,000 and 128 to 256), written greedily (paper: beam of 4)"
    )
    return Kept(texts=texts, parameters=size, seconds=round(time.monotonic() - started, 1), note=note)


def _learn(
    network: PointerGenerator, adam: torch.optim.Optimizer, words: Words, batch: Sequence[Example], *, coverage: bool
) -> None:
    source, strangers = _source(words, batch)
    written, wanted = _targets(words, batch, strangers)
    adam.zero_grad()
    network.loss(source, written, wanted, coverage).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    adam.step()


def _batches(examples: Sequence[Example], seed: int) -> list[list[Example]]:
    order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(seed)).tolist()
    return [[examples[place] for place in order[start : start + BATCH]] for start in range(0, len(order), BATCH)]


def _source(words: Words, batch: Sequence[Example]) -> tuple[Source, list[dict[str, int]]]:
    """The texts as tensors, and for each the numbers of its words that are not in the vocabulary."""
    strangers = [_strangers(words, one) for one in batch]
    longest = max(1, *(len(one.source) for one in batch))
    known = torch.zeros(len(batch), longest, dtype=torch.long)
    extended = known.clone()
    for row, one in enumerate(batch):
        known[row, : len(one.source)] = torch.tensor(words.numbers(one.source), dtype=torch.long)
        numbers = [strangers[row].get(word) or words.number(word) for word in one.source]
        extended[row, : len(one.source)] = torch.tensor(numbers, dtype=torch.long)
    mask = known > 0
    mask[:, 0] = True
    return Source(known, extended, mask, max(len(own) for own in strangers)), strangers


def _strangers(words: Words, one: Example) -> dict[str, int]:
    unknown = dict.fromkeys(word for word in one.source if words.number(word) == Words.UNKNOWN)
    return {word: len(words) + place for place, word in enumerate(unknown)}


def _targets(words: Words, batch: Sequence[Example], strangers: Sequence[dict[str, int]]) -> tuple[Tensor, Tensor]:
    """The words before, and the words to write."""
    longest = max(len(one.target) for one in batch) + 1
    written = torch.zeros(len(batch), longest, dtype=torch.long)
    wanted = written.clone()
    for row, one in enumerate(batch):
        before = [Words.START, *words.numbers(one.target)]
        after = [*(strangers[row].get(word) or words.number(word) for word in one.target), Words.END]
        written[row, : len(before)] = torch.tensor(before)
        wanted[row, : len(after)] = torch.tensor(after)
    return written, wanted


def _written(network: PointerGenerator, words: Words, asked: Sequence[Example]) -> list[tuple[Example, str]]:
    found = []
    for start in range(0, len(asked), 2 * BATCH):
        batch = asked[start : start + 2 * BATCH]
        source, strangers = _source(words, batch)
        numbers = network.write(source, (Words.START, Words.END, Words.UNKNOWN), WRITTEN).tolist()
        found += [(one, _text(words, own, row)) for one, own, row in zip(batch, strangers, numbers, strict=True)]
    return found


def _text(words: Words, strangers: dict[str, int], numbers: Sequence[int]) -> str:
    named = {number: word for word, number in strangers.items()}
    told = [words.words[n] if n < len(words) else named.get(n, "") for n in numbers if n > Words.UNKNOWN]
    return " ".join(told)
