"""Training a student on a data set: checks, one printed sample, checkpoints, and a model that `local:` can load."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.context_window import trained_context
from kedrec.agents.models.local import quieten
from kedrec.agents.student.base import base_folder
from kedrec.distill.dataset.chat_rows import ChatRow, read_manifest, read_rows
from kedrec.distill.student.base_loading import load_base, stop_tokens
from kedrec.distill.student.options import SCHEDULE, WARMUP, OnTrainLog, Say, StudentReport, TrainOptions
from kedrec.distill.student.student_folder import finished, last_checkpoint, pin, save_student
from kedrec.distill.student.tiny_model import make_tiny_base
from kedrec.errors import MissingExtra, UserError

if TYPE_CHECKING:
    from kedrec.distill.student.encoding import Encoded, Encoder

__all__ = ["TINY", "StudentReport", "TrainOptions", "train_student"]

TINY = "tiny"
"""The base that is made on the spot."""


def train_student(
    dataset: Path,
    base: str,
    out: Path,
    options: TrainOptions | None = None,
    *,
    home: Path | None = None,
    say: Say | None = None,
    on_progress: OnTrainLog | None = None,
) -> StudentReport:
    """Train a student on a data set; the same call again resumes from the last checkpoint.

    Under `accelerate launch` each process trains on its share of the rows, but for the short form, which one process
    teaches; the first process alone speaks and saves.

    Args:
        dataset: folder that `dataset build` made.
        base: a folder or hub id of a chat model, `smollm2`, or `tiny` for one made on the spot from the data set's own
            words.
        out: where the student goes; `checkpoints` below it while it is trained.
        options: how to train.
        home: where the base `smollm2` is kept; needed for that base alone.
        say: called with the sample and what is going on, for people.
        on_progress: called with steps done, steps in all and the latest metrics.

    Raises:
        UserError: if the data set is empty, the base does not fit or `out` holds another training.
        MissingExtra: if the extra `local` is not installed.
    """
    chosen, tell = options or TrainOptions(), say or (lambda _: None)
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("torch", "transformers", "trl", "peft", "datasets")):
        raise MissingExtra("Training a student", "local")
    quieten()
    manifest = read_manifest(dataset)
    pin(out, {"base": base, "rows_sha256": manifest.sha256, "options": chosen.model_dump(mode="json")})
    if (report := finished(out)) is not None:
        tell(f"{out} holds this very training, finished.")
        return report
    splits = {name: _rows(dataset / f"{name}.jsonl", chosen) for name in ("train", "validation")}
    if chosen.is_short and _processes().num_processes > 1:
        raise UserError("The short form is taught by one process. Run `kedrec student train` without accelerate.")
    found = base_folder(base, home) if home is not None else base
    if chosen.is_short:
        from kedrec.distill.student.upper_layers.train import train_short

        rows = [*splits["train"], *splits["validation"]]
        return train_short(
            splits, base, _base_folder(found, out, rows, chosen.seed), out, chosen, say=tell, on_progress=on_progress
        )
    return _Training(base, found, out, chosen, say=tell, on_progress=on_progress).run(splits)


def _processes() -> Any:
    """The processes that train together; without a GPU they talk by the processor."""
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available() and "WORLD_SIZE" in os.environ)


def _rows(path: Path, options: TrainOptions) -> list[ChatRow]:
    return [row for row in read_rows(path) if row.task in options.tasks]


def _base_folder(base: str, out: Path, rows: Sequence[ChatRow], seed: int) -> str:
    if base != TINY:
        return base
    folder = out / "base"
    with _processes().main_process_first():
        if folder.is_dir():
            return str(folder)
        shutil.rmtree(staged := out / "base.partial", ignore_errors=True)
        make_tiny_base(staged, (str(m.get("content") or "") for row in rows for m in row.messages), seed=seed)
        staged.rename(folder)
    return str(folder)


class _Training:
    """One training: model, tokenizer and rows put together."""

    def __init__(
        self, base: str, found: str, out: Path, options: TrainOptions, *, say: Say, on_progress: OnTrainLog | None
    ) -> None:
        self.base, self.found, self.out, self.options = base, found, out, options
        self.state = _processes()
        self.say = say if self.state.is_main_process else lambda _: None
        self.on_progress = on_progress if self.state.is_main_process else None
        self.full = options.full or base == TINY

    def run(self, splits: dict[str, list[ChatRow]]) -> StudentReport:
        from kedrec.distill.student.encoding import Encoder, check_trained, marked_sample

        rows = [*splits["train"], *splits["validation"]]
        model, tokenizer = load_base(_base_folder(self.found, self.out, rows, self.options.seed))
        encoder = Encoder(tokenizer)
        encoded, left_out = self._encode(encoder, splits, model)
        check_trained([*encoded["train"], *encoded["validation"]], stop_tokens(model, tokenizer))
        self.say(
            "One sample; what stands between ⟦ and ⟧ is trained on:\n" + marked_sample(encoded["train"][0], tokenizer)
        )
        trainer = self._trainer(model, tokenizer, encoded)
        return self._fit(trainer, tokenizer, encoded, left_out)

    def _encode(
        self, encoder: Encoder, splits: dict[str, list[ChatRow]], model: Any
    ) -> tuple[dict[str, list[Encoded]], dict[str, int]]:
        limit = min(self.options.max_length, trained_context(model.config) or sys.maxsize)
        encoded = {name: [encoder.encode(row) for row in rows] for name, rows in splits.items()}
        fitting = {name: [row for row in rows if len(row.input_ids) <= limit] for name, rows in encoded.items()}
        long = sum(map(len, encoded.values())) - sum(map(len, fitting.values()))
        if not fitting["train"]:
            raise UserError(
                f"No row to train on: {long} rows are longer than {limit} tokens, {len(encoded['train'])} rows in all."
                " Raise --max-length, or build a larger data set."
            )
        return fitting, {f"longer than {limit} tokens": long} if long else {}

    def _trainer(self, model: Any, tokenizer: Any, encoded: dict[str, list[Encoded]]) -> Any:
        from datasets import Dataset
        from transformers import PrinterCallback

        from kedrec.distill.student.distill_trainer import DistillCollator, DistillTrainer, LossWeights, columns

        sets = {name: Dataset.from_list([columns(row) for row in rows]) for name, rows in encoded.items() if rows}
        trainer = DistillTrainer(
            model=model,
            args=self._arguments(model),
            train_dataset=sets["train"],
            eval_dataset=sets.get("validation"),
            processing_class=tokenizer,
            data_collator=DistillCollator(pad_token_id=tokenizer.pad_token_id),
            peft_config=None if self.full else _lora(self.options.lora_rank),
            callbacks=[_progress_callback(self.on_progress)],
            weights=LossWeights(self.options.select_weight, self.options.rationale_weight),
        )
        trainer.remove_callback(PrinterCallback)  # it writes to stdout, which belongs to the result
        return trainer

    def _arguments(self, model: Any) -> Any:
        import torch
        from trl import SFTConfig

        large = model.num_parameters() > 100_000_000
        return SFTConfig(
            output_dir=str(self.out / "checkpoints"),
            num_train_epochs=self.options.epochs,
            learning_rate=self.options.rate(self.full),
            lr_scheduler_type=SCHEDULE,
            warmup_steps=WARMUP,
            per_device_train_batch_size=self.options.batch_size,
            per_device_eval_batch_size=self.options.batch_size,
            gradient_accumulation_steps=self.options.accumulate,
            max_length=None,
            bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
            activation_checkpointing=large,
            save_strategy="epoch",
            save_total_limit=2,
            eval_strategy="no",
            prediction_loss_only=True,
            logging_steps=5,
            disable_tqdm=True,
            train_sampling_strategy="group_by_length",
            report_to=[],
            seed=self.options.seed,
            dataloader_pin_memory=torch.cuda.is_available(),
        )

    def _fit(
        self, trainer: Any, tokenizer: Any, encoded: dict[str, list[Encoded]], left_out: dict[str, int]
    ) -> StudentReport:
        checkpoint = last_checkpoint(self.out / "checkpoints")
        before = trainer.evaluate(metric_key_prefix="eval") if encoded["validation"] and not checkpoint else {}
        outcome = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        after = trainer.evaluate() if encoded["validation"] else {}
        report = StudentReport(
            model=f"local:{self.out}" if self.full else f"local:{self.base}+{self.out}",
            folder=str(self.out),
            base=self.base,
            parameters=trainer.model.num_parameters(),
            trained_parameters=trainer.model.num_parameters(only_trainable=True),
            rows={name: len(rows) for name, rows in encoded.items()},
            left_out=left_out,
            resumed=checkpoint is not None,
            metrics=_metrics(before, outcome.metrics, after),
            seconds=round(outcome.metrics["train_runtime"], 1),
        )
        if self.state.is_main_process:
            save_student(trainer.accelerator.unwrap_model(trainer.model), tokenizer, self.out, report)
        self.state.wait_for_everyone()
        return report


def _lora(rank: int) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def _progress_callback(on_progress: OnTrainLog | None) -> Any:
    from transformers import TrainerCallback

    class Progress(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if on_progress is not None:
                latest = state.log_history[-1] if state.log_history else {}
                on_progress(state.global_step, state.max_steps, latest)

    return Progress()


def _metrics(before: dict[str, float], training: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    kept = ("loss", "loss_sft", "loss_select", "loss_rationale", "token_accuracy", "select_accuracy")
    named = {f"before_{name}": before.get(f"eval_{name}") for name in kept}
    named |= {f"eval_{name}": after.get(f"eval_{name}") for name in kept}
    named["train_loss"] = training.get("train_loss")
    return {name: round(float(value), 4) for name, value in named.items() if value is not None}
