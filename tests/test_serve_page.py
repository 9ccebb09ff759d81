"""The pages as text: whole, labelled, loading nothing from elsewhere, and telling what the records hold."""

import json
import re
from html.parser import HTMLParser

import pytest
from recorded_runs import QUEUES, record
from web_server import serving
from world import BARI, SULFA, build

from kedrec.agents.traces.store import TraceStore
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.run import start_run
from kedrec.eval.selection import evaluate_selection
from kedrec.records import Trace
from kedrec.serve.web.page_frame import ISLANDS

QUESTION = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"
PAGES = ("/", "/compare", "/compare?disease=alopecia+areata&drugs=baricitinib", "/ranking?disease=alopecia+areata",
         "/answers/ID", "/answers/ID/evidence?key=P1", "/evidence", "/evidence?query=baricitinib",
         "/paths?first=baricitinib&last=alopecia+areata", "/entity?id=Gene::3716", "/runs", "/runs/ID",
         "/runs/ID/replay", "/diff?a=ID&b=OTHER", "/results", "/batches/BATCH")  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    made = build(tmp_path_factory.mktemp("world") / "home")
    item = {"id": "one", "disease": {"id": "Disease::MESH:D000506"}, "candidates": [{"id": BARI}, {"id": SULFA}],
            "answer": BARI}  # fmt: skip
    pairs = made.home.parent / "pairs.jsonl"
    pairs.write_text(json.dumps(item) + "\n", "utf-8")
    start_run(read_pairs(pairs), made.home.parent / "first run", made)
    report = evaluate_selection(read_pairs(pairs), made, hide_pairs=True)
    (made.home / "results").mkdir()
    (made.home / "results" / "tiny.json").write_text(report.model_dump_json(), "utf-8")
    (made.home / "results" / "broken.json").write_text("{}", "utf-8")
    return made


@pytest.fixture(scope="module")
def web(settings):
    with serving(settings) as client:
        client.timeout = 240
        ids = [client.post("/api/ask", json={"text": QUESTION}).json()["reply"]["trace_id"] for _ in range(2)]
        client.known = {
            "ID": ids[0],
            "OTHER": ids[1],
            "BATCH": re.search('/batches/([^"]+)', client.get("/runs").text)[1],
        }
        yield client


def at(web, page):
    return re.sub("ID|OTHER|BATCH", lambda found: web.known[found[0]], page)


class Parts(HTMLParser):
    """Elements and what they say of themselves."""

    def __init__(self, text):
        super().__init__()
        self.parts = []
        self.feed(text)

    def handle_starttag(self, name, given):
        self.parts.append((name, dict(given)))

    def all(self, *names):
        return [given for name, given in self.parts if name in names]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_labelled_and_loads_only_its_own_modules(web, page):
    response = web.get(at(web, page))
    assert response.status_code == 200
    parts = Parts(response.text)
    ids = [given["id"] for _, given in parts.parts if "id" in given]
    assert len(set(ids)) == len(ids) and len(parts.all("h1")) == 1
    assert parts.all("html")[0]["lang"] == "en" and parts.all("main") and parts.all("nav")
    labelled = {given["for"] for given in parts.all("label")}
    fields = [given for given in parts.all("input", "textarea", "select") if given.get("type") != "hidden"]
    assert all(given.get("id") in labelled or given.get("aria-label") for given in fields)
    inner = {given["href"][1:] for given in parts.all("a") if given.get("href", "").startswith("#")}
    assert inner <= set(ids)
    assert {given["src"] for given in parts.all("script")} <= {f"/page/{name}.js" for name in ISLANDS}
    assert not re.search(r"<link|@import|url\((?!#)|\son\w+=|<(img|iframe|object)", response.text)
    assert "script-src 'self'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("page", PAGES)
def test_every_address_on_a_page_leads_somewhere(web, page):
    found = {given["href"] for given in Parts(web.get(at(web, page)).text).all("a") if given.get("href", "")[:1] == "/"}
    for address in sorted(found)[:25]:
        assert web.get(address).status_code == 200, address


def test_a_module_is_served_and_nothing_else_below_its_address(web):
    assert all(web.get(f"/page/{name}.js").headers["content-type"].startswith("text/javascript") for name in ISLANDS)
    assert {web.get(f"/page/{name}").status_code for name in ("no.js", "..%2fapi.py", "asking.py")} <= {404, 422}


