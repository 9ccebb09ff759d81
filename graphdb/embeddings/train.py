"""From a graph to a folder of embeddings, resumably: the training, its measurement and its files."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedrec.errors import MissingExtra, UserError
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.embeddings.files import MANIFEST, read_embeddings, write_embeddings
from kedrec.graphdb.embeddings.options import EmbedOptions, TrainingReport
from kedrec.graphdb.embeddings.ranks import popularity, rank_report
from kedrec.graphdb.embeddings.task import LinkTask, link_task
from kedrec.locks import writing

if TYPE_CHECKING:
    from kedrec.graphdb.embeddings.training import OnTrainingStep

__all__ = ["embed_graph", "need_gnn"]

Announce = Callable[[str], None]


def need_gnn() -> None:
    """Check that what the network needs is installed.

    Raises:
        MissingExtra: it is not.
    """
    if any(importlib.util.find_spec(package) is None for package in ("torch", "torch_geometric")):
        raise MissingExtra("Embedding the graph", "gnn")


def embed_graph(
    store: EmbeddedStore, out: Path, options: EmbedOptions, *, say: Announce, on_step: OnTrainingStep | None = None
) -> TrainingReport:
    """Train a network on the visible graph and write a vector of every visible entity.

    The same call again resumes from the last checkpoint; one that is done is not done again.

    Args:
        store: the graph; hidden pairs stay hidden.
        out: folder for `entities.npy`, `entities.tsv`, `manifest.json`, and a checkpoint until it is done.
        options: how it is trained.
        say: called with what is about to be done, and why.
        on_step: called for every step.

    Raises:
        MissingExtra: the extra `gnn` is not installed.
        UserError: too few diseases have a visible therapeutic edge, or the folder holds another training.
        Busy: another process is writing there.
    """
    need_gnn()
    shares = {"valid_share": options.valid_share, "test_share": options.test_share}
    task = link_task(store, options.seed, named=options.names, **shares)
    with writing(out):
        done = _done(out, task, options)
        say(f"{out} holds these embeddings already" if done else _plan(store, task, options))
        return done or _make(store, task, out, options, on_step or _silent)


def _silent(done: int, total: int) -> None:
    """Announce nothing."""


def _done(out: Path, task: LinkTask, options: EmbedOptions) -> TrainingReport | None:
    """Return the report of a training that is done."""
    if not (out / MANIFEST).exists():
        return None
    read_embeddings(out)
    manifest = json.loads((out / MANIFEST).read_text("utf-8"))
    if (manifest.get("task_sha256"), manifest.get("options")) != (task.sha256, options.model_dump(mode="json")):
        raise UserError(
            f"{out} holds embeddings of another graph, other hidden pairs or other options. Name another folder, or "
            "remove this one."
        )
    return TrainingReport.model_validate({**manifest["report"], "sha256": manifest["sha256"]})


def _make(
    store: EmbeddedStore, task: LinkTask, out: Path, options: EmbedOptions, on_step: OnTrainingStep
) -> TrainingReport:
    from kedrec.graphdb.embeddings.training import CHECKPOINT, train

    started = time.monotonic()
    trained = train(task, options, out, on_step)
    report = TrainingReport(
        entities=len(task.ids),
        dimension=trained.vectors.shape[1],
        sha256="",
        hidden_pairs=len(store.hidden),
        best_epoch=trained.best_epoch,
        valid=rank_report(task, task.valid, trained.scorer),
        test=rank_report(task, task.test, trained.scorer),
        test_popularity=rank_report(task, task.test, popularity(task)),
        seconds=round(time.monotonic() - started, 1),
        resumed=trained.resumed,
    )
    sha256 = write_embeddings(out, task.ids, trained.vectors, _manifest(store, task, options, report))
    (out / CHECKPOINT).unlink(missing_ok=True)
    return report.model_copy(update={"sha256": sha256})


def _plan(store: EmbeddedStore, task: LinkTask, options: EmbedOptions) -> str:
    import torch

    where = "the GPU" if torch.cuda.is_available() else f"{torch.get_num_threads()} threads of the CPU (no GPU found)"
    held = ", ".join(
        f"{len(set(part[:, 1].tolist()))} to {use}"
        for use, part in [("learn from", task.train), ("validate", task.valid), ("test", task.test)]
    )
    return (
        f"{len(task.ids):,} entities, {len(task.heads):,} triples, {len(store.hidden)} pairs hidden; diseases: {held}; "
        f"{options.epochs} epochs on {where}"
    )


def _manifest(store: EmbeddedStore, task: LinkTask, options: EmbedOptions, report: TrainingReport) -> dict[str, Any]:
    import torch
    import torch_geometric

    return {
        "method": "relational graph neural network",
        "graph_sha256": store.source_sha256,
        "task_sha256": task.sha256,
        "options": options.model_dump(mode="json"),
        "report": report.model_dump(mode="json", exclude={"sha256"}),
        "versions": {"torch": torch.__version__, "torch_geometric": torch_geometric.__version__},
        "threads": torch.get_num_threads(),
    }
