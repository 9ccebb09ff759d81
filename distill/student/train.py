"""Training a student on a data set: checks, one printed sample, checkpoints, and a model that `local:` can load."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from kedrec.agents.models.context_window import trained_context
from kedrec.distill.student.chat_rows import ChatRow, RowTask, read_manifest, read_rows
from kedrec.distill.student.tiny_model import make_tiny_base, quieten_transformers
from kedrec.errors import MissingExtra, NotReady, UserError
from kedrec.records import Record

if TYPE_CHECKING:
    from kedrec.distill.student.encoding import Encoded, Encoder

__all__ = ["TINY", "StudentReport", "TrainOptions", "train_student"]

TINY = "tiny"
"""The base that is made on the spot."""
SETTINGS_FILE = "training.json"

Say = Callable[[str], None]
OnProgress = Callable[[int, int, dict[str, float]], None]


class TrainOptions(Record):
    """How a student is trained; pinned in its folder, so that only the same training is resumed there."""

    epochs: float = Field(default=3.0, gt=0)
    """Passes over the data set."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Step size; 2e-4 for LoRA, 1e-3 for full training where not given."""
    batch_size: int = Field(default=8, ge=1)
    """Rows per step."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per step, where memory is short."""
    max_length: int = Field(default=4096, ge=64)
    """Longest row in tokens; longer ones are left out and counted, never cut: a cut prompt holds other evidence."""
    select_weight: float = Field(default=1.0, ge=0)
    """a, weight of the selection loss."""
    rationale_weight: float = Field(default=0.1, ge=0)
    """λ, weight of the rationale loss."""
    lora_rank: int = Field(default=16, ge=1)
    """Rank of the adapter."""
    full: bool = False
    """Train all weights in place of an adapter; always so for the tiny base."""
    tasks: tuple[RowTask, ...] = ("investigate", "answer", "decide")
    """Which rows are trained on."""
    seed: int = 0
    """Of weights and order."""


class StudentReport(Record):
    """The result of the training."""

    model: str
    """Model specification to use: `local:…`."""
    folder: str
    """Where it is."""
    base: str
    """What was trained."""
    parameters: int
    """Of the whole model."""
    trained_parameters: int
    """Of which trained."""
    rows: dict[str, int]
    """Rows used per split."""
    left_out: dict[str, int]
    """Rows left out, by reason."""
    resumed: bool
    """Whether a checkpoint was gone on from."""
    metrics: dict[str, float]
    """Loss and its terms on the validation rows (`eval_…`), before (`before_…`) and after."""
    seconds: float
    """Wall-clock of the training."""


def train_student(
    dataset: Path,
    base: str,
    out: Path,
    options: TrainOptions | None = None,
    *,
    say: Say | None = None,
    on_progress: OnProgress | None = None,
) -> StudentReport:
    """Train a student on a data set; the same call again resumes from the last checkpoint.

    Args:
        dataset: folder that `dataset build` made.
        base: a folder or hub id of a chat model, or `tiny` for one made on the spot from the data set's own words.
        out: where the student goes; `checkpoints` below it while it is trained.
        options: how to train.
        say: called with the sample and what is going on, for people.
        on_progress: called with steps done, steps in all and the latest metrics.

    Raises:
        UserError: if the data set is empty, the base does not fit or `out` holds another training.
        MissingExtra: if the extra `local` is not installed.
    """
    chosen, tell = options or TrainOptions(), say or (lambda _: None)
    _need_packages()
    quieten_transformers()
    manifest = read_manifest(dataset)
    _pin(out, {"base": base, "rows_sha256": manifest.sha256, "options": chosen.model_dump(mode="json")})
    if (report := _finished(out)) is not None:
        tell(f"{out} holds this very training, finished.")
        return report
    splits = {name: _rows(dataset / f"{name}.jsonl", chosen) for name in ("train", "validation")}
    return _Training(base, out, chosen, say=tell, on_progress=on_progress).run(splits)


def _need_packages() -> None:
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("torch", "transformers", "trl", "peft", "datasets")):
        raise MissingExtra("Training a student", "local")


def _pin(out: Path, training: dict[str, Any]) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; --out wants a folder.")
    path = out / SETTINGS_FILE
    wanted = json.dumps(training, indent=1, sort_keys=True)
    if path.is_file() and path.read_text("utf-8") != wanted:
        raise UserError(f"{out} holds another training (see {path.name}). Choose another --out, or delete the folder.")
    if not path.is_file() and out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and holds no training. Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    _write(path, wanted)


def _finished(out: Path) -> StudentReport | None:
    path = out / "metrics.json"
    return StudentReport.model_validate_json(path.read_text("utf-8")) if path.is_file() else None


