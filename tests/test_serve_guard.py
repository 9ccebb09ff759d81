"""What the server refuses before anything is looked at: each test fails without its guard."""

import base64
import json
import socket
import time

import pytest
from web_server import JSON, serving
from world import build

from kedrec.serve.web import guard, slow_clients

PAGE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
KEY = "a key of more than sixteen"
ASK = {"name": "olumiant"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return build(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture(scope="module")
def web(settings):
    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def locked(settings):
    with serving(settings, key=KEY) as client:
        yield client


@pytest.mark.parametrize("address", ["/", "/health", "/api/about", "/runs/", "/api/openapi.json", "/nowhere"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::2]:1", "0.0.0.0"]
)
def test_an_unknown_host_name_gets_nothing(web, address, host):
    response = web.get(address, headers={"host": host})
    assert response.status_code == 421 and "location" not in response.headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "LOCALHOST:80", "[::1]:8765"])
def test_names_of_this_machine_are_known_whatever_the_port(web, host):
    assert web.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", **PAGE},
    ],
)
def test_another_sites_page_gets_nothing_of_the_api(web, headers):
    assert web.post("/api/recommend", json={"disease": "x"}, headers=headers).status_code == 403
    assert web.get("/api/about", headers=headers).status_code == 403


def test_a_link_leads_a_person_to_a_page_and_no_page_is_embedded(web):
    crossing = {"sec-fetch-site": "cross-site"}
    assert web.get("/runs", headers={**crossing, **PAGE}).status_code == 200
    for dest in ("iframe", "script", "image", "empty"):
        refused = web.get("/runs", headers={**crossing, "sec-fetch-mode": "navigate", "sec-fetch-dest": dest})
        assert refused.status_code == 403


def test_our_own_page_may_ask(web):
    ours = {"origin": str(web.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert web.get("/api/entities", params=ASK, headers=ours).status_code == 200


def test_no_answer_lets_another_site_read_or_frame_it(web):
    for address in ("/", "/api/about", "/nowhere", "/health"):
        headers = web.get(address, headers={"origin": "http://" + web.base_url.netloc.decode()}).headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and "server" not in headers


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_only_json_is_read(web, kind):
    assert web.post("/api/ask", content=b'{"text": "x"}', headers={"content-type": kind}).status_code == 415


def test_a_large_or_deep_body_is_refused_before_it_is_read(web):
    large = json.dumps({"text": "x" * guard.MOST_BYTES}).encode()
    assert web.post("/api/ask", content=large, headers=JSON).status_code == 413
    pieces = (large[at : at + 1000] for at in range(0, len(large), 1000))
    assert web.post("/api/ask", content=pieces, headers=JSON).status_code == 413
    deep = b'{"text": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    assert web.post("/api/ask", content=deep, headers=JSON).status_code == 400
    assert guard._depth(rb'{"text": "[[[{ \" [[ \\", "a": [{"b": "}"}]}') == 3


@pytest.mark.parametrize("end", [b"", b"\\", b'"'])
def test_no_body_takes_long_to_look_through(end):
    begun = time.monotonic()
    guard._depth(b'"' + b'\\"' * (guard.MOST_BYTES_OF_A_CHAT // 2) + end)
    guard._depth(b'"' * guard.MOST_BYTES_OF_A_CHAT + end)
    guard._depth(b"[]" * (guard.MOST_BYTES_OF_A_CHAT // 2) + end)
    assert time.monotonic() - begun < 3


def test_a_client_that_sends_slowly_is_not_waited_for(web, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS_TO_SEND", 0.3)
    with socket.create_connection(("127.0.0.1", web.base_url.port), timeout=5) as slow:
        head = (
            "POST /api/ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
        )
        begun = time.monotonic()
        slow.sendall(head.encode())
        assert b" 408 " in slow.recv(100)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("before", ["", "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"])
def test_a_client_that_never_ends_its_head_is_left(web, monkeypatch, before):
    monkeypatch.setattr(slow_clients, "SECONDS_TO_BEGIN", 0.3)
    with socket.create_connection(("127.0.0.1", web.base_url.port), timeout=5) as slow:
        if before:
            slow.sendall(before.encode())
            assert b'"ok"' in slow.recv(4000)
        begun = time.monotonic()
        slow.sendall(b"GET /health HTTP/1.1\r\nhost: loc")
        assert slow.recv(100) == b""
    assert time.monotonic() - begun < 3


def test_without_the_key_nothing_but_its_health_is_told(locked):
    assert locked.get("/health").status_code == 200
    for address in ("/", "/runs", "/api/about", "/api/openapi.json", "/nowhere"):
        response = locked.get(address)
        assert response.status_code == 401 and response.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic"])
def test_the_key_opens_as_a_header_and_only_whole(locked, scheme):
    def with_key(key):
        sent = base64.b64encode(f"anyone:{key}".encode()).decode() if scheme == "Basic" else key
        return locked.get("/api/about", headers={"authorization": f"{scheme} {sent}".encode("latin-1")}).status_code

    assert with_key(KEY) == 200
    assert {with_key(key) for key in (KEY[:-1], KEY + "x", KEY.upper(), "x", "é")} == {401}


def test_the_key_does_not_open_from_an_address(locked):
    assert locked.get("/api/about", params={"key": KEY, "access_token": KEY}).status_code == 401


def test_no_web_socket_is_opened(web):
    asked = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "eA==",
    }
    assert web.get("/api/about", headers=asked).status_code != 101
