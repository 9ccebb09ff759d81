"""Cypher of a model's or a user's own: it reads and cites, and cannot write, load files or run for ever."""

import contextlib
import http.server
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from graph_stores import in_neo4j, neo4j_settings
from langchain_core.messages import AIMessage
from typer.testing import CliRunner
from world import BARI, DISEASE, EDGES, NAMES, SULFA, build, decision, key_of

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.resources import Resources
from kedrec.cli.app import app
from kedrec.errors import KedrecError, NotReady, UserError, WorkError
from kedrec.graphdb.neo4j.allow_reads_only import refused_step
from kedrec.graphdb.neo4j.connection import connect
from kedrec.graphdb.neo4j.refuse_unbounded import LONGEST, objection
from kedrec.graphdb.neo4j.user_query import Reader
from kedrec.tools.toolbox import Toolbox

TARGET = "DRUGBANK::target::Compound:Gene"
HIDDEN = frozenset({frozenset({BARI, DISEASE})})
WRITES = [
    "CREATE (n:Entity {id: 'x'}) RETURN n",
    "MERGE (n:Entity {id: 'x'}) RETURN n",
    "MATCH (n:Entity) SET n.name = 'x' RETURN n",
    "MATCH (n:Entity) REMOVE n.name RETURN n",
    "MATCH (n:Entity) SET n:X RETURN n",
    "MATCH (n) DETACH DELETE n",
    "MATCH ()-[r]->() DELETE r RETURN count(*)",
    "FOREACH (i IN [1] | CREATE (:X))",
    "MATCH (n:Entity) CALL (n) { SET n.x = 1 RETURN 1 AS one } RETURN one",
    "UNWIND [1, 2] AS i CALL (i) { CREATE (:X) } IN TRANSACTIONS OF 1 ROWS",
    "CALL db.createLabel('X')",
    "CALL db.createProperty('x')",
    "CREATE INDEX x FOR (n:X) ON (n.y)",
    "CREATE CONSTRAINT x FOR (n:X) REQUIRE n.y IS UNIQUE",
    "DROP CONSTRAINT kedrec_entity_id",
    "CREATE USER x SET PASSWORD 'xxxxxxxxx'",
    "ALTER CURRENT USER SET PASSWORD FROM 'one password' TO 'another password'",
    "MATCH (n:Entity) RETURN n LIMIT 1; MATCH (n) DETACH DELETE n",
    "MATCH (n:Entity) RETURN n /* */ ; CREATE (:X)",
    "CREATE DATABASE x",
]
ACTS = [
    "SHOW SETTINGS",
    "SHOW TRANSACTIONS",
    "SHOW USERS",
    "SHOW PROCEDURES",
    "TERMINATE TRANSACTIONS 'neo4j-transaction-1'",
    "CALL dbms.listConfig() YIELD name, value RETURN name, value",
    "CALL dbms.killConnection('bolt-1')",
    "CALL db.clearQueryCaches()",
    "CALL tx.setMetaData({kedrec: 'x'})",
    "CALL apoc.load.json('file:///etc/hostname') YIELD value RETURN value",
    "CALL `dbms`.`listConfig`()",
    "RETURN apoc.cypher.runFirstColumnSingle('RETURN 1', {}) AS x",
    "USE system SHOW USERS",
    "UNWIND [1, 2] AS i CALL (i) { RETURN 1 AS one } IN TRANSACTIONS OF 1 ROWS RETURN one",
]
ENDLESS = [
    "MATCH (a:Entity), (b:Entity), (c:Entity), (d:Entity), (e:Entity), (f:Entity), (g:Entity), (h:Entity), (i:Entity) "
    "WHERE a.degree + b.degree + c.degree + d.degree + e.degree + f.degree + g.degree + h.degree + i.degree < 0 "
    "RETURN count(*)",
    "UNWIND [1,2,3,4,5,6,7,8,9,10] AS a " + " ".join(f"UNWIND [1,2,3,4,5,6,7,8,9,10] AS a{n}" for n in range(12))
    + " WITH a WHERE a < 0 RETURN count(*)",
    "MATCH (a:Entity) RETURN COUNT { MATCH (b:Entity), (c:Entity), (d:Entity), (e:Entity), (f:Entity), (g:Entity), "
    "(h:Entity), (i:Entity) WHERE a.degree + b.degree + c.degree + d.degree + e.degree + f.degree + g.degree "
    "+ h.degree + i.degree < 0 } AS n",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return build(tmp_path_factory.mktemp("world") / "home").home


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    names = [(entity_id, name, *filter(None, synonyms.split("|"))) for entity_id, name, synonyms in NAMES]
    store = in_neo4j(tmp_path_factory.mktemp("graph"), EDGES, names)
    yield store
    store.close()


@pytest.fixture(scope="module")
def reader(graph):
    with reading() as found:
        yield found


@contextlib.contextmanager
def reading(grace=30.0, **changes):
    found = Reader(neo4j_settings(**{"cypher_timeout": 1.0, "cypher_rows": 5, **changes}), grace)
    yield found
    found.close()


@pytest.fixture
def content(graph):
    """All that the database holds, its schema and its users; a test must leave it as it was."""
    server = connect(neo4j_settings())

    def all_of_it():
        nodes = server.ask("MATCH (n) RETURN labels(n) AS labels, properties(n) AS values ORDER BY elementId(n)")
        links = server.ask("MATCH (a)-[r]->(b) RETURN a.id, properties(r) AS r, b.id ORDER BY a.id, r.type, b.id")
        schema = server.ask("SHOW CONSTRAINTS YIELD name"), server.ask("SHOW INDEXES YIELD name")
        known = server.ask("CALL db.labels()"), server.ask("CALL db.propertyKeys()"), server.ask("SHOW USERS")
        return nodes, links, schema, known

    before = all_of_it()
    yield
    assert all_of_it() == before
    server.close()


def test_nothing_can_be_written(reader, content):
    for query in WRITES:
        with pytest.raises(UserError, match=r"may do more|is not valid|only Cypher's own"):
            reader.read(query)


def test_a_server_refuses_to_write_in_a_reading_transaction_whatever_is_sent(content):
    """The wall behind the plan: it holds where the other walls would be left out."""
    server = connect(neo4j_settings())
    for query in WRITES:
        with pytest.raises(KedrecError), server.reading(5.0, 10, "test") as transaction:
            list(transaction.run(query))
    server.close()


@pytest.mark.parametrize("query", ACTS)
def test_nothing_is_called_shown_or_ended(reader, query):
    with pytest.raises(UserError, match=r"may do more|is not valid|only Cypher's own"):
        reader.read(query)


def test_no_file_is_read_and_no_address_is_asked(reader, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a-secret-line\n")
    with _listening() as (port, asked):
        for address in (secret.as_uri(), "file:///etc/hostname", f"http://127.0.0.1:{port}/x.csv"):
            for query in (f"LOAD CSV FROM '{address}' AS row RETURN row", f"load\ncsv from '{address}' as r return r"):
                with pytest.raises(UserError, match="LoadCSV") as refused:
                    reader.read(query)
                assert "a-secret-line" not in str(refused.value)
    assert asked == []


@contextlib.contextmanager
def _listening():
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("query", ENDLESS)
def test_a_query_without_end_is_ended_by_the_server(reader, query):
    started = time.monotonic()
    with pytest.raises(WorkError, match="took longer than 1 s"):
        reader.read(query)
    assert time.monotonic() - started < 15
    assert reader.read("RETURN 1 AS one").rows == ((1,),)


def doubled(times):
    """One value that takes a server long, and in which it does not look at the clock."""
    return "WITH [1,2,3,4,5,6,7,8] AS l" + times * " WITH l + l AS l" + " RETURN size([x IN l WHERE x < 0]) AS n"


def test_while_a_query_is_left_behind_nothing_else_is_asked(reader):
    for times in range(23, 30):
        refused = _while_left_behind(reader, doubled(times))
        if refused:
            break
    assert "An earlier query still keeps Neo4j" in refused[0]
    assert reader.read("RETURN 1 AS one").rows == ((1,),)


def _while_left_behind(reader, query):
    """What the reader says while the server works on a query far beyond its limit."""
    server, refused = connect(neo4j_settings()), []

    def ask():
        with contextlib.suppress(KedrecError), server.reading(0.1, 1, "own query") as transaction:
            list(transaction.run(query))

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive():
        try:
            reader.read("RETURN 1 AS one")
        except WorkError as error:
            refused.append(str(error))
        asking.join(0.3)
    server.close()
    return refused


def test_a_process_that_takes_too_long_is_given_up(graph):
    with reading(grace=0.0, cypher_timeout=0.01) as hasty, pytest.raises(WorkError, match=r"given up: no answer"):
        hasty.read("RETURN 1 AS one")


def test_rows_and_size_are_limited(reader):
    every = reader.read("MATCH (a:Entity), (b:Entity) RETURN a.id, b.id")
    assert (len(every.rows), every.cut) == (5, "rows")
    assert reader.read("MATCH (a:Entity) RETURN count(a) AS n").cut is None
    text = "x" * 3000
    wide = reader.read(f"UNWIND [1, 2, 3, 4] AS n WITH n, '{text}' AS s RETURN n, {' + '.join(30 * 's')} AS s")
    assert ([row[0] for row in wide.rows], wide.cut) == ([1, 2], "size")
    with pytest.raises(WorkError, match="first row alone"):
        reader.read(f"WITH '{text}' AS s WITH {' + '.join(70 * 's')} AS s RETURN s")


def test_a_huge_answer_never_reaches_the_process_that_asks(graph):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with reading(cypher_timeout=10.0) as found:
        hundred_megabytes = (
            f"WITH '{3000 * 'x'}' AS s" + 10 * " WITH s + s AS s" + f" RETURN [{', '.join(30 * 's')}] AS l"
        )
        with pytest.raises(WorkError, match=r"Return (less|fewer)"):
            found.read(hundred_megabytes)
        assert found.read("RETURN 1 AS one").rows == ((1,),)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_what_is_found_comes_as_it_is_in_the_graph(reader):
    found = reader.read(
        f"MATCH p = (d:Entity {{id: '{BARI}'}})-[r:REL]->(g:Entity)<-[:REL]-(x:Entity {{id: '{DISEASE}'}}) "
        "RETURN d, r, p, [r] AS list, {head: 'a', relation: 'b', tail: 'c'} AS made_up, "
        "1.5 AS number, null AS nothing, date('2024-02-03') AS day, 0.0 / 0.0 AS odd"
    )
    target = {"head": BARI, "relation": TARGET, "tail": "Gene::3716"}
    linked = {"head": DISEASE, "relation": "Hetionet::DaG::Disease:Gene", "tail": "Gene::3716"}
    [row] = found.rows
    assert dict(zip(found.columns, row, strict=True)) == {
        "d": {"id": BARI, "name": "Baricitinib"}, "r": target, "p": [target, linked], "list": [target],
        "made_up": {"head": "a", "relation": "b", "tail": "c"}, "number": 1.5, "nothing": None, "day": "2024-02-03",
        "odd": "nan",
    }  # fmt: skip
    assert [[edge.tail for edge in walk] for walk in found.walks] == [["Gene::3716"], ["Gene::3716"] * 2]


def test_what_is_wrong_with_a_query_is_said(reader):
    for query, words in (
        ("MATCH (e:Entity) RETRUN e", "not valid: .*RETRUN"),
        ("MATCH (e:Entity) RETURN f", "not valid: .*`f` not defined"),
        ("MATCH (e:Entity {id: $id}) RETURN e", "not valid: .*id"),
        ("RETURN 1 / 0", "not valid: / by zero"),
        ("", "is empty"),
        ("x" * (LONGEST + 1), "4,001 characters"),
    ):
        with pytest.raises(UserError, match=words):
            reader.read(query)


def test_a_server_that_is_away_may_be_back_later(home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pytest.importorskip("neo4j", reason="needs the extra neo4j")
    settings = Resources.open(_settings(home, store="embedded"))._settings.model_copy(
        update={"store": "neo4j", "neo4j_uri": f"bolt://127.0.0.1:{port}"}
    )
    reader = Reader(settings)
    with pytest.raises(NotReady, match="No Neo4j server answers"):
        reader.read("RETURN 1 AS one")
    box = Resources(settings, Resources.open(_settings(home, store="embedded")).store).toolbox("none")
    result = box.call("run_cypher", {"query": "RETURN 1 AS one"})
    assert (result.status, result.data) == ("failed", {"retryable": True})
    reader.close()


@pytest.mark.parametrize(
    "query",
    [
        "RETURN range(1, 1000000000) AS l",
        "RETURN RANGE (1, 1000000000) AS l",
        "RETURN `range`(1, 1000000000) AS l",
        "RETURN range/* a word */(1, 1000000000) AS l",
        "RETURN range // a word\n(1, 1000000000) AS l",
        "RETURN r\\u0061nge(1, 1000000000) AS l",
        "RETURN '\\u0027, range(1, 1000000000) AS l //'",
        "RETURN 'it\\'s', range(1, 1000000000) AS l",
        "RETURN reduce(s = 'x', i IN [1] | s + s) AS s",
        "MATCH (n) WHERE n.name =~ '(a|a)*b' RETURN n",
        "RETURN [x IN [1] WHERE any(y IN [1] WHERE x = y)] AS l",
        "RETURN any(x IN [1] WHERE none(y IN [1] WHERE x = y)) AS l",
        "RETURN [x IN [1] | [`y z` IN [1] | x]] AS l",
        "CALL dbms.components()",
        "RETURN apoc . text . repeat('x', 1000000000) AS s",
        "EXPLAIN MATCH (n) RETURN n",
        "/* first */ PROFILE MATCH (n) RETURN n",
        "CYPHER 25 MATCH (n) RETURN n",
    ],
)
def test_words_that_may_never_end_are_refused_wherever_they_hide(query):
    assert objection(query)


@pytest.mark.parametrize(
    "query",
    [
        "MATCH (n {name: 'range(1, 2) =~ reduce(x)'}) RETURN n",
        'MATCH (n) WHERE n.name = "CALL dbms.components()" RETURN n // range(1, 2)',
        "MATCH (n) WHERE n.id IN ['a', 'b'] AND any(x IN n.synonyms WHERE x = 'c') RETURN n.range, n.reduce",
        "MATCH (n) RETURN [x IN n.synonyms | x] AS one, [y IN n.synonyms | y] AS two",
        "RETURN date.truncate('year', date()) AS d, point.distance(point({x: 1, y: 1}), point({x: 1, y: 2})) AS e",
        "MATCH p = (a)-[:REL*1..2]-(b) WHERE all(r IN relationships(p) WHERE r.source = 'GNBR') RETURN p",
        "RETURN 1.5 AS x, n.a.b AS y",
    ],
)
def test_words_that_do_no_harm_pass(query):
    assert objection(query) is None


@pytest.mark.parametrize("step", ["LoadCSV", "ProcedureCall", "TransactionApply", "ShowSettings", "SomethingNew"])
def test_a_plan_passes_only_where_every_step_is_known_to_read(step):
    reads = {"operatorType": "ProduceResults@neo4j", "children": [{"operatorType": "Expand(All)@neo4j"}]}
    assert refused_step(reads, "r") is None
    assert refused_step(reads, "rw")
    assert refused_step(None, "s")
    reads["children"][0]["children"] = [{"operatorType": f"{step}@neo4j"}]
    assert refused_step(reads, "r") == step


def _settings(home, **changes):
    from kedrec.config import Settings

    return Settings.model_validate({"home": home, "store": "neo4j", "model_cypher": True, **changes})


def test_it_is_offered_only_where_the_setting_is_on_and_nothing_is_hidden(home):
    store = Resources.open(_settings(home, store="embedded")).store

    def offered(settings, hidden=frozenset()):
        return "run_cypher" in Resources(settings, store, hidden).toolbox("none").names

    assert offered(_settings(home))
    assert not offered(_settings(home, model_cypher=False))
    assert not offered(_settings(home, store="embedded"))
    assert not offered(_settings(home), HIDDEN)
    assert not _settings(home).model_validate({}).model_cypher


def test_hidden_pairs_cannot_be_read_by_whatever_is_given(home):
    class Leaks:
        def read(self, query):
            raise AssertionError(query)

    store = Resources.open(_settings(home, store="embedded")).store
    result = Toolbox(store, None, None, "none", HIDDEN, reader=Leaks()).call("run_cypher", {"query": "RETURN 1"})
    assert "no tool 'run_cypher'" in result.message


def _asks(query):
    call = {"name": "run_cypher", "args": {"query": query}, "id": "1", "type": "tool_call"}
    return AIMessage(content="", tool_calls=[call])


def _answered(home, *queue, **more):
    settings = neo4j_settings(home=home, model_cypher=True)
    model = ScriptedChatModel(queue=list(queue))
    with Agent.open(settings, model=model, record=False, **more) as agent:
        query = Query(disease=DISEASE, candidates=(BARI, SULFA), setting="none")
        return agent.run(query), model


def test_a_model_cites_the_links_that_its_query_found(graph, home):
    source = f"{SULFA}|{TARGET}|Gene::240"
    asked = _asks(f"MATCH (:Entity {{id: '{SULFA}'}})-[r:REL {{type: '{TARGET}'}}]->(g) RETURN r, g.name AS gene")
    wrong = _asks("MATCH (n) DETACH DELETE n")

    def decides(messages):
        return decision(f"Sulfasalazine targets ALOX5 [{key_of(source)(messages)}]", choice="B")

    trace, model = _answered(home, asked, wrong, "enough", "", "", decides)
    made = trace.recommendation
    assert made.choice == SULFA
    assert made.evidence[made.sentences[0].citations[0]].source_id == source
    said = [message.content for call in model.history for message in call.messages if message.type == "tool"]
    assert "gene = ALOX5" in said[0]
    assert any("may do more than read the graph (DetachDelete)" in text for text in said)
    assert "run_cypher" in trace.config["tools"]


def test_rows_without_links_cannot_be_cited_and_say_so(graph, home):
    box = Resources.open(neo4j_settings(home=home, model_cypher=True)).toolbox("none")
    result = box.call("run_cypher", {"query": f"MATCH (e:Entity {{id: '{BARI}'}}) RETURN e.degree AS n"})
    assert (result.status, result.findings) == ("found", ())
    assert "Nothing here can be cited" in result.message
    nothing = box.call("run_cypher", {"query": "MATCH (e:Entity {id: 'nobody'}) RETURN e"})
    assert nothing.status == "nothing_found"
    failed = box.call("run_cypher", {"query": "MATCH (e:Entity RETURN e"})
    assert (failed.status, failed.data["retryable"]) == ("failed", False)


def test_with_hidden_pairs_the_notes_say_why_it_was_not_offered(graph, home):
    trace, _ = _answered(home, "enough", "", "", decision("nothing"), "x", "x", hidden=HIDDEN)
    assert "run_cypher" not in trace.config["tools"]
    notes = trace.recommendation.not_found
    assert "The model was offered no Cypher of its own: it could read the pairs that are hidden." in notes


def test_the_command_prints_rows_and_refuses_as_the_tool_does(graph, home, monkeypatch):
    settings = neo4j_settings()
    monkeypatch.setenv("KEDREC_HOME", str(home))
    query = f"MATCH (d:Entity {{id: '{BARI}'}})-[r:REL]->(g) RETURN g.name AS name ORDER BY name"
    assert "KEDREC_STORE=neo4j" in str(CliRunner().invoke(app, ["graph", "query", query]).exception)
    monkeypatch.setenv("KEDREC_STORE", "neo4j")
    monkeypatch.setenv("KEDREC_NEO4J_URI", settings.neo4j_uri)
    monkeypatch.setenv("KEDREC_NEO4J_PASSWORD", settings.neo4j_password.get_secret_value())
    table = CliRunner().invoke(app, ["graph", "query", query, "--rows", "2"])
    assert table.stdout.splitlines() == ["name", "JAK1", "JAK2"]
    assert "there are more" in table.stderr
    found = json.loads(CliRunner().invoke(app, ["graph", "query", query, "--json"]).stdout)
    assert (found["columns"], found["cut"]) == (["name"], None)
    refused = CliRunner().invoke(app, ["graph", "query", "MATCH (n) DETACH DELETE n"]).exception
    assert isinstance(refused, UserError)


def test_the_reading_process_ends_with_the_one_that_asks(graph):
    settings = neo4j_settings()
    code = (
        "import sys, os; from kedrec.config import load; from kedrec.graphdb.neo4j.user_query import Reader;"
        "r = Reader(load().settings); r.read('RETURN 1 AS one'); print(r._idle[0]._run.pid, flush=True); os._exit(1)"
    )
    env = {"KEDREC_NEO4J_URI": settings.neo4j_uri, "KEDREC_NEO4J_PASSWORD": settings.neo4j_password.get_secret_value()}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True, check=False
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(pid)


def _runs(pid):
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
