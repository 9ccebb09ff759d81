"""compose.yaml starts the same Neo4j, with the same settings, as scripts/neo4j does."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
ITS_OWN = ("server.bolt.", "server.default_", "server.http")
"""What only a server without a container has to be told: where to listen."""
WITHOUT_GRACE = "internal.dbms.bolt.netty_server_shutdown_quiet_period"
"""Tests stop and start servers; a container has its own grace."""


def test_the_container_has_the_settings_of_the_script():
    script = (ROOT / "scripts" / "neo4j").read_text()
    written = script.split("<<CONF\n")[1].split("\nCONF\n")[0].splitlines()
    told = dict(line.split("=", 1) for line in written if not line.startswith((*ITS_OWN, WITHOUT_GRACE)))
    assert {name: value for name, value in of_container() if name in told} == {
        **told,
        "server.memory.heap.max_size": "1g",
    }


def test_the_container_is_of_the_same_release_and_on_loopback():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["neo4j"]
    release = re.search(r"^version=(\d+\.\d+)", (ROOT / "scripts" / "neo4j").read_text(), re.MULTILINE)[1]
    assert service["image"] == f"neo4j:{release}-community"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def of_container():
    """Neo4j's settings by their own names: a dot is `_` in the variables of its image, and `_` is `__`."""
    variables = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["neo4j"]["environment"]
    for name, value in variables.items():
        own = name.removeprefix("NEO4J_").replace("__", " ").replace("_", ".").replace(" ", "_")
        yield own, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
