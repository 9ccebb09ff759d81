"""Workers of a Ray cluster that run the shards of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from kedrec.config import Settings
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.shard_worker import ShardOutcome, machine_problem, run_shard_safely
from kedrec.distill.runs.sharded_loop import WorkerDied, for_one_of, places_for
from kedrec.distill.runs.shards import Shard
from kedrec.errors import NotReady
from kedrec.processors import processors
from kedrec.ray_cluster import machines, ray_cluster, settings_there

__all__ = ["RayPool", "check_machines", "open_ray_pool"]

PART = 0.5
"""Of what is left that is given out at a time: one machine may be twice as fast as another."""


@contextmanager
def open_ray_pool(settings: Settings, folder: RunFolder, pairs: int) -> Iterator[RayPool]:
    """Be connected to the workers of the cluster that the settings name, or of one that is started here.

    Args:
        settings: of the whole run.
        folder: of the run.
        pairs: what is open.

    Raises:
        MissingExtra: Ray is not installed.
        ConfigError: no cluster is at that address.
        NotReady: a machine of the cluster lacks the home, or has another.
    """
    with ray_cluster(settings, settings.shards or processors()) as ray:
        places = places_for(settings, int(ray.cluster_resources().get("CPU", 1)), pairs)
        share = for_one_of(places, settings_there(settings))
        check_machines(ray, share, folder)
        yield RayPool(ray, share, folder, places)


class RayPool:
    """Workers of a Ray cluster; the handle of a running shard is Ray's reference.

    Args:
        ray: the module, connected.
        share: settings of each worker.
        folder: of the run.
        places: shards that run at the same time.
    """

    def __init__(self, ray: Any, share: Settings, folder: RunFolder, places: int) -> None:
        self.share, self.places, self.part = share, places, PART
        self._ray, self._run = ray, folder.path.resolve()
        self._run_shard = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy="SPREAD")(run_shard_safely)

    def start(self, shard: Shard) -> Any:
        """Start a shard; returns its handle."""
        return self._run_shard.remote(self.share, self._run, shard)

    def wait(self, running: Collection[Any], seconds: float) -> Collection[Any]:
        """Those of the handles that have ended, as soon as one has, or none after so many seconds."""
        ended: list[Any] = self._ray.wait(list(running), timeout=seconds)[0]
        return ended

    def result(self, handle: Any) -> ShardOutcome:
        """How a shard ended that has.

        Raises:
            WorkerDied: by the death of its worker, or of its machine.
        """
        from ray.exceptions import RayError

        try:
            outcome: ShardOutcome = self._ray.get(handle)
        except RayError as error:
            raise WorkerDied(str(error).strip()) from None
        return outcome

    def stop(self, handle: Any, *, force: bool) -> None:
        """Let a shard end after what is in flight, or at once."""
        self._ray.cancel(handle, force=force)


def check_machines(ray: Any, settings: Settings, folder: RunFolder) -> None:
    """See that every machine of a cluster has the home and the run.

    Raises:
        NotReady: one has not.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look, run = ray.remote(num_cpus=0)(machine_problem), folder.path.resolve()
    there = [NodeAffinitySchedulingStrategy(machine, soft=False) for machine in machines(ray)]
    problems = ray.get([look.options(scheduling_strategy=place).remote(settings, run) for place in there])
    if wrong := [problem for problem in problems if problem]:
        more = f" So it is with {len(wrong) - 1} more of {len(problems)} machines." if len(wrong) > 1 else ""
        raise NotReady(wrong[0] + more)
