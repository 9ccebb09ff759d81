"""The graph in Neo4j: loading it, what goes wrong, and that it answers as the embedded store does."""

import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from graph_stores import GENES, TARGET, TREATS, embedded, in_neo4j, neo4j_settings, write_graph
from test_graph_contract import NAMES, TRIPLES, A, X, answers, random_graph
from typer.testing import CliRunner

from kedrec.cli.app import app
from kedrec.config import Settings
from kedrec.errors import ConfigError, DamagedData, MissingExtra, NotReady, UserError
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import connect
from kedrec.graphdb.neo4j.load import load_into_neo4j
from kedrec.graphdb.neo4j.store import Neo4jStore

SCRIPT = Path(__file__).parents[1] / "scripts" / "neo4j"


@pytest.fixture
def server():
    """The test server, and afterwards no trace of what a test added beside the graph."""
    found = connect(neo4j_settings())
    yield found
    found.change("MATCH (n) WHERE n:Entity OR n:KedrecGraph DETACH DELETE n")
    found.close()


def use_neo4j(monkeypatch):
    settings = neo4j_settings()
    monkeypatch.setenv("KEDREC_STORE", "neo4j")
    monkeypatch.setenv("KEDREC_NEO4J_URI", settings.neo4j_uri)
    monkeypatch.setenv("KEDREC_NEO4J_PASSWORD", settings.neo4j_password.get_secret_value())


def run(command, **env):
    return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("seed", range(100, 103))
def test_both_stores_give_the_same_answers(server, tmp_path, seed):
    triples, names, chance = random_graph(seed)
    ids = sorted({end for head, _, tail in triples for end in (head, tail)})
    hidden = frozenset(frozenset({head, tail}) for head, _, tail in chance.sample(triples, 6) if head != tail)
    one, other = embedded(tmp_path / "e", triples, names), in_neo4j(tmp_path / "n", triples, names)
    texts = ["name 1", "NAME-2", "other 3", "naem 4", "nothing of the kind"]
    pairs = chance.sample(list(combinations(ids, 2)), 20)
    assert answers(one, ids, texts, pairs) == answers(other, ids, texts, pairs)
    assert answers(one.hiding(hidden), ids, texts, pairs) == answers(other.hiding(hidden), ids, texts, pairs)
    assert one.source_sha256 == other.source_sha256


def test_names_are_data_whatever_they_look_like(server, tmp_path):
    odd = "Odd::`x`'}) DETACH DELETE (e) //\"$id::Compound:Gene"
    ids = [("Compound::`a`'", "x' OR 1=1 //"), ("Biological Process::GO:1", "b")]
    store = in_neo4j(tmp_path, [(ids[0][0], odd, ids[1][0])], ids)
    assert [edge.relation for edge in store.direct(ids[0][0], ids[1][0])] == [odd]
    assert store.search(ids[0][1]).entity.id == ids[0][0]
    assert store.neighbours(ids[0][0], relation=odd, kind="Biological Process")
    assert store.stats().relations == {odd: 1}
    labels = server.ask("MATCH (e:Entity {id: $id}) RETURN labels(e) AS labels", id=ids[1][0])[0]["labels"]
    assert sorted(labels) == ["Biological Process", "Entity"]


class Stopped(Exception):
    pass


def stop_at(stage, done):
    def told(now, so_far, _):
        if (now, so_far) == (stage, done):
            raise Stopped

    return told


@pytest.mark.parametrize(("stage", "done"), [("entities", 4), ("triples", 0), ("triples", 8), ("counting", 0)])
def test_a_stopped_load_is_not_served_and_goes_on_where_it_was(server, tmp_path, stage, done):
    files, names = write_graph(tmp_path, TRIPLES, NAMES)
    with pytest.raises(Stopped):
        load_into_neo4j(files, names, server, stop_at(stage, done), batch=4)
    with pytest.raises(NotReady, match="not finished"):
        Neo4jStore.open(server)
    seen = []
    load_into_neo4j(files, names, server, lambda *told: seen.append(told), batch=4)
    assert next(so_far for now, so_far, _ in seen if now == stage) == done
    assert Neo4jStore.open(server).stats() == embedded(tmp_path / "e", TRIPLES, NAMES).stats()


def test_the_same_load_twice_adds_nothing_and_another_takes_its_place(server, tmp_path):
    files, names = write_graph(tmp_path / "one", TRIPLES, NAMES)
    first, second = (load_into_neo4j(files, names, server, batch=4) for _ in range(2))
    assert first.model_dump(exclude={"seconds"}) == second.model_dump(exclude={"seconds"})
    assert server.ask("MATCH ()-[r:REL]->() RETURN count(r) AS n") == [{"n": len(TRIPLES)}]
    other = in_neo4j(tmp_path / "other", [(A, TREATS, X)])
    assert (other.stats().triples, other.stats().entities) == (1, 2)
    assert server.ask("MATCH (e:Entity) RETURN count(e) AS n") == [{"n": 2}]


