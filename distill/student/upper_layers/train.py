"""Teaching the short form: rows encoded, the upper layers taught, the student saved with its mark."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kedrec.agents.student.chat_model import MARK
from kedrec.agents.student.precision import half_is_faster
from kedrec.agents.student.reader import prompt_text
from kedrec.agents.student.short_form import CHOICE, FORM
from kedrec.distill.dataset.chat_rows import ChatRow
from kedrec.distill.student.base_loading import load_base
from kedrec.distill.student.encoding import label_tokens
from kedrec.distill.student.options import OnTrainLog, Say, StudentReport, TrainOptions
from kedrec.distill.student.student_folder import save_student, write_file
from kedrec.distill.student.upper_layers.examples import ShortExample
from kedrec.distill.student.upper_layers.halves import Halves, cut_model
from kedrec.distill.student.upper_layers.loop import Plan, UpperLoop
from kedrec.distill.student.upper_layers.sureness import slopes_of_answers
from kedrec.errors import UserError

__all__ = ["example_of", "examples_of", "prepared", "train_short"]

MODULES = ("q_proj", "v_proj", "o_proj", "down_proj")
"""Projections that the adapter teaches: half of them, which is a fifth faster than all."""
_FROZEN = 0.6
_LOOKS = 8
_TEXTS = 2
_TOLD_EVERY = 60.0


def train_short(
    splits: dict[str, list[ChatRow]],
    base: str,
    folder: str,
    out: Path,
    options: TrainOptions,
    *,
    say: Say,
    on_progress: OnTrainLog | None,
) -> StudentReport:
    """Teach the short form to the upper layers of a base.

    Args:
        splits: rows of the task `choose`, by split.
        base: the base as the user named it.
        folder: where it is.
        out: folder of the student.
        options: how.
        say: called with the sample and what is going on.
        on_progress: called with steps done, steps in all and the latest terms of the loss.

    Raises:
        UserError: there are no rows, or the base cannot be cut.
    """
    import torch

    half = half_is_faster()
    model, tokenizer = load_base(folder, dtype=torch.bfloat16 if half else torch.float32)
    model, halves = prepared(model, options, full=options.full or base == "tiny")
    say(f"{len(halves.upper.layers)} layers are taught, in {'bfloat16' if half else 'float32'}, the faster one here.")
    examples = {name: examples_of(tokenizer, rows, options) for name, rows in splits.items()}
    if not examples["train"]:
        raise UserError(
            f"No row of the short form to train on ({len(splits['train'])} rows of the task `choose`). Build the data"
            " set again from runs of the model `offline`, or raise --max-length."
        )
    say("One sample; what stands between ⟦ and ⟧ is trained on:\n" + _sample(examples["train"][0], tokenizer))
    plan = _plan(options, full=options.full or base == "tiny")
    stop = int(tokenizer.pad_token_id)
    torch.manual_seed(options.seed)
    loop, looks = (
        UpperLoop(halves, examples[name], plan, out / "checkpoints", filler=stop, half=half)
        for name in ("train", "validation")
    )
    teaching = _Teaching(loop, looks, options, out=out, say=say, on_progress=on_progress)
    report = teaching.run(model, base, splits, examples)
    slopes = slopes_of_answers(looks, {row.id: row.setting for row in splits["validation"]})
    mark = {"form": FORM, "base": base, "slopes": {name: round(slope, 4) for name, slope in slopes.items()}}
    write_file(out / MARK, json.dumps(mark, indent=1) + "\n")
    save_student(model, tokenizer if options.full or base == "tiny" else None, out, report)
    return report


def example_of(tokenizer: Any, row: ChatRow, soft: float) -> ShortExample:
    """A row as token ids; `soft` is the teacher's share in what the label aims at."""
    made = row.selection
    if made is None or len(row.messages) != _TEXTS:
        raise UserError(f"Row {row.id} is no row of the short form.")
    hard = [float(label == made.label) for label in made.labels]
    sure = [(1 - soft) * one + soft * other for one, other in zip(hard, made.sure or hard, strict=True)]
    begun = _ids(tokenizer, CHOICE)
    answer = _ids(tokenizer, str(row.messages[1]["content"]))[len(begun) :]
    prompt = _ids(tokenizer, prompt_text(tokenizer, str(row.messages[0]["content"])) + CHOICE)
    after = (*answer, int(tokenizer.eos_token_id)) if len(answer) > 1 else ()
    return ShortExample(row.id, tuple(prompt), tuple(label_tokens(tokenizer, made.labels)), tuple(sure), tuple(after))


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def examples_of(tokenizer: Any, rows: Sequence[ChatRow], options: TrainOptions) -> list[ShortExample]:
    """Rows as token ids, without those that are longer than the options allow."""
    made = [example_of(tokenizer, row, options.soft) for row in rows]
    return [one for one in made if len(one.tokens) <= options.max_length]