def test_an_answer_says_first_what_was_chosen_and_how_sure_then_drug_by_drug(web):
    text = web.get(at(web, "/answers/ID")).text
    order = [text.index(words) for words in ('class="verdict"', 'id="questions"', 'id="evidence"')]
    assert order == sorted(order)
    assert "confidence" in text and "Baricitinib" in text and 'scope="col">Sulfasalazine' in text
    assert "Not medical advice" in text and "graph_sha256" in text and "What speaks against it" in text


@pytest.mark.parametrize("name", QUEUES)
def test_every_end_of_a_run_has_a_page(settings, web, name):
    trace = record(settings, name)
    told = {"model failed": "busy: try later", "abstained": "No choice", "struck out": "Struck out by the check"}
    for page in (f"/answers/{trace.id}", f"/runs/{trace.id}"):
        assert told.get(name, "Baricitinib") in web.get(page).text or page.startswith("/runs")


def kept(settings, trace, **changes):
    """Another trace with an outcome that is changed."""
    made = trace.recommendation.model_copy(update=changes)
    other = trace.model_copy(update={"id": f"{trace.id}x{len(str(changes))}", "recommendation": made})
    TraceStore(settings.home / "traces").append(other)
    return other


def test_a_reader_is_told_what_is_read_in_words_and_can_choose_it(web):
    assert "evidence: graph, articles and trials" in web.get(at(web, "/answers/ID")).text
    assert "evidence: graph, articles and trials" in web.get("/").text
    form = web.get("/compare").text
    assert 'value="both" selected' in form and 'value="none" selected' not in form
    assert 'value="none" selected' in web.get("/compare?setting=none").text


def test_long_passages_and_a_rankings_evidence_are_folded_and_nothing_is_lost(web):
    for address, summary in (
        ("/ranking?disease=alopecia+areata", "pieces"),
        ("/evidence?query=baricitinib", "passage"),
    ):
        text = web.get(address).text
        folded = re.findall(r"<details[^>]*><summary>([^<]*)</summary>", text)
        assert all(summary in one for one in folded)
        assert folded or max(map(len, re.findall(r"<p>([^<]*)</p>", text))) <= 600
    ranking = web.get("/ranking?disease=alopecia+areata").text
    assert re.search(r"<summary>\d+ pieces</summary><ul", ranking)
    assert not re.search(r"<li><b>[^<]*</b><small>[^<]*</small><p>[a-z]", ranking)


def test_what_failed_stands_before_the_choice(settings, web):
    other = kept(settings, record(settings), failed=("weigh_evidence: <b>no</b> disk",))
    text = web.get(f"/answers/{other.id}").text
    assert text.index("Failed: weigh_evidence: &lt;b&gt;no") < text.index('class="verdict"')
    assert "confidence unknown" in text


def test_without_a_choice_no_drug_is_shown_as_chosen_or_as_sure(settings, web):
    other = kept(settings, record(settings), choice=None, abstained="the evidence is <even>", confidence=0.0)
    text = web.get(f"/answers/{other.id}").text
    assert "No choice: " in text and "the evidence is &lt;even&gt;" in text
    assert 'class="sure"' not in text and ">chosen<" not in text
    assert "No choice" in web.get(f"/answers/{other.id}/export?form=md").text


def test_a_citation_says_what_the_check_found_and_a_missing_source_is_told(settings, web):
    trace = record(settings)
    [sentence] = trace.recommendation.sentences
    lost = sentence.model_copy(update={"citations": (*sentence.citations, "P99")})
    text = web.get(f"/answers/{kept(settings, trace, sentences=(lost,)).id}").text
    assert "P99" in text and "source missing" in text
    key = sentence.citations[0]
    piece = web.get(f"/answers/{trace.id}/evidence?key={key}").text
    marked = [trace.recommendation.evidence[key].text[start:end] for start, end in sentence.marks[key]]
    assert marked and all(f">{words}</mark>" in piece for words in marked)
    assert "Sentence 1" in piece and "✓ checked" in piece


