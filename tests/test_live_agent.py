"""The sources asked from the command line and in the midst of a question; the trace alone replays it."""

import json

import live_server
import pytest
import world
from live_server import Article, Fault, Study

from kedrec.agents.agent import Agent, Query
from kedrec.agents.replay.replay import replay
from kedrec.agents.resources import Resources
from kedrec.cli import main
from kedrec.records import ToolCall, Trace
from kedrec.tools.literature import Literature

PAIR = {"disease": "alopecia areata", "drug": "baricitinib"}
ARTICLES = [Article(101, "Olumiant for patchy hair loss", "Baricitinib regrew hair in patchy hair loss.", "2019-05-01")]
STUDIES = [Study(11, "Baricitinib at home", "Patchy hair loss", "Olumiant", "2021-05-01")]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("kedrec.tools.live.rate_limit.NCBI_RATES", (500.0, 500.0))
    monkeypatch.setattr("kedrec.tools.live.rate_limit.TRIALS_RATE", 500.0)
    with live_server.serving(list(ARTICLES), list(STUDIES)) as served:
        yield served


@pytest.fixture
def settings(server, tmp_path):
    reached = {"eutils_url": server.address, "trials_url": server.address, "live": True, "live_retries": 0}
    return world.build(tmp_path / "home").model_copy(update={**reached, "embed": "never", "derive": False})


@pytest.fixture
def kedrec(settings, capsys, monkeypatch):
    for name in ("eutils_url", "trials_url", "live_retries", "embed", "derive"):
        monkeypatch.setenv(f"KEDREC_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("KEDREC_HOME", str(settings.home))

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(["literature", *map(str, words)])
        done = capsys.readouterr()
        return left.value.code, done.out, done.err

    return run


FETCH = ("fetch", "--disease", "patchy hair loss", "--drug", "olumiant")


def test_the_command_fetches_and_says_what_each_source_gave(kedrec, settings):
    code, out, err = kedrec(*FETCH, "--drug", "sulfasalazine", "--json")
    report = json.loads(out)
    assert code == 0 and [one["total"] for one in report["sources"]] == [1, 1, 0, 0]
    assert "PubMed, Baricitinib in alopecia areata: 1 fetched of 1" in err and "2 added" in err
    assert json.loads(kedrec("search", "olumiant", "--json")[1])["hits"]
    code, _, err = kedrec(*FETCH)
    assert code == 0 and "(kept)" in err and "0 added, 2 there already" in err


def test_the_command_respects_dates_and_sources(kedrec, server):
    out = kedrec(*FETCH, "--until", "2020-06", "--json")[1]
    assert [one["total"] for one in json.loads(out)["sources"]] == [1, 0]
    kedrec(*FETCH, "--source", "trials", "--since", "2021")
    assert "2021-01-01" in server.asked("/studies")[-1]["filter.advanced"] and len(server.asked("esearch")) == 1


def test_a_source_that_fails_ends_the_command_with_1_and_what_came_is_added(kedrec, server, settings):
    server.faults = [Fault("esearch", status=500)]
    code, out, err = kedrec(*FETCH, "--json")
    assert code == 1 and "not everything was fetched" in err and "given up after 1 tries" in err
    assert [one["total"] for one in json.loads(out)["sources"]] == [None, 1]
    assert Literature.open(settings.home / "literature", settings).document("NCT00000011")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fetch", "--disease", "alopecia areata", "--drug", "baricitinob"), "no drug called 'baricitinob'"),
        (("fetch", "--disease", "alopecia areata", "--drug", "shared name"), "ambiguous"),
        (("fetch", "--disease", "baricitinib", "--drug", "baricitinib"), "not a disease"),
        ((*FETCH, "--source", "books"), "unknown source"),
        ((*FETCH, "--until", "soon"), "no date"),
        ((*FETCH, "--since", "2020", "--until", "2019"), "nothing lies between"),
    ],
)
def test_a_mistake_is_told_before_anything_is_asked(kedrec, server, words, said):
    code, out, err = kedrec(*words)
    assert code == 2 and said in err and not out and not server.requests


def _search(settings, tool="search_articles", pair=PAIR):
    return Resources.open(settings).toolbox("both").call(tool, pair)


def test_the_tools_fetch_only_where_that_is_allowed_and_the_home_has_too_little(settings, server):
    before = _search(settings.model_copy(update={"live": False}))
    assert not server.requests and "live" not in before.data
    enough = _search(settings.model_copy(update={"passages": 1}))
    assert not server.requests and "live" not in enough.data
    found = _search(settings)
    assert "1 were new" in found.data["live"] and "PMID:101" in {finding.source_id for finding in found.findings}
    assert not any("fetched" in note for note in found.data["notes"])
    trials = _search(settings, "search_trials")
    assert "NCT00000011" in {finding.source_id.partition("#")[0] for finding in trials.findings}


def test_the_cut_holds_for_what_is_fetched(settings, server):
    found = _search(settings.model_copy(update={"until": "2018"}))
    assert "PMID:101" not in {finding.source_id for finding in found.findings}
    assert '"2018/12/31"[dp]' in server.asked("esearch")[0]["term"]


def test_a_source_that_fails_is_a_note_beside_what_is_there_and_a_failure_where_nothing_is(settings, server):
    server.faults = [Fault("esearch", status=429, headers={"Retry-After": "90"})] * 2
    beside = _search(settings)
    assert beside.status == "found" and "wants fewer requests" in beside.data["notes"][-1]
    alone = _search(settings, pair={"disease": "rheumatoid arthritis", "drug": "baricitinib"})
    assert alone.status == "found"  # other passages on the drug are there
    empty = settings.model_copy(update={"until": "1950"})
    server.faults = [Fault("esearch", status=500)]
    failed = _search(empty)
    assert failed.status == "failed" and failed.data["retryable"] and "SourceUnavailable" in failed.message
    server.faults = [Fault("esearch", status=403)]
    refused = _search(empty)
    assert refused.status == "failed" and not refused.data["retryable"]
    assert _search(empty).status == "nothing_found"


def test_a_question_answered_with_the_sources_replays_without_them(settings, server):
    with Agent.open(settings.model_copy(update={"model": "offline"})) as agent:
        trace = agent.run(Query(disease=world.DISEASE, candidates=(world.BARI, world.SULFA), setting="both"))
    found = [call.result for call in trace.calls if isinstance(call, ToolCall) and "live" in call.result.data]
    assert found and any(finding.source_id == "PMID:101" for result in found for finding in result.findings)
    count = len(server.requests)
    assert count and replay(Trace.model_validate_json(trace.model_dump_json())).identical
    assert len(server.requests) == count
