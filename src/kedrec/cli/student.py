"""`kedrec student`: teach a small model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train a small model on recorded runs.")


@app.command()
def train(
    dataset: Annotated[Path, typer.Argument(help="Folder of a data set.", metavar="DATASET_DIR")],
    base: Annotated[
        str, typer.Option("--base", help="Folder or hub id of a chat model; `smollm2`, or `tiny`, which is made.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the student.")],
    *,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the data set.")] = 3.0,
    learning_rate: Annotated[
        float | None, typer.Option(help="2e-4 for an adapter, 1e-3 for full training, 6e-4 for the short form.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows per batch.")] = 8,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches per step.")] = 1,
    max_length: Annotated[int, typer.Option(min=64, help="Longest row in tokens; longer ones are left out.")] = 4096,
    sft_weight: Annotated[float, typer.Option(min=0, help="Weight of the loss on the teacher's words.")] = 1.0,
    select_weight: Annotated[float, typer.Option(min=0, help="a, weight of the selection loss.")] = 1.0,
    rationale_weight: Annotated[float, typer.Option(min=0, help="λ, weight of the rationale loss.")] = 0.1,
    soft: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the teacher's probability in the choice (choose).")
    ] = 0.5,
    lora_rank: Annotated[int, typer.Option(min=1, help="Rank of the adapter.")] = 16,
    full: Annotated[bool, typer.Option("--full", help="Train all weights; always so for the tiny base.")] = False,
    freeze: Annotated[int | None, typer.Option(min=0, help="Lower layers left as they are (choose).")] = None,
    save_minutes: Annotated[float, typer.Option(min=0.01, help="Minutes between checkpoints (choose).")] = 3.0,
    patience: Annotated[int, typer.Option(min=0, help="Looks without gain before it ends (choose); 0: never.")] = 0,
    task: Annotated[
        list[str] | None,
        typer.Option(help="investigate, answer, decide: all three by default; choose alone: the short form."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights and order.")] = 0,
    json_output: Json = False,
) -> None:
    """Type:  kedrec student train datasets/first --base Qwen/Qwen2.5-0.5B-Instruct --out students/first

    Train a student with L_sft + a·L_select + λ·L_rationale. Prints one sample with what is trained on marked, and
    refuses where nothing would be learnt. Run the same command to resume from the last checkpoint. `--task choose`
    teaches the short form, which a model of 135 million weights learns on two processors: the lower layers stay as
    they are, and what they make of a row is computed once. All tasks but `choose` are also trained by several
    processes: torchrun --nproc_per_node 2 $(which kedrec) student train …, or accelerate launch in its place.
    """
    from pydantic import ValidationError

    from kedrec.distill.student.train import TrainOptions, train_student
    from kedrec.errors import UserError

    given = {name: value for name, value in locals().items() if name in TrainOptions.model_fields}
    try:
        options = TrainOptions.model_validate({**given, **({"tasks": tuple(task)} if task else {})})
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}") from None
    with counting_bar("steps") as advance:
        report = train_student(
            dataset, base, out, options, home=settings().home, say=say, on_progress=lambda n, of, _: advance(n, of)
        )
    if os.environ.get("RANK", "0") != "0":
        return  # under `accelerate launch` the first process speaks
    if json_output:
        emit_json(report)
    for name, value in report.metrics.items():
        say(f"{name} {value:.4f}")
    say(f"Use it: --model {report.model}")


@app.command()
def merge(
    student: Annotated[Path, typer.Argument(help="Folder of a student with an adapter.", metavar="STUDENT_DIR")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the whole model.")],
    *,
    json_output: Json = False,
) -> None:
    """Type:  kedrec student merge students/first --out students/whole

    Merge the adapter into its base and save one model as safetensors, with its tokenizer and card.
    """
    from kedrec.distill.student.publish import merge_student

    merge_student(student, out, settings().home)
    if json_output:
        emit_json({"model": f"local:{out}"})
    else:
        say(f"Use it: --model local:{out}")


@app.command()
def push(
    student: Annotated[Path, typer.Argument(help="Folder of a student.", metavar="STUDENT_DIR")],
    repository: Annotated[str, typer.Argument(help="OWNER/NAME on the hub.", metavar="REPOSITORY")],
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
    *,
    json_output: Json = False,
) -> None:
    """Type:  kedrec student push students/first OWNER/NAME

    Upload a student to the hub with the token of `hf auth login`; private unless --public is given.
    """
    from kedrec.distill.student.publish import push_student

    address = push_student(student, repository, private=not public)
    if json_output:
        emit_json({"address": address})
    else:
        say(f"It is at {address}")
