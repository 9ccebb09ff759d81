"""What is said to Neo4j: all in one module, every value a parameter, valid in each Cypher that a server speaks."""

import ast
import re
from pathlib import Path

import pytest
from graph_stores import neo4j_settings

from kedrec.graphdb.drkg.files import KINDS
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import connect

ROOT = Path(__file__).parents[1]
PACKAGE = sorted(
    path
    for folder in ("graphdb", "tools", "agents", "distill", "eval", "src/kedrec/cli")
    for path in (ROOT / folder).rglob("*.py")
    if not path.name.startswith("bench_")
)
"""All modules but the benchmarks, which also ask other databases."""
CLAUSE = re.compile(
    r"\b(?:MATCH|MERGE|CREATE|UNWIND|CALL|DELETE)\b\s*[(\[{$]"
    r"|\b(?:DETACH DELETE|LOAD CSV|CREATE CONSTRAINT)\b"
    r"|\bSHOW (?:TRANSACTIONS|SETTINGS|PROCEDURES|FUNCTIONS|CONSTRAINTS|INDEXES)\b|\bUNWIND .+ AS \w"
)
"""What only Cypher has, in the capitals that ours is written in."""

TEMPLATES = {
    f"{name}.{at}" if isinstance(found, tuple) else name: text
    for name in cypher.__all__
    for found in [getattr(cypher, name)]
    for at, text in enumerate(found if isinstance(found, tuple) else [found])
}


@pytest.fixture(scope="module")
def server():
    found = connect(neo4j_settings())
    yield found
    found.close()


def languages(server):
    """The versions of Cypher that the server speaks, newer servers list them."""
    parts = {row["name"]: row["versions"] for row in server.ask("CALL dbms.components() YIELD name, versions")}
    return parts.get("Cypher", ["5"])


def documented(tree):
    """The docstrings of a module, those of its values included."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


OUR_CYPHER_AND_OTHERS = {"graphdb/neo4j/cypher.py", "eval/bench_graph/neo4j.py"}
"""The one module of ours, and the benchmark of what langchain-neo4j does."""


def test_no_cypher_stands_outside_of_its_module():
    found = []
    for path in PACKAGE:
        tree = ast.parse(path.read_text("utf-8"))
        said = documented(tree)
        found += [
            f"{path.relative_to(ROOT)}:{node.lineno}: {node.value[:60]}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
            if CLAUSE.search(node.value) and str(path.relative_to(ROOT)) not in OUR_CYPHER_AND_OTHERS
        ]
    assert found == []
    assert any(CLAUSE.search(text) for text in TEMPLATES.values())


def test_templates_are_plain_text_with_nothing_pasted_in():
    tree = ast.parse(Path(cypher.__file__).read_text("utf-8"))
    values = [node.value for node in tree.body if isinstance(node, ast.AnnAssign)]
    assert len(values) == len(cypher.__all__)
    texts = [part for value in values for part in (value.elts if isinstance(value, ast.Tuple) else [value])]
    assert all(isinstance(text, ast.Constant) and isinstance(text.value, str) for text in texts)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_names_no_kind_and_no_relation(name):
    text = TEMPLATES[name]
    labels = set(re.findall(r"[(\[]\w*:(\w+)", text))
    assert labels <= {"Entity", "REL", "KedrecGraph"}
    assert "::" not in text
    assert not any(re.search(rf"['\"`:]{re.escape(kind)}['\"`)\s]", text) for kind in KINDS)


def test_only_templates_are_asked():
    """The first argument of `ask` and `change` is a template, or a name that a loop over templates gave it."""
    for path in PACKAGE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _is_server(node.func) and node.args:
                assert isinstance(node.args[0], ast.Name) or ast.unparse(node.args[0]).startswith("cypher."), (
                    f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
                )


def _is_server(function):
    return isinstance(function, ast.Attribute) and ast.unparse(function).endswith(("server.ask", "server.change"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_server_takes_every_template_in_every_cypher_it_speaks(server, name):
    wanted = dict.fromkeys(re.findall(r"\$(\w+)", TEMPLATES[name]))
    for language in languages(server):
        server.ask(f"CYPHER {language} EXPLAIN {TEMPLATES[name]}", **wanted)


def test_a_template_that_is_not_valid_would_be_seen(server):
    from kedrec.errors import KedrecError

    with pytest.raises(KedrecError, match="refused a query"):
        server.ask("EXPLAIN MATCH (e:Entity) RETRUN e")
