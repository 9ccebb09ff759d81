"""The loop that teaches the upper layers: a fixed order, checkpoints by minutes, the same curve after a kill."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kedrec.distill.student.losses import rationale_loss, select_loss, sft_loss
from kedrec.distill.student.options import SHORT_WARMUP
from kedrec.distill.student.upper_layers.examples import ShortExample, batches
from kedrec.distill.student.upper_layers.halves import Halves
from kedrec.distill.student.upper_layers.lower_outputs import LowerOutputs

__all__ = ["Plan", "UpperLoop", "probabilities"]

OnStep = Callable[[int, int, dict[str, float]], bool]
"""Gets steps done, steps in all and the terms of the loss; false ends the training."""
STATE = "state.pt"
_LONGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Plan:
    """How the upper layers are taught."""

    epochs: float = 2.0
    """Passes over the rows."""
    batch_size: int = 8
    """Rows per batch."""
    accumulate: int = 1
    """Batches per step."""
    learning_rate: float = 5e-4
    """Largest step size; it rises first, and falls to nothing as a cosine does."""
    sft_weight: float = 1.0
    """Weight of `L_sft`, over the ground, and over the label too where no selection loss teaches it."""
    select_weight: float = 1.0
    """a."""
    rationale_weight: float = 0.0
    """λ."""
    seed: int = 0
    """Of the order of the rows."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""


