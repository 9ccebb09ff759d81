"""What all tests share: an own home each, no network beyond loopback, and the markers."""

import os
import socket
from pathlib import Path

import pytest
from chat_server import ChatServer


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own for every test, and no settings from outside."""
    for name in [name for name in os.environ if name.startswith("KEDREC_") and name != "KEDREC_REAL_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("KEDREC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Refuse every connection that leaves the machine."""
    real = socket.socket.connect

    def connect(self, address):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Settings of a home that holds the tiny world, for the tests of one file, unless it has its own."""
    from world import build

    return build(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture(scope="module")
def web(settings):
    """A client of a server over that home."""
    from web_server import serving

    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def locked(settings):
    """The same of a server that asks for a key."""
    from web_server import KEY, serving

    with serving(settings, key=KEY) as client:
        yield client


@pytest.fixture
def server():
    """A server that speaks chat completions, unless a file of tests has one of its own."""
    made = ChatServer()
    yield made
    made.close()


@pytest.fixture
def judge(server, monkeypatch):
    """That server as the one that the settings name, to be a judge by `judging`."""
    pytest.importorskip("ragas")
    for name, value in {"BASE_URL": server.url, "API_KEY": "k", "WORKERS": "1", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"KEDREC_{name}", value)
    return server


@pytest.fixture
def real_data():
    """Folder of the real data, or a skip that says why."""
    folder = os.environ.get("KEDREC_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("KEDREC_REAL_DATA does not point at the real data")
    return Path(folder)
