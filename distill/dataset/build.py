"""Runs -> a data set, split by disease; what a trace cannot teach is left out and counted by reason."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import IO, Self

from kedrec.atomic_file import write_whole
from kedrec.distill.dataset.card import card
from kedrec.distill.dataset.chat_rows import MANIFEST, Manifest
from kedrec.distill.dataset.conversations import chat_rows
from kedrec.distill.dataset.near_duplicates import NearDuplicates
from kedrec.distill.dataset.pair_rows import pair_row, write_parquet
from kedrec.distill.dataset.teaching_traces import TracesKept, reason_to_leave_out
from kedrec.distill.pairs.pairs_file import Pairs
from kedrec.distill.runs.folder import RunFolder, trace_of
from kedrec.distill.runs.journal import ResultRow
from kedrec.errors import InputError, UserError
from kedrec.records import Trace

__all__ = ["build_dataset", "validation_diseases"]

VALIDATION_SHARE = 0.1
SPLITS = ("train", "validation")


def validation_diseases(
    diseases: Sequence[str], alike: Sequence[Sequence[str]] = (), share: float = VALIDATION_SHARE
) -> set[str]:
    """The diseases that rows are validated on: the first by the hash of their ids, one at least where there are two.

    Args:
        diseases: of the rows.
        alike: groups that stay together, by their first.
        share: of the diseases.
    """
    group = {disease: one[0] for one in alike for disease in one}
    parts = sorted(
        {group.get(disease, disease) for disease in diseases},
        key=lambda text: hashlib.sha256(text.encode()).hexdigest(),
    )
    held = set(parts[: ceil(share * len(parts))]) if len(parts) > 1 else set()
    return {disease for disease in diseases if group.get(disease, disease) in held}


def build_dataset(
    runs: Sequence[Path], out: Path, answers: Sequence[Pairs] = (), keep: TracesKept | None = None
) -> Manifest:
    """Build a data set from the traces of runs.

    Args:
        runs: folders of runs.
        out: folder of the data set: conversations in `train.jsonl` and `validation.jsonl`, one row per pair in
            `pairs-train.jsonl` and so on (as Parquet too where pyarrow is installed), a card in `README.md` and,
            written last, `manifest.json`.
        answers: pairs files with answers, which become the labels; without, the teacher's choices are.
        keep: which traces teach; if not given, `correct` with answers and `all` without.

    Raises:
        NotReady: if there is no run.
        InputError: if `answers` lacks a pair of the run.
        UserError: if no trace teaches anything, `out` holds something else, or `correct` is asked for without answers.
    """
    keep = keep or ("correct" if answers else "all")
    if keep == "correct" and not answers:
        raise UserError("--keep correct needs to know what is correct: give a pairs file with --answers.")
    # The folder is used where it is free or holds an earlier data set.
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; --out wants a folder.")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in (MANIFEST, "train.jsonl")):
        raise UserError(f"{out} holds something that is no data set. Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    with _Rows(out, answers, keep) as found:
        infos = [found.read(run) for run in runs]
        if not found.diseases:
            reasons = ", ".join(f"{reason} {n}" for reason, n in found.dropped.items()) or "there are none"
            raise UserError(f"None of {found.traces} traces teaches anything: {reasons}.")
        return _write(out, found, infos, answers)


class _Rows:
    """Rows on their way: written down once, split when all diseases are known."""

    def __init__(self, out: Path, answers: Sequence[Pairs], keep: TracesKept) -> None:
        self.paths = {kind: out / f".{kind}rows.jsonl" for kind in ("", "pairs-")}
        self._answers, self._keep = answers, keep
        self.traces, self.near = 0, NearDuplicates()
        self.dropped: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        self.diseases: set[str] = set()

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._files: dict[str, IO[str]] = {
            kind: self._stack.enter_context(path.open("w", encoding="utf-8")) for kind, path in self.paths.items()
        }
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        for path in self.paths.values():
            path.unlink(missing_ok=True)

    def read(self, run: Path) -> dict[str, object]:
        """Take in one run; what it is a run of."""
        from kedrec.agents.traces.store import TraceStore

        folder = RunFolder(run)
        info, results, store = folder.info(), folder.rows(), TraceStore(folder.traces)
        for result in results.values():
            self._take(result, trace_of(result, store))
        return info.model_dump(mode="json")

    def _take(self, result: ResultRow, trace: Trace | None) -> None:
        self.traces += 1
        answer = self._answer(result.pair_id)
        reason = "no trace" if trace is None else reason_to_leave_out(trace, answer, self._keep)
        if trace is None or reason is not None:
            self.dropped[reason or ""] += 1
            return
        taught, pair = chat_rows(trace, result.pair_id, answer), pair_row(trace, result.pair_id, answer)
        if not taught or pair is None:
            self.dropped["nothing to teach"] += 1
            return
        self._files[""].writelines(row.model_dump_json() + "\n" for row in taught)
        self._files["pairs-"].write(pair.model_dump_json() + "\n")
        self.tasks.update(row.task for row in taught)
        self.diseases.add(pair.disease_id)
        self.near.add(pair.disease_id, [drug.id for drug in pair.candidates], str(taught[-1].messages[-2]["content"]))

    def split(self, held: set[str]) -> dict[str, dict[str, int]]:
        """Write the files of each split, whole or not at all; how many rows of each kind each has."""
        for file in self._files.values():
            file.flush()
        return {kind: _split(path, kind, held) for kind, path in self.paths.items()}

    def _answer(self, pair_id: str) -> str | None:
        if not self._answers:
            return None
        known = next((one.scoring[pair_id] for one in self._answers if pair_id in one.scoring), None)
        if known is None or known.answer is None:
            raise InputError(self._answers[-1].path, f"the pair {pair_id!r} of the run has no answer there.")
        return known.answer


def _write(out: Path, found: _Rows, infos: Sequence[dict[str, object]], answers: Sequence[Pairs]) -> Manifest:
    alike = found.near.groups()
    held = validation_diseases(sorted(found.diseases), alike)
    rows = found.split(held)
    parquet = write_parquet([out / f"pairs-{split}.jsonl" for split in SPLITS])
    manifest = Manifest(
        runs=tuple(infos),
        labels="answers" if answers else "teacher",
        answers_sha256=" ".join(one.sha256 for one in answers) or None,
        traces=found.traces,
        rows=rows[""],
        pairs=rows["pairs-"],
        tasks=dict(found.tasks),
        diseases={"train": len(found.diseases - held), "validation": len(held)},
        alike=tuple(alike),
        dropped=dict(sorted(found.dropped.items())),
        sha256={
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (*(out / f"{kind}{split}.jsonl" for kind in rows for split in SPLITS), *parquet)
        },
    )
    write_whole(out / "README.md", [card(manifest, parquet=bool(parquet))])
    write_whole(out / MANIFEST, [manifest.model_dump_json(indent=1)])
    return manifest


def _split(source: Path, kind: str, held: set[str]) -> dict[str, int]:
    rows = dict.fromkeys(SPLITS, 0)
    staged = {name: source.with_name(f".{kind}{name}.partial") for name in SPLITS}
    with ExitStack() as stack, source.open(encoding="utf-8") as lines:
        files = {name: stack.enter_context(path.open("w", encoding="utf-8")) for name, path in staged.items()}
        for line in lines:
            row = json.loads(line)
            split = "validation" if row.get("disease_id", row["disease"]) in held else "train"
            rows[split] += 1
            files[split].write(line)
    for name, path in staged.items():
        path.replace(source.with_name(f"{kind}{name}.jsonl"))
    return rows
