"""Whole answers go another way than streams; the server sees no difference."""

import base64

import pytest
from chat_server import completion, stream

from kedrec.agents.models.openai_api.chat_model import OpenAICompatibleChatModel
from kedrec.config import Settings

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
