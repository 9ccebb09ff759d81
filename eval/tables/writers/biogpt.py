"""BioGPT (Luo et al. 2022): the published weights where a hub or folder has them, else the architecture alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.writers.examples import WRITTEN, Example, Words

if TYPE_CHECKING:
    from kedrec.eval.tables.writers.rows import Material

__all__ = ["biogpt"]

VOCABULARY, BATCH = 3000, 16
SMALL = {"hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256}


@dataclass(frozen=True)
class _Opened:
    """A model with the numbers of its words."""

    model: Any
    read: Callable[[Sequence[str]], list[int]]
    tell: Callable[[Sequence[int]], str]
    begin: int
    end: int
    note: str
    rate: float


def biogpt(material: Material, spec: str) -> Kept:
    """Train on the rationales to learn from, and write those that are asked for.

    Args:
        material: what is learnt and asked.
        spec: hub id or folder of the published model.
    """
    started = time.monotonic()
    torch.manual_seed(material.seed)
    opened = _published(spec) or _from_scratch(material)
    adam = torch.optim.AdamW(opened.model.parameters(), lr=opened.rate)
    for epoch in range(material.epochs):
        order = torch.randperm(len(material.learnt), generator=torch.Generator().manual_seed(epoch)).tolist()
        for start in range(0, len(order), BATCH):
            _learn(opened, adam, [material.learnt[place] for place in order[start : start + BATCH]])
    opened.model.eval()
    texts = {one.pair_id: _write(opened, one) for one in material.asked}
    size = sum(weight.numel() for weight in opened.model.parameters())
    note = f"{opened.note}; {material.epochs} epochs on {len(material.learnt)} rationales, written greedily"
    return Kept(texts=texts, parameters=size, seconds=round(time.monotonic() - started, 1), note=note)


def _published(spec: str) -> _Opened | None:
    """The published model; None where neither the folder, the cache nor a hub has it."""
    from transformers import AutoTokenizer, BioGptForCausalLM

    only_here = Path(spec).is_dir() or os.environ.get("HF_HUB_OFFLINE") == "1"
    try:
        tokenizer = AutoTokenizer.from_pretrained(spec, local_files_only=only_here)
        model = BioGptForCausalLM.from_pretrained(spec, local_files_only=only_here)
    except (OSError, ValueError, ImportError):
        return None

    def read(words: Sequence[str]) -> list[int]:
        return list(tokenizer(" ".join(words), add_special_tokens=False)["input_ids"])

    end, told = tokenizer.eos_token_id, f"published weights of `{spec}`"
    return _Opened(model, read, lambda n: str(tokenizer.decode(n)), tokenizer.bos_token_id or end, end, told, 1e-5)


def _from_scratch(material: Material) -> _Opened:
    """A small model of the same architecture over the words of the rationales."""
    from transformers import BioGptConfig, BioGptForCausalLM

    words = Words([text for one in material.learnt for text in (one.target, one.source)], VOCABULARY)
    config = BioGptConfig(vocab_size=len(words), max_position_embeddings=512, pad_token_id=Words.PAD,
                          bos_token_id=Words.START, eos_token_id=Words.END, **SMALL)  # fmt: skip
    told = (
        f"architecture from scratch, no published weights within reach: {len(words):,} words,"
        f" {SMALL['hidden_size']} wide, {SMALL['num_hidden_layers']} layers (published: 42,384, 1,024, 24)"
    )

    def tell(numbers: Sequence[int]) -> str:
        return " ".join(words.words[number] for number in numbers if number > Words.UNKNOWN)

    return _Opened(BioGptForCausalLM(config), words.numbers, tell, Words.START, Words.END, told, 2e-3)


def _learn(opened: _Opened, adam: torch.optim.Optimizer, batch: Sequence[Example]) -> None:
    rows = [([*opened.read(one.source), opened.begin], [*opened.read(one.target), opened.end]) for one in batch]
    longest = max(len(read) + len(told) for read, told in rows)
    numbers = torch.full((len(rows), longest), opened.end)
    labels = torch.full((len(rows), longest), -100)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for row, (read, told) in enumerate(rows):
        whole = len(read) + len(told)
        numbers[row, :whole] = torch.tensor([*read, *told])
        labels[row, len(read) : whole] = torch.tensor(told)
        mask[row, :whole] = 1
    opened.model.train()
    adam.zero_grad()
    opened.model(input_ids=numbers, attention_mask=mask, labels=labels).loss.backward()
    torch.nn.utils.clip_grad_norm_(opened.model.parameters(), 1.0)
    adam.step()


@torch.no_grad()
def _write(opened: _Opened, one: Example) -> str:
    """Write greedily, reading each word once."""
    given = torch.tensor([[*opened.read(one.source), opened.begin]])
    written, past = list[int](), None
    for _ in range(WRITTEN):
        out = opened.model(input_ids=given, past_key_values=past, use_cache=True)
        past, number = out.past_key_values, int(out.logits[0, -1].argmax())
        if number == opened.end:
            break
        written.append(number)
        given = torch.tensor([[number]])
    return opened.tell(written)