class UpperLoop:
    """Teaches the trainable weights of the upper half.

    Args:
        halves: the model.
        examples: rows to learn from.
        plan: how.
        folder: where checkpoints go.
        filler: token that rows are padded with.
        half: compute in bfloat16 where it is faster.
        lower: what the lower half made of the same rows before; computed here by default.
    """

    def __init__(
        self, halves: Halves, examples: Sequence[ShortExample], plan: Plan, folder: Path, *, filler: int, half: bool,
        lower: LowerOutputs | None = None,
    ) -> None:  # fmt: skip
        self.halves, self.examples, self.plan, self.folder = halves, examples, plan, folder
        self.lower, self._half = lower or LowerOutputs(halves, examples, filler, plan.batch_size), half
        self.trained = [p for p in halves.upper.parameters() if p.requires_grad]
        self._masters = [p.detach().float().clone() for p in self.trained]
        self._optimizer = torch.optim.AdamW(self._masters, lr=plan.learning_rate, weight_decay=0.0)
        per_epoch = math.ceil(math.ceil(len(examples) / plan.batch_size) / plan.accumulate)
        self.steps = max(1, round(per_epoch * plan.epochs))
        self._per_epoch, self.done = per_epoch, 0

    def run(self, on_step: OnStep | None = None) -> None:
        """Take all steps that are left."""
        saved = time.monotonic()
        for step, group in self._groups():
            if step < self.done:
                continue
            terms = self._step(group)
            self.done = step + 1
            if time.monotonic() - saved > 60 * self.plan.save_minutes:
                self.save()
                saved = time.monotonic()
            if on_step is not None and not on_step(self.done, self.steps, terms):
                break
        self.save()

    @torch.no_grad()
    def looked(self) -> dict[str, float]:
        """The terms of the loss over all rows, their weighted sum and the share of labels that are right."""
        size, total = self.plan.batch_size, dict[str, float]()
        for first in range(0, len(self.examples), size):
            places = range(first, min(first + size, len(self.examples)))
            loss, terms = self.loss(places)
            for name, value in {"loss": float(loss), **terms}.items():
                total[name] = total.get(name, 0.0) + value * len(places)
        return {name: value / len(self.examples) for name, value in total.items()}

    def save(self) -> None:
        """Write weights, optimizer and place, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        staged = self.folder / f".{STATE}"
        torch.save(
            {"plan": asdict(self.plan), "done": self.done, "masters": self._masters,
             "optimizer": self._optimizer.state_dict()},
            staged,
        )  # fmt: skip
        staged.replace(self.folder / STATE)

    def resume(self) -> bool:
        """Go on from the last checkpoint, where there is one of this very plan."""
        path = self.folder / STATE
        if not path.is_file():
            return False
        held = torch.load(path, weights_only=True)
        if held["plan"] != asdict(self.plan):
            return False
        for master, value in zip(self._masters, held["masters"], strict=True):
            master.copy_(value)
        self._optimizer.load_state_dict(held["optimizer"])
        self.done = held["done"]
        self._hand_down()
        return True

    def _groups(self) -> Any:
        """Each step with its batches."""
        step, epoch = 0, 0
        while step < self.steps:
            made = list(batches(self.examples, self.plan.batch_size, self.plan.seed, epoch))
            for first in range(0, len(made), self.plan.accumulate):
                if step == self.steps:
                    return
                yield step, made[first : first + self.plan.accumulate]
                step += 1
            epoch += 1

    def _step(self, group: Sequence[Sequence[int]]) -> dict[str, float]:
        noted: dict[str, float] = {"tokens": 0.0}
        for places in group:
            loss, terms = self.loss(places)
            (loss / len(group)).backward()  # type: ignore[no-untyped-call]
            for name, value in terms.items():
                noted[name] = noted.get(name, 0.0) + value / len(group)
            noted["tokens"] += sum(len(self.examples[place].tokens) for place in places)
        # One step of the optimizer on the full-precision weights.
        for master, own in zip(self._masters, self.trained, strict=True):
            master.grad = own.grad.float() if own.grad is not None else None
            own.grad = None
        torch.nn.utils.clip_grad_norm_(self._masters, _LONGEST_GRADIENT)
        for parameters in self._optimizer.param_groups:
            warm = max(1, round(SHORT_WARMUP * self.steps))
            if self.done < warm:
                share = (self.done + 1) / warm
            else:
                share = 0.5 * (1 + math.cos(math.pi * (self.done - warm) / max(1, self.steps - warm)))
            parameters["lr"] = self.plan.learning_rate * share
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._hand_down()
        return noted

    @torch.no_grad()
    def _hand_down(self) -> None:
        for master, own in zip(self._masters, self.trained, strict=True):
            own.copy_(master)

    def loss(self, places: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
        """The weighted sum for some rows, and its terms."""
        rows = [self.examples[place] for place in places]
        hidden = self.lower.of(places)
        at, targets, inside = _trained_places(rows)
        if not self.plan.select_weight:  # The label is then a word of the answer like any other.
            targets[:, 0] = torch.tensor([row.label_tokens[row.right] for row in rows])
        width = targets.shape[1]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._half):
            logits = self.halves.logits(hidden, torch.arange(len(rows)).repeat_interleave(width), at.flatten())
        logits = logits.float().view(len(rows), width, -1)
        most = max(len(row.label_tokens) for row in rows)
        tokens = torch.full((len(rows), most), -1)
        sure = torch.zeros(len(rows), most)
        for i, row in enumerate(rows):
            tokens[i, : len(row.label_tokens)] = torch.tensor(row.label_tokens)
            sure[i, : len(row.sure)] = torch.tensor(row.sure)
        terms = {"select": select_loss(logits[:, 0], tokens, torch.zeros(len(rows), dtype=torch.long), sure)}
        if self.plan.sft_weight and (targets >= 0).any():
            terms["sft"] = sft_loss(logits, targets)
        if self.plan.rationale_weight and inside.any():
            table = self.halves.upper.embed_tokens.weight
            terms["rationale"] = rationale_loss(logits, targets.clamp(min=0), inside, table)
        weights = {"select": self.plan.select_weight, "sft": self.plan.sft_weight,
                   "rationale": self.plan.rationale_weight}  # fmt: skip
        total = sum((weights[name] * term for name, term in terms.items()), torch.zeros(()))
        right = (logits[:, 0].gather(1, tokens.clamp(min=0)).argmax(1) == sure.argmax(1)).float().mean()
        return total, {**{name: float(term.detach()) for name, term in terms.items()}, "right": float(right)}


def _trained_places(rows: Sequence[ShortExample]) -> tuple[Tensor, Tensor, Tensor]:
    """Places that predict [B, K], their targets [B, K] and which of them are of the ground; the label's comes first."""
    width = max(1, *(len(row.after) for row in rows))
    at = torch.zeros(len(rows), width, dtype=torch.long)
    targets = torch.full((len(rows), width), -100)
    for i, row in enumerate(rows):
        first = len(row.prompt) - 1
        at[i] = torch.tensor([min(first + k, len(row.tokens) - 1) for k in range(width)])
        for k, token in enumerate(row.after[1:], 1):
            targets[i, k] = token
    return at, targets, targets >= 0


@torch.no_grad()
def probabilities(loop: UpperLoop, places: Sequence[int]) -> list[list[float]]:
    """Probability of each label among the labels, for some rows."""
    rows = [loop.examples[place] for place in places]
    hidden = loop.lower.of(places)
    last = torch.tensor([len(row.prompt) - 1 for row in rows])
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=loop._half):
        logits = loop.halves.logits(hidden, torch.arange(len(rows)), last)
    return [line[list(row.label_tokens)].float().softmax(0).tolist() for line, row in zip(logits, rows, strict=True)]
