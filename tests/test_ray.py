"""What is Ray's alone in a divided run: machines that lack something, and who can reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from divided_runs import load_starter, own_home, settings_at
from teaching import teaching
from test_runs import many_pairs

from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.run import start_run
from kedrec.errors import NotReady

if find_spec("ray") is None:
    pytest.skip("Ray is not installed (pip install 'kedrec[ray]')", allow_module_level=True)

from kedrec.distill.runs.ray_pool import check_machines


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load_starter(tmp_path_factory.mktemp("loaded"))


@pytest.fixture(scope="module")
def cluster(loaded: Path) -> Iterator[Any]:
    """Two workers on this machine, for all tests of the module."""
    from kedrec.ray_cluster import ray_cluster

    with ray_cluster(Settings(home=loaded), 2) as ray:
        yield ray


def listening() -> set[str]:
    """Addresses at which this process and those that it has started listen; one that has just ended does not."""
    here = psutil.Process()
    found = []
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            found += process.net_connections("inet")
    return {one.laddr.ip.removeprefix("::ffff:") for one in found if one.status == psutil.CONN_LISTEN}


def test_a_machine_without_the_graph_of_the_run_is_told_of(cluster, loaded, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 2))
    with teaching() as teacher:
        chosen = settings_at(own_home(tmp_path / "own-home", loaded), teacher)
        start_run(pairs, tmp_path / "out", chosen)
    run = RunFolder(tmp_path / "out")
    check_machines(cluster, chosen, run)
    with pytest.raises(NotReady, match=r"machine .* cannot work on this run.*No graph"):
        check_machines(cluster, chosen.model_copy(update={"home": tmp_path / "elsewhere"}), run)
    run.info_file.write_text(run.info_file.read_text("utf-8").replace('"graph_sha256": "', '"graph_sha256": "0'))
    with pytest.raises(NotReady, match="it has other data"):
        check_machines(cluster, chosen, run)


def test_what_ray_opens_here_only_this_machine_can_reach(cluster):
    assert len(psutil.Process().children(recursive=True)) > 2
    assert listening() == {"127.0.0.1"}
