"""The page in a real browser: asked by keyboard, followed, stopped, printed; nothing leaves the machine."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from chat_server import ChatServer, stalled
from web_server import serving, until
from world import BARI

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
expect = playwright.expect
QUESTION = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"
SLOW = 120_000
"""Milliseconds within which a condition must come true, also on a busy machine."""
STUCK = 600
"""Seconds after which a test fails whose browser has stopped to answer; some calls of Playwright know no limit."""


@pytest.fixture(autouse=True)
def never_stuck():
    """Ends a test that hangs, so that it costs minutes and not the whole run."""

    def end(*told):
        raise TimeoutError(f"The browser has not answered for {STUCK} seconds.")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(STUCK)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def web(settings):
    with serving(settings) as client:
        client.timeout = SLOW / 1000
        client.id = client.post("/api/ask", json={"text": QUESTION}).json()["reply"]["trace_id"]
        yield client


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here; Debian: apt-get install chromium")
    with playwright.sync_playwright() as started:
        try:
            made = started.chromium.launch(executable_path=program, timeout=SLOW)
        except playwright.Error as error:
            pytest.skip(f"{program} does not start here: {str(error).splitlines()[0]}")
        yield made
        made.close()


@pytest.fixture
def page(browser, web):
    """A page whose errors, and whose requests to anything but the server, fail the test."""
    context = browser.new_context(base_url=str(web.base_url), viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SLOW)
    expect.set_options(timeout=SLOW)
    made, wrong = context.new_page(), []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    made.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith("http://127.0.0.1:") else None)
    yield made
    context.close()
    assert [one for one in wrong if "favicon" not in one and "404" not in one and "409" not in one] == []


def asked(page, text):
    """Type a question and press Enter."""
    expect(page.locator("html[data-asking=ready]")).to_be_attached()
    page.locator("#text").focus()
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")


def test_asked_by_keyboard_a_citation_opens_its_marked_source_and_escape_leads_back(web, page):
    page.goto("/")
    asked(page, QUESTION)
    expect(page.locator(".verdict").first).to_contain_text("Baricitinib")
    key = page.locator(".rationale a.key").first
    key.focus()
    page.keyboard.press("Enter")
    source = page.locator("#source")
    expect(source).to_be_focused()
    expect(source.locator("mark.here").first).to_be_visible()
    expect(source).to_contain_text("cited by sentence 1")
    page.keyboard.press("Escape")
    expect(key).to_be_focused()
    expect(source).to_be_hidden()
    before = page.url
    asked(page, "and compared with methotrexate?")
    page.wait_for_url(lambda url: url != before)
    expect(page.locator("#questions thead")).to_contain_text("Methotrexate")
    asked(page, "what about its safety?")
    expect(page.locator("#said h3")).to_contain_text("Safety")


def test_an_unclear_name_offers_what_it_may_mean(page):
    page.goto("/")
    asked(page, "shared name or methotrexate for alopecia areata?")
    expect(page.locator("#said button")).to_have_count(2)
    page.locator("#said button", has_text=BARI).click()
    page.wait_for_url(re.compile("/answers/"))


def test_names_are_understood_while_typed_and_mistakes_are_told(page):
    page.goto("/compare")
    page.locator("#disease").fill("patchy hair loss")
    page.locator("#drugs").fill("baricitinib\nnosuchdrug")
    page.locator("#disease").focus()
    expect(page.locator("#drugs-understood")).to_contain_text("nosuchdrug is not known")
    expect(page.locator("#drugs-understood")).to_contain_text(f"Baricitinib ({BARI}")
    page.locator("#compare button[type=submit]").click()
    expect(page.locator("#said [role=alert]")).to_contain_text("nosuchdrug")


def test_the_same_is_asked_without_direct_edges_and_both_answers_are_told(web, page):
    page.goto(f"/answers/{web.id}")
    expect(page.locator("html[data-asking=ready]")).to_be_attached()
    page.locator("#again button").press("Enter")
    page.wait_for_url(re.compile("before="))
    expect(page.locator("main")).to_contain_text("direct edges between the disease and the drugs hidden")
    page.get_by_role("link", name="What changed").click()
    expect(page.locator("h1")).to_contain_text("Two runs")


def test_stop_ends_the_work_on_the_server(settings, page):
    model = ChatServer()
    model.queue = [stalled(600)]
    away = settings.model_copy(update={"base_url": model.url, "retries": 0})
    with serving(away, "openai:tiny") as slow:
        page.goto(f"{slow.base_url}compare?disease=alopecia+areata&drugs=baricitinib%0Asulfasalazine")
        expect(page.locator("html[data-asking=ready]")).to_be_attached()
        page.locator("#compare button[type=submit]").click()
        assert until(lambda: model.requests, SLOW / 1000)
        assert slow.service.work.taken == 1
        expect(page.locator("#progress li").nth(1)).to_be_attached()
        page.locator("#stop").click()
        expect(page.locator("#said")).to_contain_text("Stopped")
        assert until(lambda: slow.service.work.taken == 0, SLOW / 1000)
    model.close()


def test_the_picture_and_the_table_of_paths_select_each_other(web, page):
    page.goto(f"/answers/{web.id}")
    figure = page.locator("#paths figure").first
    if not figure.locator("details").evaluate("(one) => one.open"):
        figure.locator("summary").click()
    figure.locator("tr[data-path]").first.hover()
    expect(figure.locator(".edge.chosen").first).to_be_attached()


def test_on_a_phone_every_drug_of_the_table_is_within_the_window_and_named(web, page):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"/answers/{web.id}")
    cells = page.locator("#questions tbody td")
    expect(cells.first).to_be_visible()
    for box in [cell.bounding_box() for cell in cells.all()]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    named = cells.evaluate_all("(all) => all.map((one) => getComputedStyle(one, '::before').content)")
    assert set(named) == {'"Baricitinib"', '"Sulfasalazine"'}


PAGES = ("/", "/compare", "/answers/ID", "/answers/ID/evidence", "/runs", "/runs/ID", "/results",
         "/paths?first=baricitinib&last=alopecia+areata")  # fmt: skip


@pytest.mark.parametrize("width", [320, 1280])
def test_a_page_is_never_wider_than_the_window_nor_its_print(web, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for one in PAGES:
        page.goto(one.replace("ID", web.id))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, one
    page.emulate_media(media="print")
    expect(page.locator("nav.top")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_what_is_behind_them(web, page, dark):
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.goto(f"/answers/{web.id}")
    for name in ("body", ".hint", "a", ".key.graph", ".key.trial", ".key.article", ".chip.supports", ".chip.against"):
        for at in page.locator(f"main {name}" if name != "body" else name).all()[:1]:
            assert at.evaluate(CONTRAST) >= 4.5, name


CONTRAST = """(one) => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = one;
  const back = () => getComputedStyle(behind).backgroundColor;
  while (parts(back())[3] === 0 && behind.parentElement) behind = behind.parentElement;
  const pair = [light(getComputedStyle(one).color), light(back())].sort((a, b) => b - a);
  return (pair[0] + 0.05) / (pair[1] + 0.05);
}"""
"""Contrast of an element's words, as WCAG 2 counts it."""


AXE = """(most) => Promise.race([
  axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])),
  new Promise((_, no) => setTimeout(() => no(new Error("axe takes too long")), most)),
])"""


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(web, browser, dark):
    source = os.environ.get("AXE_CORE")
    if not source:
        pytest.skip("AXE_CORE names no axe.min.js; `npm pack axe-core` brings it")
    context = browser.new_context(base_url=str(web.base_url), color_scheme="dark" if dark else "light", bypass_csp=True)
    page = context.new_page()
    for one in PAGES:
        page.goto(one.replace("ID", web.id))
        page.evaluate(Path(source).read_text("utf-8"))
        found = page.evaluate(AXE, SLOW)
        assert found == [], one
    context.close()