@pytest.mark.parametrize(
    ("filled", "kinds"), [("kind=T", "T"), ("since=2015", "P"), ("phase=3", "T"), ("text=JAK1", "K")]
)
def test_evidence_is_listed_by_all_that_is_filled_in(web, filled, kinds):
    text = web.get(at(web, f"/answers/ID/evidence?{filled}")).text
    listed = re.findall(r'href="/answers/[^"]*key=([KPT]\d+)#piece"', text)
    assert listed and {key[0] for key in listed} == set(kinds)
    assert "Nothing has all of that" in web.get(at(web, f"/answers/ID/evidence?{filled}&text=nosuchword")).text


@pytest.mark.parametrize(
    "page", ["/answers/20000101T0-none", "/ranking?disease=nosuchdisease", "/runs/20000101T0-none/replay",
             "/diff?a=20000101T0-a&b=20000101T0-b", "/batches/none-000000", "/entity?id=Gene::0"]
)  # fmt: skip
def test_what_is_not_there_is_told_on_a_page(web, page):
    response = web.get(page)
    assert response.status_code == 404 and "No answer" in response.text and "Traceback" not in response.text


@pytest.mark.parametrize("page", ["/runs?text=", "/ranking?disease=", "/compare?drugs=", "/evidence?query=",
                                  "/paths?last=x&first=", "/entity?id=", "/answers/ID/evidence?text="])  # fmt: skip
def test_words_that_a_client_sends_stay_words(web, page):
    evil = '"><script>alert(1)</script>'
    assert evil not in web.get(at(web, page) + evil).text


@pytest.mark.parametrize(
    ("filled", "found"), [("text=regrew hair", True), ("tool=graph_evidence", True), ("tool=neighbours", False),
                          ("drug=sulfa", True), ("drug=nosuch", False), ("outcome=failed&model=offline", False),
                          ("model=offline&outcome=chosen", True)]
)  # fmt: skip
def test_runs_are_found_by_what_they_hold(web, filled, found):
    assert (at(web, "/answers/ID") in web.get(f"/runs?{filled}").text) is found


def test_a_replay_says_same_and_at_a_changed_record_where(settings, web):
    assert "The same." in web.get(at(web, "/runs/ID/replay")).text
    assert web.get(at(web, "/api/traces/ID/replay")).json()["identical"]
    trace = Trace.model_validate(web.get(at(web, "/api/traces/ID")).json())
    other = kept(settings, trace, confidence=0.123)
    assert "first difference is at finish, confidence" in web.get(f"/runs/{other.id}/replay").text
    assert "0.1230" in web.get(f"/diff?a={trace.id}&b={other.id}").text


def test_a_fork_goes_on_from_a_step_and_names_no_model_but_the_servers_own(web):
    forked = web.post(at(web, "/api/traces/ID/fork"), json={"step": "answer", "model": "offline"}).json()
    assert forked["choice"] == BARI and forked["trace_id"] != web.known["ID"]
    assert "Forked from" in web.get(f"/runs/{forked['trace_id']}").text
    for asked in ({"step": "nosuch", "model": "offline"}, {"step": "answer", "model": "local:/etc"}):
        assert web.post(at(web, "/api/traces/ID/fork"), json=asked).status_code == 400


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_an_export_keeps_citations_hashes_and_date(web, form):
    response = web.get(at(web, f"/answers/ID/export?form={form}"))
    trace = Trace.model_validate(web.get(at(web, "/api/traces/ID")).json())
    keys = {key for sentence in trace.recommendation.sentences for key in sentence.citations}
    assert keys and all(key in response.text for key in keys)
    assert all(str(value) in response.text for value in trace.data.values()) and trace.created in response.text
    assert "attachment" in response.headers["content-disposition"]


def test_a_batch_tells_how_far_it_is_without_a_path_of_the_machine(settings, web):
    text = web.get(at(web, "/batches/BATCH")).text
    assert "1 of 1 pairs done" in text and 'aria-valuenow="100"' in text and "Baricitinib" in text
    assert str(settings.home.parent) not in text + web.get("/runs").text
    assert web.get(at(web, "/batches/BATCH/progress")).json()["share"] == 1


def test_results_show_each_report_and_name_a_file_that_is_none(web):
    text = web.get("/results").text
    assert "tiny: offline" in text and "1 questions about 1 diseases" in text and "broken.json" in text
    assert text.count("<svg") == text.count("the table below holds the same figures")
