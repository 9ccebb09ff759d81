"""Ways around the guard: headers sent twice, other types and methods, old runs; and what browsers are told."""

import asyncio
import base64
import os
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from chat_server import ChatServer, stalled
from pydantic import SecretStr
from recorded_runs import record
from web_server import JSON, KEY, serving, until

from kedrec.serve.access.rates import Rates
from kedrec.serve.web import api, guard, pages
from kedrec.serve.web.guard import Guard
from kedrec.serve.web.v1 import chat_completions

COMPARED = {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"]}
LED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
ROUTERS = (api.router, chat_completions.router, pages.router)


def routes(router):
    """Routes of a router and of those that it includes."""
    for route in router.routes:
        included = getattr(route, "original_router", None)
        yield from routes(included) if included is not None else [route]


def ways():
    """Method and address of all that is served."""
    every = [route for router in ROUTERS for route in routes(router)]
    found = {(method, re.sub(r"\{[^}]+\}", "abcd", route.path)) for route in every for method in route.methods}
    return sorted({*found, ("GET", "/metrics"), ("GET", "/mcp"), ("POST", "/mcp"), ("GET", "/api/openapi.json")})


def test_the_key_stands_before_all_that_is_served_and_no_cookie_or_address_brings_it(locked):
    assert len(ways()) > 30
    for method, address in ways():
        for sent in ({}, {"cookie": f"key={KEY}"}, {"x-api-key": KEY}, {"authorization": f"Token {KEY}"}):
            status = status_of(locked, method, address, headers=sent, params={"key": KEY})
            assert status == 401, (method, address, sent)


def status_of(web, method, address, **sent):
    """Status of an answer, which may go on for ever."""
    with web.stream(method, address, **sent) as answer:
        return answer.status_code


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_the_host_is_asked_before_all_that_is_served(web, host):
    for method, address in ways():
        assert status_of(web, method, address, headers={"host": host}) == 421, (method, address)


def test_other_sites_links_lead_to_pages_and_to_nothing_that_answers_programs(web):
    assert web.get("/runs", headers=LED).status_code == 200
    for method, address in ways():
        if address.startswith(("/api", "/v1", "/mcp")) or method == "POST":
            assert status_of(web, method, address, headers={**LED, **JSON}) == 403, (method, address)
    assert web.post("/runs", headers={**LED, **JSON}, content=b"{}").status_code == 403


def told(web, *lines, body=b""):
    """Status of a request that is written by hand."""
    with socket.create_connection(("127.0.0.1", web.base_url.port), timeout=30) as sent:
        sent.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode() + body)
        return int(sent.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "name, good, bad",
    [
        ("origin", "http://localhost", "https://evil.example"),
        ("sec-fetch-site", "same-origin", "cross-site"),
        ("content-type", "application/json", "text/plain"),
        ("host", "localhost", "evil.example"),
    ],
)
def test_a_header_that_is_sent_twice_lets_nobody_in(web, name, good, bad, turned):
    first, second = (bad, good) if turned else (good, bad)
    body = b'{"disease": "x"}'
    lines = [line for line in ("host: localhost", "content-type: application/json") if not line.startswith(name)]
    lines = ["POST /api/recommend HTTP/1.1", *lines, f"content-length: {len(body)}"]
    assert told(web, *lines, f"{name}: {good}", body=body) == 404
    assert told(web, *lines, f"{name}: {first}", f"{name}: {second}", body=body) in (400, 403, 415, 421)


@pytest.mark.parametrize("kind", ["text/plain; application/json", "application/json-patch", "text/json", "json"])
def test_a_type_that_only_looks_like_json_is_refused_however_the_body_comes(web, kind):
    for address in ("/api/ask", "/mcp", "/v1/chat/completions"):
        for body in (b'{"text": "x"}', iter([b'{"text": ', b'"x"}'])):
            refused = web.post(address, content=body, headers={"content-type": kind})
            assert (refused.status_code, refused.json()["error"]["type"]) == (415, "NotJson")


@pytest.mark.parametrize("address, most", [("/api/ask", guard.MOST_BYTES), ("/v1/chat/completions", 1024 * 1024)])
def test_a_length_beyond_what_may_be_is_refused_before_anything_came(web, address, most):
    lines = (f"POST {address} HTTP/1.1", "host: localhost", "content-type: application/json")
    assert told(web, *lines, f"content-length: {most + 1}") == 413


def test_no_header_of_a_client_makes_it_somebody_else(settings):
    with serving(settings, rates=Rates(1, clock=lambda: 0.0)) as web:
        asked = [web.get("/api/about", headers={"x-forwarded-for": f"192.0.2.{at}"}).status_code for at in range(2)]
    assert asked == [200, 429]


def test_a_web_socket_is_closed_by_the_guard_itself():
    sent, reached = [], []

    async def app(scope, receive, send):
        reached.append(scope)

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(app, ["localhost"])({"type": "websocket", "path": "/", "headers": []}, None, send))
    assert (reached, [message["type"] for message in sent]) == ([], ["websocket.close"])


POLICY = {"default-src": "'none'", "script-src": "'self'", "style-src": "'unsafe-inline'", "connect-src": "'self'",
          "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
          "require-trusted-types-for": "'script'", "trusted-types": "'none'"}  # fmt: skip
CLOSED = dict.fromkeys(("default-src", "frame-ancestors", "base-uri", "form-action"), "'none'")


