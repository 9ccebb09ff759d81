"""The pairs of a run in flight on many machines: Ray's workers fly shards, and what they finish is taken over here.

One shard at a time is flown by each of so many workers. Their pace, their pairs in flight and what is left of the
budget are divided by that number, so that all of them together keep to the settings.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedrec.config import Settings
from kedrec.distill.flight import BY_SIGNAL
from kedrec.distill.pairs import Pair
from kedrec.distill.ray_worker import fly_shard, why_not_here
from kedrec.distill.run_folder import RunFolder
from kedrec.distill.shards import Harvest, Shard, divide
from kedrec.errors import Busy, NotReady, WorkError
from kedrec.tools.ray_cluster import machines, ray_cluster, settings_there

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.models.purse import Purse
    from kedrec.distill.journal import Journal

__all__ = ["RayFlight", "check_machines", "for_one_of"]

LOOK = 0.3
"""Seconds between two looks at what the shards have finished."""
RETRIES = 5
"""How often a shard is flown again whose worker died."""


class RayFlight:
    """Takes pairs through agents on a Ray cluster.

    Args:
        agent: one like those that answer; says where answers are kept.
        folder: of the run, held by this process.
        journal: of the run.
        purse: of the run.
        budget: US dollars that the whole run may cost.
        on_done: called with the number of rows written since the last call.
    """

    def __init__(
        self,
        agent: Agent,
        folder: RunFolder,
        journal: Journal,
        *,
        purse: Purse,
        budget: float | None,
        on_done: Callable[[int], None],
    ) -> None:
        self._agent, self._folder, self._journal, self._purse = agent, folder, journal, purse
        self._budget, self._on_done = budget, on_done
        self._harvest = Harvest(folder, journal, purse)
        self._waiting: deque[Shard] = deque()
        self._flying: dict[Any, Shard] = {}
        self._signalled = Counter[str]()
        self._room = 0
        self.stopped: str | None = None

    def run(self, pairs: Sequence[Pair]) -> None:
        """Take the pairs through; `stopped` says afterwards why it ended early, where it did.

        Raises:
            NotReady: a machine of the cluster lacks the home, or has another.
            WorkError: a shard could not be flown.
        """
        settings = self._agent.settings
        with ray_cluster(settings, settings.ray_shards or os.cpu_count() or 1) as ray:
            places = places_for(settings, int(ray.cluster_resources().get("CPU", 1)), len(pairs))
            share = for_one_of(places, settings)
            check_machines(ray, share, self._folder)
            tries, first = self._journal.tries, self._harvest.next_number()
            self._waiting.extend(divide(pairs, tries, places, share.workers, first))
            self._room = places
            with self._stoppable(ray):
                self._fly(ray, share)
        self._harvest.finish(self._agent.answers)

    def _fly(self, ray: Any, share: Settings) -> None:
        start = ray.remote(num_cpus=0, max_retries=RETRIES, retry_exceptions=[Busy], scheduling_strategy="SPREAD")
        remote, answers = start(fly_shard), self._settled_answers()
        try:
            while self._flying or (self._waiting and not self.stopped):
                while self._waiting and not self.stopped and len(self._flying) < self._room:
                    shard = self._funded(self._waiting.popleft(), answers)
                    self._flying[remote.remote(share, self._folder.path.resolve(), shard)] = shard
                self._look(ray)
        except BaseException:
            self._stop_all(ray, force=True)
            raise

    def _look(self, ray: Any) -> None:
        """Take over what is there, and land the shards that have ended."""
        ended, _ = ray.wait(list(self._flying), num_returns=len(self._flying), timeout=LOOK)
        for shard in self._flying.values():
            if rows := self._harvest.take(shard.name):
                self._on_done(rows)
        for reference in ended:
            self._land(ray, reference)

    def _land(self, ray: Any, reference: Any) -> None:
        from ray.exceptions import RayError

        shard = self._flying.pop(reference)
        try:
            reason = ray.get(reference)
        except RayError as error:
            if not self.stopped:
                raise WorkError(f"Shard {shard.name} of the run could not be flown: {error}") from None
            return
        if self.stopped or not reason:
            return
        if reason == BY_SIGNAL:
            self._after_signal(shard)
        else:
            self._with_more(shard)

    def _after_signal(self, shard: Shard) -> None:
        """Fly a shard once more whose worker was told to end by somebody else.

        Raises:
            WorkError: that happened too often.
        """
        self._signalled[shard.name] += 1
        if self._signalled[shard.name] > RETRIES:
            raise WorkError(f"The workers of shard {shard.name} of the run were told to end {RETRIES + 1} times.")
        self._waiting.appendleft(shard)

    def _with_more(self, shard: Shard) -> None:
        """Fly a shard whose share of the budget was too small once more, with a larger one, where there is any."""
        if self._room > 1:
            self._room = -(-self._room // 2) if self._room > 2 else 1
            self._waiting.appendleft(shard)
        elif not self._flying:
            self.stopped = (
                f"${self._purse.spent.cost:.2f} of the budget of ${self._budget:.2f} is spent, and the next call may"
                " cost more than is left. The same command with a higher --budget goes on from here."
            )
        else:
            self._waiting.appendleft(shard)

    def _funded(self, shard: Shard, answers: Any) -> Shard:
        """A shard with its share of what is left of the budget, and with the answers that are there already."""
        if self._budget is None:
            return shard.model_copy(update={"answers": answers})
        paid = self._harvest.paid
        promised = sum((one.budget or 0) - paid[one.name] for one in self._flying.values())
        left = self._budget - self._purse.spent.cost - promised
        budget = paid[shard.name] + left / (self._room - len(self._flying))
        return shard.model_copy(update={"answers": answers, "budget": budget})

    def _settled_answers(self) -> Any:
        kept = self._agent.answers
        if kept is None:
            return None
        kept.settle()
        return kept.path.resolve() if kept.path.is_file() else None

    def _stop_all(self, ray: Any, *, force: bool) -> None:
        for reference in self._flying:
            ray.cancel(reference, force=force)

    @contextmanager
    def _stoppable(self, ray: Any) -> Iterator[None]:
        """The first signal stops after what is in flight, the second at once."""

        def stop(*_: object) -> None:
            self._stop_all(ray, force=self.stopped is not None)
            self.stopped = BY_SIGNAL

        before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def places_for(settings: Settings, processors: int, pairs: int) -> int:
    """How many shards are flown at the same time: no more than there are pairs, calls a minute or places for them."""
    limits = [settings.requests_per_minute, settings.tokens_per_minute]
    return max(1, min(settings.ray_shards or processors, settings.workers, pairs, *filter(None, limits)))


def for_one_of(places: int, settings: Settings) -> Settings:
    """The settings of one of so many workers that work side by side, wherever they are."""
    return settings_there(settings).model_copy(
        update={
            "workers": settings.workers // places,
            "requests_per_minute": settings.requests_per_minute // places,
            "tokens_per_minute": settings.tokens_per_minute // places,
        }
    )


def check_machines(ray: Any, settings: Settings, folder: RunFolder) -> None:
    """See that every machine of a cluster has the home and the run.

    Raises:
        NotReady: one has not.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look, run = ray.remote(num_cpus=0)(why_not_here), folder.path.resolve()
    there = [NodeAffinitySchedulingStrategy(machine, soft=False) for machine in machines(ray)]
    told = ray.get([look.options(scheduling_strategy=place).remote(settings, run) for place in there])
    if wrong := [problem for problem in told if problem]:
        more = f" So it is with {len(wrong) - 1} more of {len(told)} machines." if len(wrong) > 1 else ""
        raise NotReady(wrong[0] + more)