def _rows(path: Path, options: TrainOptions) -> list[ChatRow]:
    return [row for row in read_rows(path) if row.task in options.tasks]


def _base_folder(base: str, out: Path, rows: Sequence[ChatRow], seed: int) -> str:
    if base != TINY:
        return base
    folder = out / "base"
    if not folder.is_dir():
        shutil.rmtree(staged := out / "base.partial", ignore_errors=True)
        make_tiny_base(staged, (str(m.get("content") or "") for row in rows for m in row.messages), seed=seed)
        staged.rename(folder)
    return str(folder)


class _Training:
    """One training: model, tokenizer and rows put together."""

    def __init__(
        self, base: str, out: Path, options: TrainOptions, *, say: Say, on_progress: OnProgress | None
    ) -> None:
        self.base, self.out, self.options = base, out, options
        self.say, self.on_progress = say, on_progress
        self.full = options.full or base == TINY

    def run(self, splits: dict[str, list[ChatRow]]) -> StudentReport:
        from kedrec.distill.student.encoding import Encoder, check_trained, marked_sample

        rows = [*splits["train"], *splits["validation"]]
        model, tokenizer = _load(_base_folder(self.base, self.out, rows, self.options.seed))
        encoder = Encoder(tokenizer)
        encoded, left_out = self._encode(encoder, splits, model)
        check_trained([*encoded["train"], *encoded["validation"]], _stop_tokens(model, tokenizer))
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

        from kedrec.distill.student.trainer import DistillCollator, DistillTrainer, Weights, columns

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
            weights=Weights(self.options.select_weight, self.options.rationale_weight),
        )
        trainer.remove_callback(PrinterCallback)  # it writes to stdout, which belongs to the result
        return trainer

    def _arguments(self, model: Any) -> Any:
        import torch
        from trl import SFTConfig

        rate = self.options.learning_rate or (1e-3 if self.full else 2e-4)
        large = model.num_parameters() > 100_000_000
        return SFTConfig(
            output_dir=str(self.out / "checkpoints"),
            num_train_epochs=self.options.epochs,
            learning_rate=rate,
            lr_scheduler_type="cosine",
            warmup_steps=0.05,
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
        checkpoint = _last_checkpoint(self.out / "checkpoints")
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
        _save(trainer.model, tokenizer, self.out, report)
        return report


def _load(folder: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise NotReady(f"{folder} cannot be loaded as a base: {reason} Give a folder, a hub id or `tiny`.") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _stop_tokens(model: Any, tokenizer: Any) -> set[int]:
    told = model.generation_config.eos_token_id
    several = told if isinstance(told, list) else [told]
    return {token for token in (*several, tokenizer.eos_token_id) if token is not None}


def _lora(rank: int) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def _progress_callback(on_progress: OnProgress | None) -> Any:
    from transformers import TrainerCallback

    class Progress(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if on_progress is not None:
                latest = state.log_history[-1] if state.log_history else {}
                on_progress(state.global_step, state.max_steps, latest)

    return Progress()


def _last_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint that was written to its end: the trainer writes its state last."""
    found = [path for path in folder.glob("checkpoint-*") if _is_json(path / "trainer_state.json")]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _metrics(before: dict[str, float], training: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    kept = ("loss", "loss_sft", "loss_select", "loss_rationale", "token_accuracy", "select_accuracy")
    named = {f"before_{name}": before.get(f"eval_{name}") for name in kept}
    named |= {f"eval_{name}": after.get(f"eval_{name}") for name in kept}
    named["train_loss"] = training.get("train_loss")
    return {name: round(float(value), 4) for name, value in named.items() if value is not None}


def _save(model: Any, tokenizer: Any, out: Path, report: StudentReport) -> None:
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    _write(out / "README.md", _card(report))
    _write(out / "metrics.json", report.model_dump_json(indent=1))
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


def _card(report: StudentReport) -> str:
    rows = "\n".join(f"| {name} | {value} |" for name, value in report.metrics.items())
    return (
        f"# Student of {report.base}\n\nTrained by `kedrec student train` with `L_sft + a·L_select + λ·L_rationale` on"
        f" {report.rows['train']} rows ({report.rows['validation']} to validate, split by disease);"
        f" {report.trained_parameters:,} of {report.parameters:,} parameters. Use it as `--model {report.model}`.\n\n"
        "These figures are losses and next-token accuracies on the teacher's own words, not the quality of its choices;"
        " measure that with `kedrec eval selection`.\n\n| on the validation rows | |\n|---|---|\n" + rows + "\n\n"
        "For research; not for decisions about patients.\n"
    )


def _write(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    with staged.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
