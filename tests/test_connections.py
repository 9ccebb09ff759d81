"""Whole answers and streams look alike to the server; connections are shared until the last has left."""

import asyncio
import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from chat_server import completion, stream

from kedrec.agents.models.openai_api.chat_model import OpenAICompatibleChatModel
from kedrec.agents.models.openai_api.run_budget import RunBudget
from kedrec.config import Settings
from kedrec.errors import ConfigError

SEEN = ("authorization", "openai-organization", "openai-project", "content-type", "host")


@pytest.fixture
def ask(server, tmp_path):
    """Ask once for a whole answer and once for a stream; what the server was told of both."""

    def asked(address):
        settings = Settings(home=tmp_path, base_url=address, api_key="k-1234567890", retries=0, temperature=0.5)
        model = OpenAICompatibleChatModel.open("tiny", settings)
        server.queue = [completion("yes"), stream({"content": "yes"})]
        assert model.invoke("x").content == "yes" and "".join(c.text for c in model.stream("x")) == "yes"
        whole, streamed = ({name: told.get(name) for name in SEEN} for told in server.headers[-2:])
        assert whole == streamed
        return whole

    return asked


def test_the_key_and_the_account_are_told_alike(server, ask, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "our-lab")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "repurposing")
    told = ask(server.url)
    assert (told["authorization"], told["openai-organization"]) == ("Bearer k-1234567890", "our-lab")
    assert told["openai-project"] == "repurposing"


def test_a_password_in_the_address_takes_the_place_of_the_key(server, ask):
    told = ask(server.url.replace("http://", "http://me:let-me-in@"))
    assert told["authorization"] == "Basic " + base64.b64encode(b"me:let-me-in").decode()


def test_the_proxy_of_the_environment_is_used(server, ask, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert ask("http://model.invalid/v1/")["host"] == "model.invalid"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(server.url)["host"].startswith("127.0.0.1:")


def opened(server, tmp_path):
    settings = Settings(home=tmp_path, base_url=server.url, api_key="k-1234567890", retries=0, temperature=0.5)
    return OpenAICompatibleChatModel.open("tiny", settings)


async def asked_in(model, first, last, calls=3):
    """Connect after `first` has happened, ask, and tell `last` when this has left."""
    await first.wait()
    async with model.connected():
        said = [(await model.ainvoke("x")).content for _ in range(calls)]
    last.set()
    return said


def test_who_leaves_last_closes_whoever_connected_first(server, tmp_path):
    model = opened(server, tmp_path)
    server.queue = [completion("yes")]

    async def overlapping():
        now, gone, later = asyncio.Event(), asyncio.Event(), asyncio.Event()
        now.set()
        async with asyncio.TaskGroup() as tasks:
            short = tasks.create_task(asked_in(model, now, gone, 1))
            inner = [tasks.create_task(asked_in(model, now, later, 8)) for _ in range(7)]
            after = tasks.create_task(asked_in(model, gone, later))
        assert model._shared.here is None
        return [*short.result(), *after.result(), *(said for task in inner for said in task.result())]

    assert asyncio.run(overlapping()) == ["yes"] * 60


def test_each_event_loop_has_connections_of_its_own(server, tmp_path):
    model, both = opened(server, tmp_path), threading.Barrier(2)
    server.queue = [completion("yes")]

    async def ask():
        async with model.connected():
            both.wait(10)
            said = (await model.ainvoke("x")).content
            both.wait(10)
        return said

    with ThreadPoolExecutor(2) as threads:
        said = [future.result() for future in [threads.submit(asyncio.run, ask()) for _ in range(2)]]
    assert said == ["yes", "yes"]


def test_a_second_purse_is_refused_rather_than_left_unpaid(server, tmp_path):
    model, settings = opened(server, tmp_path), Settings(home=tmp_path)

    async def two():
        with RunBudget(tmp_path / "a.jsonl", settings) as one, RunBudget(tmp_path / "b.jsonl", settings) as other:
            async with model.connected(one), model.connected(), model.connected(one):
                with pytest.raises(ConfigError, match="one event loop"):
                    async with model.connected(other):
                        pass
        assert model._shared.here is None

    asyncio.run(two())