def test_a_batch_sent_again_is_added_once(server, tmp_path):
    files, names = write_graph(tmp_path, TRIPLES, NAMES)
    with pytest.raises(Stopped):
        load_into_neo4j(files, names, server, stop_at("triples", 4), batch=4)
    source = server.ask(cypher.GRAPH)[0]["graph"]["source_sha256"]
    row = {"head": A, "type": TARGET, "tails": [X], "source": "DRUGBANK"}
    for done in (0, 8):
        server.change(cypher.ADD_EDGES, rows=[row], done=done, until=done + 1, source=source)
    server.change(cypher.ADD_EDGES, rows=[row], done=4, until=5, source="another")
    assert server.ask("MATCH ()-[r:REL]->() RETURN count(r) AS n") == [{"n": 4}]


def test_other_counts_than_the_files_are_an_error_that_the_next_load_mends(server, tmp_path):
    files, names = write_graph(tmp_path, TRIPLES, NAMES)
    load_into_neo4j(files, names, server)
    server.change("MATCH (:Entity {id: $id})-[r:REL {type: $type}]->() DELETE r", id="Gene::2", type=GENES)
    with pytest.raises(DamagedData, match=f"3 edges of relation '{GENES}' instead of|edges of relation '{GENES}'"):
        load_into_neo4j(files, names, server)
    with pytest.raises(NotReady):
        Neo4jStore.open(server)
    load_into_neo4j(files, names, server)
    assert Neo4jStore.open(server).stats().triples == len(TRIPLES)


def test_what_others_keep_in_the_database_is_left_alone(server, tmp_path):
    files, names = write_graph(tmp_path, TRIPLES, NAMES)
    server.change("CREATE (:Entity {id: 'theirs'})-[:REL]->(:Kept {mark: 'kedrec test'})")
    with pytest.raises(UserError, match="'theirs'"):
        load_into_neo4j(files, names, server)
    server.change("MATCH (e:Entity) DETACH DELETE e")
    load_into_neo4j(files, names, server)
    assert server.change("MATCH (n:Kept) WITH n, n.mark AS mark DELETE n RETURN mark") == [{"mark": "kedrec test"}]


def test_an_empty_database_says_how_to_load(server):
    with pytest.raises(NotReady, match="--store neo4j"):
        Neo4jStore.open(server)


def test_a_wrong_password_and_a_wrong_database_say_what_to_set():
    with pytest.raises(ConfigError, match="KEDREC_NEO4J_PASSWORD"):
        connect(neo4j_settings(neo4j_password="certainly wrong"))
    with pytest.raises(ConfigError, match="no database 'nosuch'"):
        Neo4jStore.open(connect(neo4j_settings(neo4j_database="nosuch")))


def test_no_server_and_a_bad_address_say_what_to_do(home):
    pytest.importorskip("neo4j")
    with pytest.raises(NotReady, match=r"No Neo4j server answers at bolt://127.0.0.1:9 .*scripts/neo4j start"):
        connect(Settings(neo4j_uri="bolt://127.0.0.1:9"))
    for uri in ("http://127.0.0.1", "nonsense", "bolt://127.0.0.1:port"):
        with pytest.raises(ConfigError, match="KEDREC_NEO4J_URI"):
            connect(Settings(neo4j_uri=uri))


def test_without_the_driver_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "neo4j", None)
    with pytest.raises(MissingExtra, match=r"kedrec\[neo4j\]"):
        connect(Settings())


def test_errors_are_one_line_with_exit_code_2(home):
    pytest.importorskip("neo4j")
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", "graph", "info"]
    done = run(command, KEDREC_STORE="neo4j", KEDREC_NEO4J_URI="bolt://127.0.0.1:9")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "No Neo4j server answers" in done.stderr


def test_the_commands_answer_alike_from_both_stores(server, tmp_path, monkeypatch):
    [triples], names = write_graph(tmp_path, TRIPLES, NAMES)
    asked = [["info"], ["show", "alfa"], ["path", A, X]]

    def told():
        return [json.loads(CliRunner().invoke(app, ["graph", *words, "--json"]).stdout) for words in asked]

    loaded = CliRunner().invoke(app, ["graph", "load", str(triples), "--names", str(names), "--no-derive"])
    assert loaded.exit_code == 0
    here = told()
    use_neo4j(monkeypatch)
    loaded = CliRunner().invoke(app, ["graph", "load", str(triples), "--names", str(names), "--store", "neo4j"])
    assert loaded.exit_code == 0
    assert told() == here


def test_weighing_by_rule_asks_for_the_embedded_graph_of_the_same_files(server, tmp_path, home):
    from kedrec.agents.resources import Resources

    in_neo4j(tmp_path / "n", TRIPLES, NAMES)
    resources = Resources.open(neo4j_settings(home=home))
    assert resources.store.get(A).name == "Alphadrug"
    with pytest.raises(NotReady, match=r"embedded graph.*none is in"):
        resources.embedded()
    embedded(home, TRIPLES[:3], NAMES)
    with pytest.raises(NotReady, match="another graph"):
        resources.embedded()
    embedded(home, TRIPLES, NAMES)
    assert resources.embedded().source_sha256 == resources.store.source_sha256


def test_the_script_says_what_it_can_do_and_that_nothing_runs(tmp_path):
    where = {"NEO4J_HOME": str(tmp_path / "none")}
    wrong, status, stop = (run([SCRIPT, word], **where) for word in ("dance", "status", "stop"))
    assert wrong.returncode == 2 and "start|stop|status" in wrong.stderr
    assert (status.returncode, status.stdout) == (3, "not running\n")
    assert stop.returncode == 0
    assert not (tmp_path / "none").exists()
