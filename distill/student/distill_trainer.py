"""TRL's SFTTrainer with the two added terms; imported only where a student is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from kedrec.distill.student.encoding import IGNORED, Encoded
from kedrec.distill.student.losses import rationale_loss, select_loss, sft_loss

__all__ = ["DistillCollator", "DistillTrainer", "LossWeights", "columns"]


@dataclass(frozen=True)
class LossWeights:
    """Weights of the added terms; that of `L_sft` is 1."""

    select: float = 1.0
    """a, of `L_select`."""
    rationale: float = 0.1
    """λ, of `L_rationale`."""


def columns(row: Encoded) -> dict[str, Any]:
    """A row as the data set of the trainer has it."""
    return {name: value for name, value in asdict(row).items() if name != "row_id"}


class DistillCollator(DataCollatorForLanguageModeling):  # type: ignore[misc]
    """Keeps what the added terms need; TRL's own collator drops every column that it does not know.

    Pads on the left, so that what is trained on, which ends every row, lines up and few places need logits.
    Adds to a batch of B rows and T tokens: `rationale` [B, T] bool, `choice_position` [B], `choice` [B] and
    `label_tokens` [B, C], -1 if there is none.
    """

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Pad and stack."""
        right: dict[str, Tensor] = super().torch_call(examples)
        width = right["input_ids"].shape[1]
        shifts = [width - len(example["input_ids"]) for example in examples]
        batch = {
            name: torch.stack([row.roll(shift) for row, shift in zip(rows, shifts, strict=True)])
            for name, rows in right.items()
        }
        return {**batch, **_places(examples, shifts, width)}


def _places(examples: list[dict[str, Any]], shifts: list[int], width: int) -> dict[str, Tensor]:
    rationale = torch.zeros(len(examples), width, dtype=torch.bool)
    for row, (example, shift) in enumerate(zip(examples, shifts, strict=True)):
        rationale[row, [place + shift for place in example["rationale"]]] = True
    most = max(1, *(len(example["label_tokens"]) for example in examples))
    padded = [example["label_tokens"] + [-1] * (most - len(example["label_tokens"])) for example in examples]
    positions = [
        example["choice_position"] + shift if example["choice"] >= 0 else -1
        for example, shift in zip(examples, shifts, strict=True)
    ]
    return {
        "rationale": rationale,
        "label_tokens": torch.tensor(padded),
        "choice": torch.tensor([example["choice"] for example in examples]),
        "choice_position": torch.tensor(positions),
    }


class DistillTrainer(SFTTrainer):  # type: ignore[misc]
    """Minimises `L_sft + a·L_select + λ·L_rationale` in one pass through the model.

    TRL's own `compute_loss` goes through a fused head whose outputs carry no gradient, so the model is called here,
    and only at the places that predict a trained token (`logits_to_keep`), so that a long prompt costs no logits.
    """

    def __init__(self, *args: Any, weights: LossWeights, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.weights = weights

    def _set_signature_columns_if_needed(self) -> None:
        if getattr(self, "_signature_columns", None) is None:
            self._signature_columns = [
                "input_ids", "labels", "rationale", "choice_position", "choice", "label_tokens",
            ]  # fmt: skip

    def compute_loss(
        self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The weighted sum; the terms themselves are logged as `loss_sft`, `loss_select` and `loss_rationale`."""
        targets = inputs["labels"][:, 1:]
        places = (targets != IGNORED).any(dim=0).nonzero().squeeze(1)
        outputs = model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            position_ids=(inputs["attention_mask"].cumsum(dim=1) - 1).clamp(min=0),
            logits_to_keep=places,
            use_cache=False,
        )
        wanted = inputs["labels"][:, 1:][:, places]
        # Logits [B, V] that predict the label; those of the first place for rows without a choice.
        index = torch.searchsorted(places, (inputs["choice_position"] - 1).clamp(min=0)).clamp(max=len(places) - 1)
        at_choice = outputs.logits[torch.arange(len(outputs.logits), device=outputs.logits.device), index]
        inside = inputs["rationale"][:, 1:][:, places]
        table = self.accelerator.unwrap_model(model).get_input_embeddings().weight
        terms = {
            "sft": sft_loss(outputs.logits, wanted, num_items_in_batch),
            "select": select_loss(at_choice, inputs["label_tokens"], inputs["choice"]),
            "rationale": rationale_loss(outputs.logits, wanted.clamp(min=0), inside, table),
        }
        self._note(terms, at_choice, outputs.logits, wanted, inputs)
        added = self.weights.select * terms["select"] + self.weights.rationale * terms["rationale"]
        loss = terms["sft"] + added / (1 if num_items_in_batch is None else self.current_gradient_accumulation_steps)
        return (loss, outputs) if return_outputs else loss

    @torch.no_grad()
    def _note(
        self,
        terms: dict[str, Tensor],
        at_choice: Tensor,
        logits: Tensor,
        targets: Tensor,
        inputs: dict[str, Tensor],
    ) -> None:
        noted = self._metrics["train" if self.model.training else "eval"]
        absent = {"select": not (inputs["choice"] >= 0).any(), "rationale": not inputs["rationale"].any()}
        for name, term in terms.items():
            if not absent.get(name, False):
                noted[f"loss_{name}"].append(float(term))
        trained = targets != IGNORED
        noted["token_accuracy"].append(float((logits.argmax(-1) == targets)[trained].float().mean()))
        chosen = inputs["choice"] >= 0
        if chosen.any():
            tokens = inputs["label_tokens"][chosen]
            scores = at_choice[chosen].gather(1, tokens.clamp(min=0)).masked_fill(tokens < 0, float("-inf"))
            noted["select_accuracy"].append(float((scores.argmax(-1) == inputs["choice"][chosen]).float().mean()))
