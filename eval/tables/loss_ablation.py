"""The terms of the student's loss switched off one by one: the same rows, the same steps, other weights.

`python -m kedrec.eval.tables.loss_ablation DATA --out DIR` teaches one adapter for each subset on rows of the short
form, and prints what became of decisions about diseases that none of them was taught. Each subset that is done is kept
in DIR, and a run that was ended goes on with the next.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.atomic_file import write_whole
from kedrec.config import load
from kedrec.distill.dataset.chat_rows import ChatRow, read_rows
from kedrec.distill.dataset.short_rows import SWAPPED
from kedrec.distill.student.options import TrainOptions
from kedrec.eval.machine import where
from kedrec.eval.metrics import Outcome, f1_interval
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.records import Record

__all__ = ["SUBSETS", "Ablation", "Bench", "ablate", "split_by_disease", "table_of"]

SUBSETS: dict[str, tuple[float, float, float] | None] = {
    "L_sft + L_select + 0.1 L_rationale": (1.0, 1.0, 0.1),
    "L_sft alone": (1.0, 0.0, 0.0),
    "L_select alone": (0.0, 1.0, 0.0),
    "L_sft + L_select": (1.0, 1.0, 0.0),
    "untaught": None,
    "L_sft + 0.1 L_rationale": (1.0, 0.0, 0.1),
    "L_sft + L_select + L_rationale": (1.0, 1.0, 1.0),
}
"""Weights of L_sft, L_select (a) and L_rationale (λ); None for the base as it is. The first come first."""
EVERY = (1.0, 1.0, 0.1)
"""With these weights every term is computed on the rows that are held out, whatever was taught."""


class Ablation(Record):
    """What one subset came to on the decisions held out."""

    right: float
    """Share of right choices, by the mean of both orders of the candidates."""
    interval: tuple[float, float]
    """95 % bootstrap interval by diseases."""
    one_order: float
    """Share of right choices in single orders."""
    agree: float
    """Share of decisions that are the same in either order."""
    terms: dict[str, float]
    """`select`, `sft` (nats a token) and `rationale` on the rows held out."""


def ablate(bench: Bench, out: Path, say: Callable[[str], object]) -> dict[str, Ablation]:
    """Teach and measure all subsets, one after the other.

    Args:
        bench: what is taught, and what is held out.
        out: folder in which what is done is kept; it is not done again.
        say: called as each subset is done.
    """
    done: dict[str, Ablation] = {}
    for name, weights in SUBSETS.items():
        path = out / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.json"
        if not path.is_file():
            out.mkdir(parents=True, exist_ok=True)
            write_whole(path, [bench.measured(weights, out / "checkpoints" / path.stem).model_dump_json()])
        done[name] = Ablation.model_validate_json(path.read_bytes())
        say(f"{name}: {done[name].right:.3f} right")
    return done


def split_by_disease(data: Path, taught: int, held_out: int) -> tuple[list[ChatRow], list[ChatRow]]:
    """Rows to teach and rows held out, of so many decisions or a few more: diseases in the order of their hashes."""
    of_disease: dict[str, list[ChatRow]] = defaultdict(list)
    for split in ("train", "validation"):
        for row in read_rows(data / f"{split}.jsonl"):
            if row.task == "choose" and row.setting == "both":
                of_disease[row.disease].append(row)
    exam: list[ChatRow] = []
    lessons: list[ChatRow] = []
    for disease in sorted(of_disease, key=lambda one: hashlib.sha256(one.encode()).digest()):
        side, most = (exam, held_out) if len(exam) < 2 * held_out else (lessons, taught)
        if len(side) < 2 * most:
            side += of_disease[disease]
    return lessons, exam


class Bench:
    """The rows as the lower layers leave them, computed once: no subset teaches those layers.

    Args:
        base: name and folder of the model that is taught.
        lessons: rows that are taught.
        exam: rows that are held out.
        options: how one subset is taught; the weights of the terms aside.
    """

    def __init__(
        self, base: tuple[str, str], lessons: Sequence[ChatRow], exam: Sequence[ChatRow], options: TrainOptions
    ) -> None:
        self._base, self._options = base, options
        self._rows = lessons, exam
        self._diseases = {row.id.removesuffix(SWAPPED): row.disease for row in exam}
        self._lower: list[Any] = [None, None]

    def measured(self, weights: tuple[float, float, float] | None, checkpoints: Path) -> Ablation:
        """Teach a new adapter with these weights, and look at what is held out."""
        loop, looks = self._loops(weights or EVERY, checkpoints)
        if weights is not None:
            loop.resume()
            loop.run()
        return self._ablation(looks)

    def _loops(self, weights: tuple[float, float, float], checkpoints: Path) -> Iterator[Any]:
        """The loop that teaches, and one over the rows held out that computes every term."""
        import torch

        from kedrec.agents.student.precision import half_is_faster
        from kedrec.distill.student.base_loading import load_base
        from kedrec.distill.student.upper_layers.loop import Plan, UpperLoop
        from kedrec.distill.student.upper_layers.train import examples_of, prepared

        half, options = half_is_faster(), self._options
        torch.manual_seed(options.seed)
        name, folder = self._base
        full = options.full or name == "tiny"
        model, tokenizer = load_base(folder, dtype=torch.bfloat16 if half else torch.float32)
        _, halves = prepared(model, options, full=full)
        filler = int(tokenizer.pad_token_id)
        for side, (rows, terms) in enumerate(zip(self._rows, (weights, EVERY), strict=True)):
            plan = Plan(
                epochs=options.epochs, batch_size=options.batch_size, learning_rate=options.rate(full),
                sft_weight=terms[0], select_weight=terms[1], rationale_weight=terms[2], seed=options.seed,
                save_minutes=options.save_minutes,
            )  # fmt: skip
            examples, lower = examples_of(tokenizer, rows, options), self._lower[side]
            made = UpperLoop(halves, examples, plan, checkpoints, filler=filler, half=half, lower=lower)
            self._lower[side] = made.lower
            yield made

    def _ablation(self, looks: Any) -> Ablation:
        from kedrec.distill.student.upper_layers.sureness import in_both_orders

        told = in_both_orders(looks)
        means = {name: float(np.mean(both)) for name, both in told.items()}
        outcomes = [
            Outcome(pair_id=name, disease=self._diseases[name], kind="", answer="A", choice="A" if mean > 0.5 else "B")
            for name, mean in means.items()
        ]
        terms = looks.looked()
        return Ablation(
            right=float(np.mean([one.right for one in outcomes])),
            interval=f1_interval(outcomes, [one.disease for one in outcomes]),
            one_order=float(np.mean([chance > 0.5 for both in told.values() for chance in both])),
            agree=float(np.mean([len({chance > 0.5 for chance in both}) == 1 for both in told.values()])),
            terms={name: terms[name] for name in ("select", "sft", "rationale") if name in terms},
        )


def table_of(found: dict[str, Ablation]) -> Grid:
    """The table that is printed."""
    head = ("taught by", "right", "single orders", "same in either order", "L_select", "L_sft", "L_rationale")
    lines = []
    for name, one in found.items():
        right = f"{one.right:.3f} [{one.interval[0]:.3f}, {one.interval[1]:.3f}]"
        terms = (f"{one.terms[term]:.3f}" if term in one.terms else "" for term in ("select", "sft", "rationale"))
        lines.append((name, right, f"{one.one_order:.3f}", f"{one.agree:.3f}", *terms))
    return Grid(head, tuple(lines))


def main(arguments: Sequence[str]) -> None:
    """Run it from the command line."""
    from kedrec.agents.student.base import base_folder

    parser = argparse.ArgumentParser(description="Switch the terms of the student's loss off one by one.")
    parser.add_argument("data", type=Path, help="folder of a data set (`kedrec dataset build`)")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is done")
    parser.add_argument("--base", default="smollm2", help="model to teach")
    parser.add_argument("--taught", type=int, default=400, help="decisions to teach")
    parser.add_argument("--held-out", type=int, default=250, help="decisions held out, of other diseases")
    parser.add_argument("--epochs", type=float, default=1.0, help="passes over the rows")
    parser.add_argument("--freeze", type=int, help="lower layers that stay as they are")
    given = parser.parse_args(arguments)
    base = given.base, base_folder(given.base, load().settings.home)
    rows = split_by_disease(given.data, given.taught, given.held_out)
    bench = Bench(base, *rows, TrainOptions(tasks=("choose",), epochs=given.epochs, lora_rank=8, freeze=given.freeze))
    found = ablate(bench, given.out, lambda line: sys.stderr.write(f"{line}\n"))
    sys.stdout.write(f"{table_of(found).markdown()}\n{where()}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
