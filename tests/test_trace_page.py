"""A run's page tells the run, needs nothing from anywhere, and no text of the run becomes markup in it."""

import html
import json
import re
from html.parser import HTMLParser
from itertools import combinations

import pytest
from recorded_runs import QUEUES, record
from typer.testing import CliRunner

from kedrec.agents.answer_html.evidence import headed, marked
from kedrec.agents.answer_html.graph_paths import DrawnEdge, DrugPaths
from kedrec.agents.answer_html.graph_svg import drawing
from kedrec.agents.answer_html.html import join, tag
from kedrec.agents.answer_html.outcome import choice
from kedrec.agents.answer_html.page import trace_page
from kedrec.cli.app import app
from kedrec.records import ModelCall, Recommendation, Trace, probability_text

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</style></svg></pre><iframe src='https://example.org'></iframe>",
    "' style='background:url(https://example.org/x)' x='",
    "&lt;script&gt;<!-- ]]> \u202e \x00 \ud83d",
)
TAGS = re.compile(
    "html|head|meta|title|style|body|main|header|nav|section|div|span|p|a|b|i|s|[ou]l|li|d[ltd]|h[123]|small|code|pre"
    "|table|caption|thead|tbody|tr|t[hd]|details|summary|figure|figcaption|svg|defs|marker|path|g|rect|text|footer|mark"
)
ATTRIBUTES = re.compile(
    "lang|scope|tabindex|charset|http-equiv|content|name|class|id|href|title|rel|style|open|viewbox|role|aria-(label|hidden)|[xyd]|rx"
    "|width|height|data-(sentences?|keys|path|drug)|marker-end|markerwidth|markerheight|ref[xy]|orient|markerunits"
)
OPEN = {"meta", "br"}


