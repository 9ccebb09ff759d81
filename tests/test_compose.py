"""compose.yaml starts the Neo4j of scripts/neo4j, and the server with it; the container file holds together."""

import json
import re
import socket
import subprocess
import tomllib
from pathlib import Path

import yaml
from typer.main import get_command

from kedrec.cli.app import app
from kedrec.config import Settings

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


def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_no_service_is_reached_from_other_machines_and_every_volume_and_secret_is_there():
    told = compose()
    for name, service in told["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(told["volumes"])
        assert set(service.get("secrets", ())) <= set(told["secrets"])
        assert service.get("build") == "." or re.search(r":\d+\.\d+", service["image"])  # never `latest`


def test_the_container_of_the_server_has_settings_that_there_are_and_names_that_are_services():
    told = compose()
    service = told["services"]["kedrec"]
    for name, value in service["environment"].items():
        assert name.removeprefix("KEDREC_").lower() in Settings.model_fields, name
        if found := re.fullmatch(r"\w+://(\w+):(\d+)", value):
            other = told["services"][found[1]]
            assert other["ports"][0].endswith(f":{found[2]}") and found[1] in service["depends_on"]


def test_the_server_waits_for_a_graph_store_that_answers_and_comes_back_after_a_crash():
    """Without a store it ends at once, and Neo4j takes longer to start than it does."""
    services = compose()["services"]
    assert services["kedrec"]["depends_on"]["neo4j"] == {"condition": "service_healthy"}
    assert all(service["restart"] == "unless-stopped" for service in services.values())
    kind, *command = services["neo4j"]["healthcheck"]["test"]
    port = services["neo4j"]["ports"][0].rpartition(":")[2]
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = [word.replace(f"/{port}", f"/{server.getsockname()[1]}") for word in command]
        assert kind == "CMD" and here != command
        assert subprocess.run(here, check=False, capture_output=True).returncode == 0
    assert subprocess.run(here, check=False, capture_output=True).returncode != 0


def test_chroma_is_of_the_release_that_was_tried():
    locked = re.search(r"^chromadb==(\S+)", (ROOT / "requirements/all.txt").read_text(), re.MULTILINE)[1]
    assert compose()["services"]["chroma"]["image"] == f"chromadb/chroma:{locked}"


def instructions():
    """Instruction and arguments of each line of the Dockerfile, with continued lines joined."""
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip() and not line.startswith("#")]


def test_the_container_file_copies_what_is_there_and_nothing_that_is_ignored():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored  # so only what is named goes to the builder
    for instruction, told in instructions():
        assert instruction != "ADD"
        if instruction == "COPY" and not told.startswith("--from="):
            for source in told.split()[:-1]:
                assert (ROOT / source).exists() and f"!{source.split('/')[0]}" in ignored, source
    links = {path.name for path in (ROOT / "src/kedrec").iterdir() if path.is_symlink()}
    assert links <= {told.split()[0] for instruction, told in instructions() if instruction == "COPY"}


def test_the_container_runs_as_a_user_of_no_rights_from_images_of_a_release():
    told = instructions()
    assert [one for instruction, one in told if instruction == "USER"] == ["kedrec"]
    assert all(re.match(r"python:3\.\d+-", one) for instruction, one in told if instruction == "FROM")
    assert not [one for instruction, one in told if re.search(r"curl|wget|sudo|latest|KEY=|PASSWORD", one)]
    assert "rm -rf /var/lib/apt/lists" in next(one for _, one in told if "apt-get" in one)


def test_the_container_installs_extras_that_there_are_in_versions_of_the_lock(tmp_path):
    run = next(one for instruction, one in instructions() if instruction == "RUN" and one.startswith("sed"))
    made = tmp_path / "requirements"
    made.mkdir()
    (made / "all.txt").write_text((ROOT / "requirements/all.txt").read_text())
    subprocess.run(run, shell=True, cwd=tmp_path, check=True)
    versions = (tmp_path / "versions.txt").read_text().splitlines()
    pinned = [line for line in versions if line and not line.startswith("#")]
    assert len(pinned) > 100 and all(re.match(r"^[a-zA-Z0-9._-]+==[^ ]+( ;.*)?$", line) for line in pinned)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = re.search(r"\.\[([\w,]+)\]", next(one for _, one in instructions() if "pip install" in one))[1]
    assert set(wanted.split(",")) <= set(extras)


def test_what_the_container_starts_is_a_command_with_options_that_there_are():
    told = dict(instructions())
    command = json.loads(told["CMD"])
    options = {name for one in get_command(app).commands[command[0]].params for name in one.opts}
    assert {word for word in command if word.startswith("--")} <= options
    assert command[command.index("--key-file") + 1] == f"/run/secrets/{compose()['services']['kedrec']['secrets'][0]}"
    assert f"127.0.0.1:{told['EXPOSE']}/ready" in told["HEALTHCHECK"]
    assert compose()["services"]["kedrec"]["ports"][0].endswith(f":{told['EXPOSE']}")
