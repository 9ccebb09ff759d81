"""What the server refuses before anything is looked at: each test fails without its guard."""

import asyncio
import base64
import hmac
import json
import socket
import time
from datetime import date

import pytest
from chat_server import ChatServer, completion
from web_server import JSON, KEY, serving, until

from kedrec.cli.serve import check_budget
from kedrec.errors import UserError
from kedrec.serve.access import keys
from kedrec.serve.access.budgets import Budgets
from kedrec.serve.access.rates import Rates
from kedrec.serve.web import guard, server, slow_clients

PAGE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
COMPARED = {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"]}
ASKED = "Baricitinib or sulfasalazine for alopecia areata?"
ASK = {"name": "olumiant"}


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
    assert web.post("/api/ask", content=deep, headers=JSON).json()["error"]["type"] == "TooDeep"
    nested = [b'{"text": ' + b"[" * levels + b"]" * levels + b"}" for levels in (guard.MOST_DEEP - 1, guard.MOST_DEEP)]
    assert [web.post("/api/ask", content=one, headers=JSON).status_code for one in nested] == [422, 400]
    assert guard._depth(rb'{"text": "[[[{ \" [[ \\", "a": [{"b": "}"}]}') == 3


@pytest.mark.parametrize("end", [b"", b"\\", b'"'])
def test_no_body_takes_long_to_look_through(end):
    begun = time.monotonic()
    guard._depth(b'"' + b'\\"' * (guard.MOST_BYTES_OF_A_CHAT // 2) + end)
    guard._depth(b'"' * guard.MOST_BYTES_OF_A_CHAT + end)
    guard._depth(b"[]" * (guard.MOST_BYTES_OF_A_CHAT // 2) + end)
    assert time.monotonic() - begun < 30


def test_a_client_that_sends_slowly_is_not_waited_for(web, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS_TO_SEND", 0.3)
    with socket.create_connection(("127.0.0.1", web.base_url.port), timeout=60) as slow:
        head = (
            "POST /api/ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
        )
        begun = time.monotonic()
        slow.sendall(head.encode())
        assert b" 408 " in slow.recv(100)
    assert time.monotonic() - begun < 9


@pytest.mark.parametrize("before", ["", "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"])
def test_a_client_that_never_ends_its_head_is_left(web, monkeypatch, before):
    monkeypatch.setattr(slow_clients, "SECONDS_TO_BEGIN", 0.3)
    with socket.create_connection(("127.0.0.1", web.base_url.port), timeout=60) as slow:
        if before:
            slow.sendall(before.encode())
            assert b'"ok"' in slow.recv(4000)
        begun = time.monotonic()
        slow.sendall(b"GET /health HTTP/1.1\r\nhost: loc")
        assert slow.recv(100) == b""
    assert time.monotonic() - begun < 9


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


def test_a_page_of_another_site_gets_no_leave_to_ask_by_asking_first(web):
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    response = web.request("OPTIONS", "/api/ask", headers=asked)
    assert response.status_code == 403
    ours = web.request("OPTIONS", "/api/ask", headers={**asked, "origin": str(web.base_url).rstrip("/")})
    for answer in (response, ours):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_key_is_compared_in_constant_time_and_told_apart(monkeypatch):
    compared, real = [], hmac.compare_digest
    monkeypatch.setattr(keys.hmac, "compare_digest", lambda one, other: compared.append(other) or real(one, other))
    held = keys.Keys({"ward": "w" * 20, "lab": "l" * 20})
    assert held.name_of("Bearer " + "w" * 20) == "ward" and held.name_of("Bearer " + "l" * 20) == "lab"
    assert held.name_of("Bearer x") is None and held.name_of("") is None
    assert len(compared) == 8  # both, each time, also where the first one fits


@pytest.mark.parametrize(
    "text",
    ["", "\n", "short\n", "a b c\n", f"{'k' * 20}\n{'l' * 20}\n", f"a {'k' * 20}\na {'l' * 20}\n",
     f"a {'k' * 20}\nb {'k' * 20}\n", f"a {'k' * 20}\nb short\n", f"a {'é' * 20}\n"],
)  # fmt: skip
def test_a_file_of_keys_that_does_not_hold_is_refused_without_telling_them(tmp_path, text):
    path = tmp_path / "keys"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match="keys") as raised:
        keys.read_keys(path)
    assert "k" * 20 not in str(raised.value)


def test_who_asks_too_often_waits_by_key_or_address_and_so_does_who_tries_keys(settings):
    held = keys.Keys({"ward": "w" * 20, "lab": "l" * 20})

    def status(web, key, address="/api/about"):
        return web.get(address, headers={"authorization": f"Bearer {key}"})

    with serving(settings, keys=held, rates=Rates(2, clock=lambda: 0.0)) as web:
        assert [status(web, "w" * 20).status_code for _ in range(3)] == [200, 200, 429]
        assert status(web, "l" * 20).status_code == 200
        tried = [status(web, f"wrong {at}") for at in range(3)]
        assert [one.status_code for one in tried] == [401, 401, 429] and int(tried[2].headers["retry-after"]) == 30
        assert status(web, "x", "/v1/models").json()["error"]["code"] == "TooMany"
        assert {web.get("/health").status_code for _ in range(5)} == {200}


def test_without_keys_each_address_has_a_rate_of_its_own():
    told = []

    async def app(scope, receive, send):
        told.append(200)

    async def send(message):
        told.extend([message["status"]] if "status" in message else [])

    asks = {"type": "http", "method": "GET", "path": "/api/about", "headers": [(b"host", b"localhost")]}
    guarded = guard.Guard(app, ["localhost"], rates=Rates(1, clock=lambda: 0.0))
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        asyncio.run(guarded({**asks, "client": (address, 1)}, None, send))
    assert told == [200, 429, 200]


def test_a_bucket_fills_evenly_and_what_it_remembers_is_bounded(monkeypatch):
    now = [0.0]
    rates = Rates(60, clock=lambda: now[0])
    assert [rates.wait("a") for _ in range(60)] == [0.0] * 60 and rates.wait("a") == pytest.approx(1.0)
    now[0] = 1.5
    assert rates.wait("a") == 0.0 and rates.wait("a") == pytest.approx(0.5)
    now[0] = 1e6
    assert [rates.wait("a") for _ in range(61)][-1] > 0
    monkeypatch.setattr("kedrec.serve.access.rates.MOST_ASKERS", 10)
    for at in range(100):
        rates.wait(str(at))
    assert len(rates._left) == 10


def test_more_connections_than_there_may_be_are_told_so(settings, monkeypatch):
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    with serving(settings) as web:
        held = [socket.create_connection(("127.0.0.1", web.base_url.port)) for _ in range(3)]
        assert until(lambda: web.get("/health", headers={"connection": "close"}).status_code == 503, 30)
        for one in held:
            one.close()
        assert until(lambda: web.get("/health", headers={"connection": "close"}).status_code == 200, 30)


PRICES = {"input_price": 1e6, "output_price": 0.0, "retries": 0}
"""One US dollar a token."""


@pytest.mark.parametrize(
    "address, body",
    [("/api/compare", COMPARED), ("/api/ask", {"text": ASKED}),
     ("/v1/chat/completions", {"model": "kedrec", "messages": [{"role": "user", "content": ASKED}]})],
)  # fmt: skip
def test_a_key_whose_budget_is_spent_is_refused_until_tomorrow_and_no_other(settings, address, body):
    model, day = ChatServer(), [date(2026, 1, 1)]
    model.queue = [completion("CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\nBaricitinib is in the graph. [K1]")]
    held, budgets = keys.Keys({"ward": "w" * 20, "lab": "l" * 20}), Budgets(5.0, lambda: day[0])
    paid = settings.model_copy(update={**PRICES, "base_url": model.url})

    def ask(key):
        return web.post(address, json=body, headers={"authorization": f"Bearer {key * 20}"})

    with serving(paid, "openai:tiny", keys=held, budgets=budgets) as web:
        assert ask("w").status_code == 200
        assert budgets.spent("ward") >= 11 and budgets.spent("lab") == 0
        calls = len(model.requests)
        refused = ask("w")
        assert refused.status_code == 402 and "--budget" in refused.json()["error"]["message"]
        assert len(model.requests) == calls and ask("l").status_code == 200
        assert web.get("/api/about", headers={"authorization": "Bearer " + "w" * 20}).status_code == 200
        day[0] = date(2026, 1, 2)
        assert ask("w").status_code == 200
    model.close()


def test_what_is_asked_over_mcp_counts_for_the_key_as_well(settings):
    pytest.importorskip("mcp", reason="pip install 'kedrec[mcp]'")
    budgets, held = Budgets(5.0), keys.Keys({"ward": "w" * 20, "lab": "l" * 20})
    budgets.spend("ward", 5.0)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "compare", "arguments": COMPARED}}
    accept = {"accept": "application/json, text/event-stream"}

    def ask(key):
        return web.post("/mcp", json=call, headers={**accept, "authorization": f"Bearer {key * 20}"}).text

    with serving(settings, budgets=budgets, keys=held) as web:
        assert "spent today" in ask("w") and "Baricitinib for alopecia areata" in ask("l")


def test_going_on_with_a_recorded_question_is_refused_as_well_where_the_budget_is_spent(settings):
    budgets, held = Budgets(5.0), keys.Keys({"ward": "w" * 20})
    key = {"authorization": "Bearer " + "w" * 20}
    with serving(settings, budgets=budgets, keys=held) as web:
        made = web.post("/api/compare", json=COMPARED, headers=key).json()
        address, asked = f"/api/traces/{made['trace_id']}/fork", {"step": "answer", "model": "offline"}
        assert web.post(address, json=asked, headers=key).status_code == 200
        budgets.spend("ward", 5.0)
        assert web.post(address, json=asked, headers=key).status_code == 402


def test_a_budget_that_nothing_counts_against_is_refused(settings):
    with pytest.raises(UserError, match="KEDREC_INPUT_PRICE"):
        check_budget(settings.model_copy(update={"model": "openai:tiny"}), 1.0)
    check_budget(settings.model_copy(update={"model": "openai:tiny", "input_price": 1.0}), 1.0)
    check_budget(settings, 1.0)


def test_neither_a_key_nor_a_question_gets_into_the_log(settings, caplog):
    with serving(settings, key=KEY) as web:
        web.service.about = lambda: 1 / 0
        login = {"authorization": f"Bearer {KEY}"}
        response = web.get("/api/about", params={"key": KEY, "text": "a question"}, headers=login)
    assert response.status_code == 500 and response.json()["error"]["type"] == "WorkError"
    assert "/api/about failed" in caplog.text and KEY not in caplog.text and "a question" not in caplog.text
    assert KEY.replace(" ", "+") not in caplog.text