class Page(HTMLParser):
    """What a browser would see: whole, and of no other parts than a page of ours has."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.ids, self.links, self.texts, self.styles = set(), set(), [], [], [], []
        self._open = []
        self.feed(text)
        self.close()
        assert not self._open
        assert all(TAGS.fullmatch(name) for name in self.tags)
        assert all(ATTRIBUTES.fullmatch(name) for name in self.attributes)

    def handle_starttag(self, name, given):
        self.tags.add(name)
        known = dict(given)
        self.attributes |= set(known)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []
        self.styles += [known["style"]] if "style" in known else []
        if name not in OPEN:
            self._open.append(name)

    def handle_endtag(self, name):
        assert self._open.pop() == name

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.texts.append(data)


def poisoned(value, keep=()):
    """The same trace with a payload behind every text of it that anybody but us could have written."""
    if isinstance(value, str):
        return value + "".join(PAYLOADS)
    if isinstance(value, dict):
        return {
            key: item if key in {"status", "type", "stance", "setting", "match", "kind", "schema_version"} | set(keep)
            else poisoned(item)
            for key, item in value.items()
        }  # fmt: skip
    return [poisoned(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", QUEUES)
def test_the_page_is_whole_and_every_link_in_it_leads_somewhere(settings, name):
    page = Page(trace_page(record(settings, name)))
    assert len(set(page.ids)) == len(page.ids)
    inner = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inner) <= set(page.ids)
    assert {"evidence-K1", "call-1", "steps"} <= set(page.ids) or name == "model failed"


def test_nothing_is_loaded_and_nothing_runs(settings):
    text = trace_page(record(settings))
    page = Page(text)
    assert not re.search(r"url\((?!#)|@import|src=|<script|<link|<iframe|<object|<base|\bon\w+=", text)
    assert html.escape("default-src 'none'") in text
    outer = [link for link in page.links if not link.startswith("#")]
    assert outer
    assert all(re.match(r"https://(pubmed|pmc)\.ncbi|https://clinicaltrials\.gov/study/NCT", link) for link in outer)


def test_no_text_of_a_run_becomes_markup(settings):
    plain = record(settings, "tools and repair").model_dump(mode="json")
    made = Trace.model_validate(poisoned(plain))
    page = Page(trace_page(made))
    assert all(link.startswith(("#", "https://")) for link in page.links)
    assert all(re.fullmatch(r"[a-z-]+:[\w.%:;-]+", style) for style in page.styles)
    shown = "".join(page.texts)
    assert "<script>alert(1)</script>" in shown
    assert not {"\u202e", "\x00", "\ud83d"} & set(shown)


def test_poisoned_keys_and_ids_lead_nowhere_else(settings):
    plain = json.loads(record(settings).model_dump_json())
    evil = 'K1"><script>alert(1)</script>'
    entry = plain["recommendation"]["evidence"]["K1"]
    plain["recommendation"]["evidence"][evil] = {**entry, "key": evil, "source_id": "javascript:alert(1)"}
    plain["recommendation"]["sentences"][0]["citations"] = [evil, "K1"]
    page = Page(trace_page(Trace.model_validate(plain)))
    assert not any(link.startswith("javascript") for link in page.links)


def test_the_choice_its_reasons_and_where_they_come_from_are_told(settings):
    trace = record(settings, "tools and repair")
    made, page = trace.recommendation, Page(trace_page(trace))
    shown = " ".join(" ".join(page.texts).split())
    assert "Baricitinib for alopecia areata" in shown.replace("  ", " ")
    for sentence in made.sentences:
        assert sentence.text in shown
        assert all(f"#evidence-{key}" in page.links for key in sentence.citations)
    assert all(entry.text in shown for entry in made.evidence.values())
    assert "JAK1" in shown
    assert all(f"call-{number}" in page.ids for number in range(1, len(trace.calls) + 1))
    assert len([text for text in page.texts if text == "decide"]) >= 1


def test_what_was_struck_out_and_why_a_run_failed_is_told(settings):
    struck = "".join(Page(trace_page(record(settings, "struck out"))).texts)
    assert "Struck out by the check" in struck
    failed = "".join(Page(trace_page(record(settings, "model failed"))).texts)
    assert "Failed: ModelUnavailable: busy: try later" in failed


class Leaning(Recommendation):
    """An outcome that leans to a drug without choosing it."""

    leaning: str | None = None


def test_what_is_too_close_to_call_is_shown_as_such_and_not_as_a_choice(settings):
    made = record(settings).recommendation
    drug = made.candidates[0]
    changes = {"choice": None, "abstained": "both are <used>", "confidence": 0.55, "leaning": drug.id}
    shown = str(choice(Leaning.model_validate({**made.model_dump(), **changes})))
    assert (
        "Cannot tell" in shown
        and "too close to call" in shown
        and f"leans to {drug.name}, 0.55" in shown
        and "&lt;used&gt;" in shown
    )
    assert 'class="open"' in shown and "confidence" not in shown
    assert "Too close" not in str(choice(made.model_copy(update={"choice": None, "abstained": "no idea"})))


@pytest.mark.parametrize(("value", "shown"), [(1.0, ">0.99"), (0.9985, ">0.99"), (0.5, "0.50"), (0.0, "<0.01")])
def test_a_probability_is_never_shown_as_certain(value, shown):
    assert probability_text(value) == shown


def test_a_line_from_end_to_end_goes_below_all_boxes():
    picture = str(drawing(crowded(5)))
    lowest = max(float(y) + 30 for y in re.findall(r'<rect x="[\d.]+" y="([\d.]+)"', picture))
    [direct] = re.findall(r'<title>a treats z; K2</title><path d="M([^"]+)"', picture)
    (_, y1), (_, deep), _, (_, y2) = [
        tuple(map(float, point.split())) for point in re.findall(r"[\d.]+ [\d.]+", direct)
    ]
    assert (y1 + y2) / 8 + deep * 0.75 > lowest


def test_headings_of_an_abstract_stand_out_and_other_stars_stay():
    text = "**METHODS:** 10 ** 3 < 4. **RESULTS:** a * b **bold** c"
    assert headed(text) == "<b>METHODS:</b> 10 ** 3 &lt; 4. <b>RESULTS:</b> a * b **bold** c"
    assert marked("**AIM:** x", {(9, 10): ()}) == "<b>AIM:</b> <mark>x</mark>"


def test_only_what_the_markup_itself_made_stays_unescaped():
    assert tag("p", "<b>", tag("b", "&"), None, title='"') == '<p title="&quot;">&lt;b&gt;<b>&amp;</b></p>'
    assert join("<", tag("br")) == "&lt;<br>"


def test_the_command_writes_a_page_or_nothing(settings, tmp_path, monkeypatch):
    trace = record(settings)
    monkeypatch.setenv("KEDREC_HOME", str(settings.home))
    command = ["trace", "show", trace.id, "--html"]
    done = CliRunner().invoke(app, [*command, str(tmp_path / "run.html")])
    assert done.exit_code == 0
    Page((tmp_path / "run.html").read_text("utf-8"))
    missing = CliRunner().invoke(app, [*command, str(tmp_path / "no" / "run.html")])
    assert "does not exist" in str(missing.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["run.html"]


def test_a_key_that_is_known_only_now_does_not_reach_the_page(settings, tmp_path, monkeypatch):
    trace = record(settings)
    assert any(isinstance(call, ModelCall) for call in trace.calls)
    monkeypatch.setenv("KEDREC_HOME", str(settings.home))
    monkeypatch.setenv("LATE_API_KEY", "Baricitinib regrew")
    CliRunner().invoke(app, ["trace", "show", trace.id, "--html", str(tmp_path / "run.html")])
    written = (tmp_path / "run.html").read_text("utf-8")
    assert "Baricitinib regrew" not in written
    assert "[secret]" in written


def crowded(letters: int) -> DrugPaths:
    verbs = ("DRUGBANK::treats::Compound:Disease", "Hetionet::DaG::Disease:Gene")
    links = [DrawnEdge("a", verbs[0], f"m{n}", ["K1"]) for n in range(letters)]
    links += [DrawnEdge(f"m{n}", verbs[n % 2], "z", ["K1"], cited=n == 0) for n in range(letters)]
    return DrugPaths("a", "z", (*links, DrawnEdge("a", verbs[0], "z", ["K2"], cited=True)), {})


@pytest.mark.parametrize("letters", [1, 2, 3, 5, 7])
def test_no_words_of_a_picture_stand_on_others_or_on_a_box(letters):
    picture = str(drawing(crowded(letters)))
    words = re.findall(r'<path[^>]*>(?:</path>)?<text x="([\d.]+)" y="([\d.]+)">([^<]+)', picture)
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="(\d+)"', picture)
    areas = [(float(x) - 2.7 * len(w), float(y) - 9, float(x) + 2.7 * len(w), float(y) + 2) for x, y, w in words]
    areas += [(float(x), float(y), float(x) + int(w), float(y) + int(h)) for x, y, w, h in boxes]
    assert words and boxes
    for one, other in combinations(areas, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_a_picture_with_links_in_it_is_no_single_image():
    picture = str(drawing(crowded(2)))
    assert "<a " in picture and 'role="img"' not in picture and 'role="group"' in picture
