"""What a worker does for a run, wherever it is: sees whether its machine can, and runs shards."""

from __future__ import annotations

import socket
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kedrec.config import Settings
from kedrec.distill.runs.shards import Shard, shard_folder, wait_for
from kedrec.errors import KedrecError

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent

__all__ = ["ShardOutcome", "machine_problem", "run_shard", "run_shard_safely"]


class ShardOutcome(NamedTuple):
    """How a shard ended."""

    reason: str | None
    """Why it ended early, where it did."""
    problem: str | None = None
    """What went wrong with it, where something did."""


def machine_problem(settings: Settings, run: Path) -> str | None:
    """Why this machine cannot work on a run; None where it can.

    Args:
        settings: those of the run.
        run: its folder.
    """
    from kedrec import __version__
    from kedrec.distill.runs.folder import RunFolder, data_of

    here = f"The machine {socket.gethostname()} cannot work on this run (kedrec {__version__}):"
    try:
        wanted, found = RunFolder(run).info().data, data_of(_opened(settings, run))
    except KedrecError as error:
        return f"{here} {error} The home and the folder of the run must be at the same paths on every machine."
    if wanted != found:
        return f"{here} in {settings.home} it has other data: {found}, not {wanted}."
    return None


def run_shard_safely(settings: Settings, run: Path, shard: Shard) -> ShardOutcome:
    """Run a shard as `run_shard` does; what goes wrong is returned, not raised."""
    try:
        return ShardOutcome(run_shard(settings, run, shard))
    except KedrecError as error:
        return ShardOutcome(None, str(error))
    except Exception as error:  # noqa: BLE001 - a full disk and the like: the run says so where it was started
        return ShardOutcome(None, f"{type(error).__name__}: {error}")


def run_shard(settings: Settings, run: Path, shard: Shard) -> str | None:
    """Take the pairs of a shard that have no row yet through the agent; why it ended early, where it did.

    Args:
        settings: those of the run; workers and pace are the share of one shard.
        run: folder of the run; the shard's is below it.
        shard: the pairs.

    Raises:
        Busy: if another worker stays at it.
    """
    from kedrec.agents.models.openai_api.answer_cache import AnswerCache
    from kedrec.agents.models.openai_api.run_budget import RunBudget
    from kedrec.agents.traces.store import TraceStore
    from kedrec.distill.runs.folder import RunFolder
    from kedrec.distill.runs.in_process_loop import PairLoop
    from kedrec.distill.runs.journal import Journal
    from kedrec.locks import writing

    agent, folder = _opened(settings, run), shard_folder(run, shard.name)
    run_id = RunFolder(run).info().model_dump_json()
    wait_for(folder.path)
    with (
        writing(folder.path),
        closing(AnswerCache(folder.answers_file, before=shard.answers)) as answers,
        Journal(folder.journal_file) as journal,
        RunBudget(folder.spent_file, settings, shard.budget) as run_budget,
    ):
        agent.use_answers(answers)
        todo = [pair for pair in shard.pairs if pair.id not in journal.rows]
        journal.tries.update(shard.tries)
        loop = PairLoop(
            agent, TraceStore(folder.traces), journal, run_id=run_id, run_budget=run_budget, on_done=lambda _: None
        )
        loop.run_blocking(todo, settings.workers)
    return loop.stopped


@lru_cache(maxsize=1)
def _opened(settings: Settings, run: Path) -> Agent:
    """The agent of this process: its graph and its literature are read once, whatever shards it runs."""
    from kedrec.agents.agent import Agent
    from kedrec.distill.runs.folder import RunFolder

    folder = RunFolder(run)
    pairs = folder.questions()
    hidden = pairs.hidden() if folder.info().hide_pairs else frozenset()
    return Agent.open(settings, hidden=hidden, given=pairs.names(), record=False)