def test_every_answer_and_refusal_tells_browsers_to_do_no_more_than_show_it(web, locked):
    pages_, closed = [web.get("/"), web.get("/runs"), web.get("/answers/none")], [
        web.get("/health"), web.get("/api/about"), web.get("/nowhere"), web.get("/page/asking.js"), web.get("/metrics"),
        locked.get("/"), web.get("/", headers={"host": "evil.example"}), web.post("/api/ask", content=b"x" * 70_000),
    ]  # fmt: skip
    for policy, answers in ((POLICY, pages_), (CLOSED, closed)):
        for answer in answers:
            parts = (part.split(maxsplit=1) for part in answer.headers["content-security-policy"].split(";"))
            assert dict(map(tuple, parts)) == policy, answer.url
            assert {name: answer.headers.get(name) for name in guard.ALWAYS} == {
                "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
                "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
                "cache-control": "no-store",
            }  # fmt: skip
            assert "server" not in answer.headers


@pytest.mark.parametrize("id", ["x" * 100, ".hidden", "a b", "abc", "a%00bc", "%2e%2e%2fetc", "-abcd", "a;b|c"])
def test_an_id_that_is_none_is_refused_before_it_is_looked_up(web, id):
    for address in (f"/api/traces/{id}", f"/answers/{id}", f"/runs/{id}", f"/answers/{id}/export",
                    f"/api/diff?a={id}&b={id}"):  # fmt: skip
        assert web.get(address).status_code in (404, 422), address
        if "." not in id and "/" not in id and "%2f" not in id:
            assert web.get(address).status_code == 422, address


@pytest.mark.parametrize("name", ["x" * 100, ".hidden", "a b", "a%00b", "-ab"])
def test_a_name_of_a_run_or_a_conversation_that_is_none_is_refused(web, name):
    assert web.get(f"/api/runs/{name}").status_code == 422
    assert web.get(f"/api/runs/{name}/rows").status_code == 422
    asked = {"text": "baricitinib?", "conversation": name.replace("%00", "\0")}
    assert web.post("/api/ask", json=asked).status_code == 422


def test_a_secret_that_is_known_only_now_reaches_no_reader_of_an_old_run(settings):
    trace = record(settings)
    secret = "Sulfasalazine"
    assert secret in trace.model_dump_json()
    with serving(settings.model_copy(update={"api_key": SecretStr(secret)})) as web:
        for address in (f"/api/traces/{trace.id}", f"/answers/{trace.id}", f"/runs/{trace.id}",
                        *(f"/answers/{trace.id}/export?form={form}" for form in ("html", "md", "json"))):  # fmt: skip
            answer = web.get(address)
            assert answer.status_code == 200 and secret not in answer.text, address


def test_requests_leave_nothing_where_the_server_logs(settings, capfd):
    with serving(settings, key=KEY) as web:
        web.get("/api/about", params={"text": "a-question"}, headers={"authorization": f"Bearer {KEY}"})
        web.get("/api/about", params={"text": "a-question"})
    logged = "".join(capfd.readouterr())
    assert "a-question" not in logged and KEY not in logged and "/api/about" not in logged


def test_a_failure_tells_a_client_nothing_of_how(settings, caplog):
    with serving(settings) as web:
        web.service.about = lambda: 1 / 0
        answer = web.get("/api/about")
    assert answer.status_code == 500 and "ZeroDivision" not in answer.text and "division" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def start(settings, *options, **environment):
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", "serve", "--port", "0", *options]
    env = {**os.environ, "KEDREC_HOME": str(settings.home), **environment}
    server = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    found = re.search(r"http://[\d.:]+/", server.stderr.readline())
    assert found, server.communicate()
    return server, found.group().replace("0.0.0.0", "127.0.0.1")


def test_the_command_hands_keys_rate_budget_and_names_to_the_guard(settings, tmp_path):
    (tmp_path / "keys").write_text(KEY)
    options = ("--host", "0.0.0.0", "--key-file", str(tmp_path / "keys"), "--per-minute", "4", "--budget", "0")
    server, address = start(settings, *options, "--allow-host", "kedrec.example")
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            assert client.get("/api/about").status_code == 401
            client.headers["authorization"] = "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode()
            assert client.get("/api/about", headers={"host": "evil.example"}).status_code == 421
            assert client.get("/api/about", headers={"host": "kedrec.example"}).status_code == 200
            assert client.post("/api/compare", json=COMPARED).status_code == 402
            assert 429 in [client.get("/api/about").status_code for _ in range(4)]
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def test_who_waits_for_a_stream_is_told_that_the_server_ends_and_does_not_keep_it_from_that(settings):
    model = ChatServer()
    model.queue = [stalled(600)]
    options = ("--model", "openai:tiny", "--no-record")
    server, address = start(settings, *options, KEDREC_BASE_URL=model.url, KEDREC_API_KEY="none", KEDREC_RETRIES="0")
    asked = {"method": "POST", "url": f"{address}api/compare", "json": COMPARED, "timeout": 120}
    with httpx.stream(**asked, headers={"accept": "text/event-stream"}) as answer:
        assert answer.status_code == 200 and until(lambda: model.requests, 60)
        server.send_signal(signal.SIGINT)
        kind, told = answer.read().decode().strip().splitlines()[-2:]
    assert kind == "event: error" and "The server is ending" in told
    _, said = server.communicate(timeout=120)
    assert server.returncode == 130 and not said
    model.close()
