"""The pages: whole and harmless as text, and usable in a real browser by keyboard and at any width."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import opened
from chat_server import ChatServer, stalled
from recorded_runs import QUEUES, record
from web_server import serving, until
from world import BARI, build

QUESTION = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"
PAGES = ("/", "/runs", "/ranking?disease=alopecia+areata", "ANSWER", "RUN")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return build(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture(scope="module")
def web(settings):
    with serving(settings) as client:
        made = client.post("/api/ask", json={"text": QUESTION}).json()["reply"]
        client.answer, client.run = f"/answers/{made['trace_id']}", f"/runs/{made['trace_id']}"
        yield client


@pytest.fixture(scope="module")
def browser():
    made = opened()
    yield made
    made.close()


def address(web, page):
    return {"ANSWER": web.answer, "RUN": web.run}.get(page, page)


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
def test_a_page_is_whole_labelled_and_loads_nothing(web, page):
    text = web.get(address(web, page)).text
    parts = Parts(text)
    ids = [given["id"] for _, given in parts.parts if "id" in given]
    assert len(set(ids)) == len(ids) and len(parts.all("h1")) == 1
    assert parts.all("html")[0]["lang"] == "en" and parts.all("main")
    labelled = {given["for"] for given in parts.all("label")}
    assert {given["id"] for given in parts.all("input", "textarea", "select")} == labelled
    inner = {given["href"][1:] for given in parts.all("a") if given.get("href", "").startswith("#")}
    assert inner <= set(ids)
    assert not re.search(
        r"\ssrc=|<link|@import|url\((?!#)|\son\w+=", re.sub(r"<script>.*</script>", "", text, flags=re.S)
    )


def test_an_answer_says_first_what_was_chosen_and_how_sure_then_drug_by_drug(web):
    text = web.get(web.answer).text
    order = [text.index(words) for words in ('class="verdict"', 'id="questions"', 'id="evidence"')]
    assert order == sorted(order)
    assert "confidence" in text and "Baricitinib" in text and 'scope="col">Sulfasalazine' in text
    assert "Not medical advice" in text and "graph_sha256" in text


@pytest.mark.parametrize("name", QUEUES)
def test_every_end_of_a_run_has_a_page(settings, web, name):
    trace = record(settings, name)
    text = web.get(f"/answers/{trace.id}").text
    told = {"model failed": "busy: try later", "abstained": "No choice", "struck out": "Struck out by the check"}
    assert told.get(name, "Baricitinib") in text


def test_what_failed_stands_before_the_choice(settings, web):
    from kedrec.agents.traces.store import TraceStore

    trace = record(settings)
    made = trace.recommendation.model_copy(update={"failed": ("weigh_evidence: <b>no</b> disk",)})
    other = trace.model_copy(update={"id": f"{trace.id}x", "recommendation": made})
    TraceStore(settings.home / "traces").append(other)
    text = web.get(f"/answers/{other.id}").text
    assert text.index("Failed: weigh_evidence: &lt;b&gt;no") < text.index('class="verdict"')
    assert "confidence unknown" in text


@pytest.mark.parametrize("page", ["/answers/20000101T0-none", "/ranking?disease=nosuchdisease"])
def test_what_is_not_there_is_told_on_a_page(web, page):
    response = web.get(page)
    assert response.status_code == 404 and "No answer" in response.text and "Traceback" not in response.text


def test_words_that_a_client_sends_stay_words(web):
    evil = "<script>alert(1)</script>"
    for page in ("/runs?text=", "/ranking?disease="):
        assert evil not in web.get(page + evil).text


def test_a_question_is_asked_by_keyboard_and_its_citations_lead_to_evidence_and_back(web, browser):
    browser.go(f"{web.base_url}")
    browser.run("document.getElementById('text').focus()")
    browser.type(QUESTION)
    browser.press("Enter")
    browser.until("location.pathname.startsWith('/answers/') && document.readyState === 'complete'")
    assert "Baricitinib" in browser.run("document.querySelector('.verdict').innerText")
    browser.run("document.querySelector('.rationale a.key').focus()")
    key = browser.run("document.activeElement.innerText")
    browser.press("Enter")
    browser.until(f"document.activeElement.id === 'evidence-{key}'")
    browser.press("Escape")
    browser.until(f"document.activeElement.matches('.rationale a.key') && document.activeElement.innerText === '{key}'")
    browser.run("document.getElementById('text').focus()")
    browser.type("and compared with methotrexate?")
    before = browser.run("location.pathname")
    browser.press("Enter")
    browser.until(f"location.pathname !== '{before}' && document.readyState === 'complete'")
    assert "Methotrexate" in browser.run("document.querySelector('#questions thead').innerText")
    browser.run("document.getElementById('text').focus()")
    browser.type("what about its safety?")
    browser.press("Enter")
    browser.until("document.querySelector('#said h3')")
    assert "Safety" in browser.run("document.querySelector('#said h3').innerText")
    assert not browser.problems


def test_an_unclear_name_offers_what_it_may_mean(web, browser):
    browser.go(f"{web.base_url}")
    browser.run("document.getElementById('text').focus()")
    browser.type("shared name or methotrexate for alopecia areata?")
    browser.press("Enter")
    browser.until("document.querySelectorAll('#said button').length === 2")
    browser.run(
        f"[...document.querySelectorAll('#said button')].find((one) => one.innerText.includes('{BARI}')).click()"
    )
    browser.until("location.pathname.startsWith('/answers/')")
    assert not browser.problems


def test_drugs_are_compared_and_mistakes_are_told(web, browser):
    browser.go(f"{web.base_url}")
    for field, words in (("disease", "alopecia areata"), ("drugs", "baricitinib\nnosuchdrug")):
        browser.run(f"document.getElementById('{field}').focus()")
        browser.type(words)
    browser.run("document.getElementById('compare').requestSubmit()")
    browser.until("document.querySelector('#said [role=alert]')")
    assert "nosuchdrug" in browser.run("document.querySelector('#said').innerText")
    browser.run("document.getElementById('drugs').value = 'baricitinib\\nsulfasalazine'")
    browser.run("document.getElementById('compare').requestSubmit()")
    browser.until("location.pathname.startsWith('/answers/')")
    assert not browser.problems


def test_the_same_is_asked_again_without_direct_edges_and_both_answers_are_told(web, browser):
    browser.go(f"{web.base_url}".rstrip("/") + web.answer)
    before = browser.run("document.querySelector('.verdict').innerText")
    browser.run("document.querySelector('#again button').focus()")
    browser.press("Enter")
    browser.until("location.search.startsWith('?before=') && document.readyState === 'complete'")
    told = browser.run("document.querySelector('main').innerText")
    assert "direct edges between the disease and the drugs hidden" in told and "Before: Baricitinib" in told
    assert "Baricitinib" in before and browser.run("document.getElementById('again') === null")
    assert not browser.problems


def test_stop_ends_the_work_on_the_server(settings, browser):
    model = ChatServer()
    model.queue = [stalled(20)]
    away = settings.model_copy(update={"base_url": model.url, "retries": 0})
    with serving(away, "openai:tiny") as slow:
        browser.go(f"{slow.base_url}")
        browser.run("document.getElementById('disease').value = 'alopecia areata'")
        browser.run("document.getElementById('drugs').value = 'baricitinib\\nsulfasalazine'")
        browser.run("document.getElementById('compare').requestSubmit()")
        assert until(lambda: model.requests, 30)
        assert slow.service.work.taken == 1
        browser.until("!document.getElementById('stop').hidden && document.querySelectorAll('#progress li').length > 1")
        browser.run("document.getElementById('stop').click()")
        browser.until("document.getElementById('said').innerText.includes('Stopped')")
        assert until(lambda: slow.service.work.taken == 0)
    model.close()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_page_is_never_wider_than_the_window(web, browser, page, width):
    browser.wide(width)
    browser.go(f"{web.base_url}".rstrip("/") + address(web, page))
    assert browser.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(web, browser, page, dark):
    source = os.environ.get("AXE_CORE")
    if not source:
        pytest.skip("AXE_CORE names no axe.min.js; `npm pack axe-core` brings it")
    browser.wide(1280, dark=dark)
    browser.go(f"{web.base_url}".rstrip("/") + address(web, page))
    browser.run(Path(source).read_text("utf-8"))
    found = browser.run(
        "axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html.slice(0, 200)]))"
    )
    assert [one for one in found if one[0] in ("serious", "critical")] == []
    assert [one for one in found if one[1] != "region"] == []