def prepared(model: Any, options: TrainOptions, *, full: bool) -> tuple[Any, Halves]:
    """The model with what is to be taught (an adapter of the upper layers, or with `full` these), and its halves."""
    layers = len(getattr(getattr(model, "model", None), "layers", ()))
    below = options.freeze if options.freeze is not None else round(_FROZEN * layers)
    halves = cut_model(model, below)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(full and ".layers." in name and int(name.split(".layers.")[1].split(".")[0]) >= below)
    if full:
        return model, halves
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=options.lora_rank,
        lora_alpha=2 * options.lora_rank,
        target_modules=list(MODULES),
        layers_to_transform=list(range(below, layers)),
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config, autocast_adapter_dtype=False)
    return adapted, cut_model(adapted.get_base_model(), below)


def _plan(options: TrainOptions, *, full: bool) -> Plan:
    return Plan(
        epochs=options.epochs,
        batch_size=options.batch_size,
        accumulate=options.accumulate,
        learning_rate=options.rate(full),
        sft_weight=options.sft_weight,
        select_weight=options.select_weight,
        rationale_weight=options.rationale_weight,
        seed=options.seed,
        save_minutes=options.save_minutes,
    )


def _sample(row: ShortExample, tokenizer: Any) -> str:
    after = tokenizer.decode(row.after) if row.after else tokenizer.decode([row.label_tokens[0]])
    return f"{tokenizer.decode(row.prompt)}⟦{after}⟧"


class _Teaching:
    """The loop with its looks at the validation rows, its log and its patience."""

    def __init__(
        self, loop: UpperLoop, looks: UpperLoop, options: TrainOptions, *, out: Path, say: Say,
        on_progress: OnTrainLog | None,
    ) -> None:  # fmt: skip
        self._loop, self._looks, self._options = loop, looks, options
        self._say, self._on_progress, self._out = say, on_progress, out
        self._every = max(1, loop.steps // _LOOKS)
        self._best, self._worse = float("inf"), 0
        self._tokens, self._first = 0.0, 0
        self._begun = self._started = self._told = time.monotonic()

    def run(
        self, model: Any, base: str, splits: dict[str, list[ChatRow]], examples: dict[str, list[ShortExample]]
    ) -> StudentReport:
        resumed = self._loop.resume()
        self._say(f"The lower layers read {len(self._loop.examples):,} rows once, before the first step.")
        self._loop.lower.compute(self._read)
        self._started = time.monotonic()
        self._first = self._loop.done
        before = {} if resumed else self._looks.looked()
        with _log(self._out / "tensorboard") as write:
            self._loop.run(lambda done, of, terms: self._stepped(done, of, terms, write))
        after = self._looks.looked()
        left = sum(map(len, splits.values())) - sum(map(len, examples.values()))
        named = {f"before_{name}": value for name, value in before.items()}
        named |= {f"eval_{name}": value for name, value in after.items()}
        full = self._options.full or base == "tiny"
        return StudentReport(
            model=f"local:{self._out}" if full else f"local:{base}+{self._out}",
            folder=str(self._out),
            base=base,
            parameters=model.num_parameters(),
            trained_parameters=model.num_parameters(only_trainable=True),
            rows={name: len(rows) for name, rows in examples.items()},
            left_out={f"longer than {self._options.max_length} tokens": left} if left else {},
            resumed=resumed,
            metrics={name: round(value, 4) for name, value in named.items()},
            seconds=round(time.monotonic() - self._begun, 1),
        )

    def _read(self, done: int, of: int) -> None:
        """Tell about every minute how far the lower layers are."""
        if time.monotonic() - self._told > _TOLD_EVERY:
            self._told, gone = time.monotonic(), time.monotonic() - self._begun
            self._say(f"lower layers: {done:,} of {of:,} rows, {gone * (of - done) / done / 60:.0f} min left")

    def _stepped(self, done: int, of: int, terms: dict[str, float], write: Callable[..., None]) -> bool:
        """Report a step; whether to go on."""
        self._tokens += terms["tokens"]
        gone = time.monotonic() - self._started
        write(done, {**terms, "tokens_per_second": self._tokens / gone})
        if self._on_progress is not None:
            self._on_progress(done, of, terms)
        if done % self._every or not self._looks.examples:
            return True
        seen = self._looks.looked()
        write(done, {f"validation_{name}": value for name, value in seen.items()})
        minutes = (of - done) * gone / max(1, done - self._first) / 60
        self._say(
            f"step {done} of {of}: validation loss {seen['loss']:.3f}, right {seen['right']:.3f}; "
            f"{self._tokens / gone:,.0f} tokens/s, {minutes:.0f} min left"
        )
        self._worse = 0 if seen["loss"] < self._best else self._worse + 1
        self._best = min(self._best, seen["loss"])
        return not self._options.patience or self._worse < self._options.patience


class _log:  # noqa: N801 - used as a function
    """Writes numbers for TensorBoard, where `tensorboardX` is installed."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ModuleNotFoundError:
            self._writer: Any = None
        else:
            self._writer = SummaryWriter(str(folder))

    def __enter__(self) -> Callable[[int, dict[str, float]], None]:
        return self._write

    def _write(self, step: int, values: dict[str, float]) -> None:
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def __exit__(self, *exception: object) -> None:
        if self._writer is not None:
            self._writer.close()
