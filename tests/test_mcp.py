"""Tools for MCP clients, with the official client: in memory, over stdio as a client starts it, and over HTTP."""

import asyncio
import json
import os
import shutil
import subprocess
import sys

import pytest
from web_server import JSON, serving
from world import BARI, DISEASE

pytest.importorskip("mcp", reason="pip install 'kedrec[mcp]'")

from mcp import Client, StdioServerParameters

from kedrec.agents.agent import Agent
from kedrec.serve.mcp.server import mcp_server
from kedrec.serve.service import Service

ASKED = {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"]}
NAMES = {"resolve", "graph_evidence", "paths", "search", "passage", "compare", "recommend", "trace"}


@pytest.fixture(scope="module")
def service(settings):
    made = Service(Agent.open(settings))
    yield made
    made.close()


@pytest.fixture
def ask(service):
    """Calls a tool in memory."""

    async def given():
        return service

    def call(name, arguments=None, **options):
        async def once():
            async with Client(mcp_server(given)) as client:
                return await client.call_tool(name, arguments or {}, **options)

        return asyncio.run(once())

    return call


def test_every_tool_is_described_and_closed(service):
    async def listed():
        async with Client(mcp_server(None)) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(listed())}
    assert set(tools) == NAMES
    for tool in tools.values():
        assert len(tool.description) > 40
        assert tool.input_schema["additionalProperties"] is False
        assert all(field.get("description") for field in tool.input_schema["properties"].values()), tool.name


def test_a_comparison_comes_as_data_with_the_evidence_it_cites_and_one_line_of_text(ask):
    told = []

    async def progress(done, total, message):
        told.append((done, message))

    made = ask("compare", ASKED, progress_callback=progress)
    assert not made.is_error and made.structured_content["choice"] == BARI
    cited = {key for sentence in made.structured_content["sentences"] for key in sentence["citations"]}
    assert cited and cited <= set(made.structured_content["evidence"])
    [text] = made.content
    assert text.text.startswith("Baricitinib for alopecia areata, confidence") and len(text.text) < 300
    assert [done for done, _ in told] == sorted({done for done, _ in told}) and len(told) > 5
    assert "gathering evidence" in {message for _, message in told}
    run = ask("trace", {"id": made.structured_content["trace_id"]}).structured_content
    assert run["outcome"]["choice"] == BARI and any("graph_evidence" in call for call in run["calls"])


@pytest.mark.parametrize(
    "name, arguments, words",
    [
        ("resolve", {"name": "olumiant"}, BARI),
        ("graph_evidence", {"disease": "alopecia areata", "drug": "baricitinib"}, "treats"),
        ("paths", {"first": "baricitinib", "last": DISEASE}, "treats"),
        ("search", {"query": "baricitinib hair"}, "PMID:1"),
        ("passage", {"id": "PMID:1"}, "38.8%"),
        ("recommend", {"disease": "alopecia areata", "top": 3}, "Baricitinib"),
    ],
)
def test_the_stores_can_be_looked_into(ask, name, arguments, words):
    made = ask(name, arguments)
    assert not made.is_error
    assert words in json.dumps(made.structured_content)
    assert len(made.content[0].text) < 300


@pytest.mark.parametrize(
    "name, arguments, words",
    [
        ("compare", {**ASKED, "model": "openai:x"}, "model"),
        ("compare", {"disease": "alopecia areata", "candidates": []}, "candidates"),
        ("compare", {**ASKED, "candidates": ["nosuchdrug"]}, "nosuchdrug"),
        ("graph_evidence", {"disease": "alopecia areata", "drug": "shared name"}, "Say which"),
        ("passage", {"id": "../../etc/passwd"}, "nothing with the id"),
        ("trace", {"id": "../x"}, "id"),
        ("trace", {"id": "20000101T000000000-000000"}, "No trace"),
        ("nosuchtool", {}, "compare"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(ask, name, arguments, words):
    made = ask(name, arguments)
    assert made.is_error and words in made.content[0].text
    assert made.structured_content is None and "Traceback" not in made.content[0].text


def start(home):
    command = "from kedrec.cli import main; main()"
    env = {**os.environ, "KEDREC_HOME": str(home)}
    return StdioServerParameters(command=sys.executable, args=["-c", command, "mcp"], env=env)


def test_a_client_starts_it_over_stdio(settings):
    async def asked():
        async with Client(start(settings.home)) as client:
            return await client.list_tools(), await client.call_tool("compare", ASKED)

    tools, made = asyncio.run(asked())
    assert {tool.name for tool in tools.tools} == NAMES and made.structured_content["choice"] == BARI


def test_without_a_graph_it_starts_and_says_what_to_do(tmp_path):
    async def asked():
        async with Client(start(tmp_path / "none")) as client:
            return await client.call_tool("resolve", {"name": "olumiant"})

    made = asyncio.run(asked())
    assert made.is_error and "kedrec graph load" in made.content[0].text


def test_the_web_server_speaks_it_behind_its_guard(settings):
    with serving(settings) as web:

        async def asked():
            async with Client(f"{web.base_url}mcp") as client:
                return await client.call_tool("compare", ASKED)

        assert asyncio.run(asked()).structured_content["choice"] == BARI
        first = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for bad in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert web.post("/mcp", json=first, headers={**JSON, **bad}).status_code in (403, 421)
        assert web.get("/mcp", headers={"host": "evil.example"}).status_code == 421
    with serving(settings, key="k" * 20) as locked:
        assert locked.post("/mcp", json=first).status_code == 401


@pytest.fixture(scope="module")
def inspector():
    """The inspector of MCP in its command-line form, or a skip that says why."""
    found = os.environ.get("MCP_INSPECTOR") or shutil.which("mcp-inspector")
    if found is None:
        pytest.skip(
            "no mcp-inspector; npm install @modelcontextprotocol/inspector, MCP_INSPECTOR=its .bin/mcp-inspector"
        )

    def inspect(*words):
        done = subprocess.run([found, "--cli", *words], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return inspect


def test_the_inspector_lists_and_calls_the_tools_over_http_and_stdio(settings, inspector):
    with serving(settings) as web:
        over_http = (f"{web.base_url}mcp", "--transport", "http")
        listed = inspector(*over_http, "--method", "tools/list")
        assert {tool["name"] for tool in listed["tools"]} == NAMES
        call = ("--method", "tools/call", "--tool-name", "resolve", "--tool-arg", "name=olumiant")
        assert inspector(*over_http, *call)["structuredContent"]["entity"]["id"] == BARI
        wrong = ("--method", "tools/call", "--tool-name", "resolve", "--tool-arg", "name=x", "--tool-arg", "kind=spoon")
        assert inspector(*over_http, *wrong)["isError"] is True
    server = start(settings.home)
    begun = ("-e", f"KEDREC_HOME={settings.home}", server.command, *server.args)
    assert inspector(*begun, *call)["structuredContent"]["entity"]["id"] == BARI
