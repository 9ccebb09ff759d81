"""What those who run a server see: its readiness, its counts, the spans of what was asked."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from chat_server import ChatServer, completion, send
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from web_server import serving, until
from world import BARI

from kedrec.agents.trace_export.otel import otlp
from kedrec.errors import DatabaseFailed
from kedrec.serve.operation.spans import SpanSender

ASKED = {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"]}


def counts(web):
    """Sample name and labels -> value."""
    response = web.get("/metrics")
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(found, sample, **labels):
    return found.get((sample, tuple(sorted(labels.items()))), 0)


def test_a_server_is_ready_when_its_stores_are_open(settings):
    with serving(settings) as web:
        told = web.get("/ready")
    assert told.status_code == 200
    assert told.json() == {"ready": True, "opened": ["graph", "literature", "weigher"], "missing": [], "lacking": []}


def test_what_a_server_lacks_and_what_is_missing_is_told_without_a_key_and_without_a_path(settings, tmp_path):
    from kedrec.graphdb.embedded.build import load_graph

    files = settings.home.parent / "files"
    load_graph([files / "graph.tsv"], files / "names.tsv", tmp_path / "bare" / "graph")
    with serving(settings.model_copy(update={"home": tmp_path / "bare"}), key="k" * 20) as web:
        told = web.get("/ready")
        assert told.status_code == 200 and [line.split(":")[0] for line in told.json()["lacking"]] == [
            "no articles", "no trials",
        ]  # fmt: skip

        def gone():
            raise DatabaseFailed(f"{tmp_path} is gone")

        web.service.agent.resources.store.stats = gone
        told = web.get("/ready")
        assert told.status_code == 503 and told.json()["missing"] == ["graph: DatabaseFailed"]
        assert str(tmp_path) not in told.text
        assert web.get("/metrics").status_code == 401


def test_requests_are_counted_by_way_with_what_was_refused_and_never_by_what_a_client_sends(settings):
    with serving(settings) as web:
        trace = web.post("/api/compare", json=ASKED).json()["trace_id"]
        web.get(f"/api/traces/{trace}")
        web.get("/api/traces/20000101T000000000-000000")
        web.get("/nowhere/made-up")
        web.request("BREW", "/api/about")
        web.get("/api/about", headers={"host": "evil.example"})
        found = counts(web)
    assert value(found, "kedrec_requests_total", route="/api/compare", method="POST", status="200") == 1
    assert value(found, "kedrec_requests_total", route="/api/traces/{id}", method="GET", status="200") == 1
    assert value(found, "kedrec_requests_total", route="/api/traces/{id}", method="GET", status="404") == 1
    assert value(found, "kedrec_requests_total", route="none", method="GET", status="404") == 1
    assert value(found, "kedrec_requests_total", route="none", method="GET", status="421") == 1
    assert "made-up" not in str(found) and "BREW" not in str(found)
    assert value(found, "kedrec_request_seconds_count", route="/api/compare") == 1
    assert value(found, "kedrec_open_requests") == 1  # the one that asks for the counts
    assert value(found, "kedrec_questions_total", outcome="chosen") == 1
    assert value(found, "kedrec_calls_total", kind="tool", name="graph_evidence", outcome="found") == 2
    assert value(found, "kedrec_open_questions") == 0


def test_tokens_and_cost_are_counted_for_the_model_and_the_key_and_open_work_is_seen(settings):
    model, go = ChatServer(), threading.Event()
    answer = completion("CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\nBaricitinib is in the graph. [K1]")

    def wait(handler):
        go.wait(60)
        send(handler, 200, json.dumps(answer).encode())

    model.queue = [wait]
    paid = settings.model_copy(update={"base_url": model.url, "retries": 0, "input_price": 1.0, "output_price": 2.0})
    with serving(paid, "openai:tiny") as web:
        asking = threading.Thread(target=lambda: web.post("/api/compare", json=ASKED))
        asking.start()
        assert until(lambda: value(counts(web), "kedrec_open_questions") == 1, 30)
        go.set()
        asking.join()
        found = counts(web)
    calls = value(found, "kedrec_calls_total", kind="model", name="openai:tiny", outcome="answered")
    made = len(model.requests)  # the answer to the very same request is kept, and costs nothing when it is asked again
    assert calls >= made > 1
    assert value(found, "kedrec_tokens_total", model="openai:tiny", way="sent") == 11 * made
    assert value(found, "kedrec_tokens_total", model="openai:tiny", way="received") == 7 * made
    assert value(found, "kedrec_cost_usd_total", key="everyone") == pytest.approx((11 * 1.0 + 7 * 2.0) * made / 1e6)
    model.close()


class Collector(HTTPServer):
    """Takes spans as a collector does, or says that it cannot."""

    def __init__(self, status=200):
        self.taken, self.status = [], status
        super().__init__(("127.0.0.1", 0), _Take)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Take(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.append((self.path, self.headers["content-type"], json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *told):
        pass


def test_each_run_is_sent_to_a_collector_as_the_spans_of_its_export(settings):
    collector = Collector()
    with serving(settings) as web:
        web.service.send_spans(collector.address)
        made = web.post("/api/compare", json=ASKED).json()
        assert until(lambda: collector.taken, 20)
        [(path, kind, sent)] = collector.taken
        assert (path, kind) == ("/v1/traces", "application/json")
        assert sent == otlp(web.service.agent.traces.get(made["trace_id"]))
    collector.shutdown()
    collector.server_close()


def test_a_secret_that_is_known_only_to_the_sender_is_in_no_span(settings):
    secret = "Sulfasalazine"
    with serving(settings) as web:
        made = web.post("/api/compare", json=ASKED).json()
        trace = web.service.agent.traces.get(made["trace_id"])
    collector = Collector()
    sender = SpanSender(collector.address, settings.model_copy(update={"api_key": SecretStr(secret)}))
    sender.hear("everyone", trace)
    sender.close()
    [(_, _, sent)] = collector.taken
    assert secret in trace.model_dump_json() and secret not in json.dumps(sent)
    collector.shutdown()
    collector.server_close()


def test_a_collector_that_fails_keeps_no_answer_from_anyone_and_the_log_says_so(settings, caplog):
    collector = Collector(500)
    with serving(settings) as web:
        web.service.send_spans(collector.address)
        assert web.post("/api/compare", json=ASKED).json()["choice"] == BARI
        assert until(lambda: re.search("were not taken by", caplog.text), 20)
    collector.shutdown()
    collector.server_close()
