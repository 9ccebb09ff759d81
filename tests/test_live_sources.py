"""Fetching from NCBI and ClinicalTrials.gov: what is asked, what is kept, and what each failure turns into."""

import gzip
import json
import logging
import multiprocessing
import shutil
import tempfile
import threading
import time
from email.utils import formatdate
from pathlib import Path

import live_server
import pytest
import world
from live_server import Article, Fault, Study
from pydantic import SecretStr

from kedrec.config import Settings
from kedrec.errors import Busy, SourceRefused, SourceUnavailable, UnknownEntity, UserError
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.locks import writing
from kedrec.records import Entity
from kedrec.retry_after import retry_after
from kedrec.tools.literature import Literature
from kedrec.tools.live import DateSpan, Fetcher, OnDemand, WantedLiterature, eutils, lacking, trials_api
from kedrec.tools.live.http import HttpRetryPolicy
from kedrec.tools.live.pair_download import SourceReport
from kedrec.tools.live.query_terms import terms_of
from kedrec.tools.live.rate_limit import RequestSpacer
from kedrec.tools.live.response_cache import Answers, name_of

KEY = "0123456789abcdef0123456789abcdef0123"
QUICK = HttpRetryPolicy(stall=0.5, retries=2, pause=0.01, longest=5.0)
ARTICLES = [
    Article(101, "Baricitinib in alopecia areata: a trial", "Baricitinib regrew hair.", "2022-04-21", pmc=7001),
    Article(102, "Olumiant for patchy hair loss", "It helped & was safe.", "2014-06-01", pmc=7002, body=False),
    Article(103, "Baricitinib in asthma", "No hair was looked at.", "2022-01-01"),
    Article(104, "Sulfasalazine in alopecia areata", "Sulfasalazine helped some.", "2008-01-01"),
]
STUDIES = [
    Study(11, "Baricitinib in adults", "Alopecia Areata", "Baricitinib", "2023-05-01"),
    Study(12, "Olumiant at home", "Patchy hair loss", "Olumiant", "2014-05-01"),
    Study(13, "Sulfasalazine in adults", "Alopecia Areata", "Sulfasalazine", "2010-05-01"),
]


@pytest.fixture
def server():
    with live_server.serving(list(ARTICLES), list(STUDIES)) as served:
        yield served


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return world.build(tmp_path_factory.mktemp("world") / "home").home


@pytest.fixture
def settings(server, built, tmp_path, monkeypatch):
    monkeypatch.setattr("kedrec.tools.live.rate_limit.NCBI_RATES", (500.0, 500.0))
    monkeypatch.setattr("kedrec.tools.live.rate_limit.TRIALS_RATE", 500.0)
    shutil.copytree(built, tmp_path / "home", symlinks=True)
    made = Settings(home=tmp_path / "home", embed="never")
    return made.model_copy(update={"eutils_url": f"{server.address}/entrez/eutils", "trials_url": server.address})


@pytest.fixture
def store(settings):
    return EmbeddedStore.open(settings.home / "graph")


@pytest.fixture
def fetch(settings, store):
    """Fetch for baricitinib in alopecia areata; the report."""

    def run(*sources, drugs=(world.BARI,), patience=QUICK, settings=settings, **wanted):
        literature = Literature.open(settings.home / "literature", settings)
        fetcher = Fetcher(settings, store, literature, patience)
        asked = WantedLiterature(sources or ("pubmed", "trials"), **wanted)
        return fetcher.fetch(store.get(world.DISEASE), [store.get(drug) for drug in drugs], asked, embed=False)

    return run


def _ids(settings, corpus="articles"):
    library = Literature.open(settings.home / "literature", settings)
    return {document.id for document in library.documents(corpus)}


def test_what_both_have_on_a_pair_under_all_its_names_is_in_the_library_then(fetch, settings):
    report = fetch()
    assert [(one.source, one.total, one.fetched, one.missing) for one in report.sources] == [
        ("pubmed", 2, 2, ()),
        ("trials", 2, 2, ()),
    ]
    assert report.new == 4
    assert {"PMID:101", "PMID:102"} <= _ids(settings) and not {"PMID:103", "PMID:104"} & _ids(settings)
    assert {"NCT00000011", "NCT00000012"} <= _ids(settings, "trials") and "NCT00000013" not in _ids(settings, "trials")


def test_several_drugs_are_asked_for_one_by_one(fetch):
    report = fetch(drugs=(world.BARI, world.SULFA))
    assert [(one.drug, one.total) for one in report.sources if one.source == "pubmed"] == [
        ("Baricitinib", 2),
        ("Sulfasalazine", 1),
    ]


def test_a_name_that_also_means_another_drug_is_never_asked_for(fetch, server, store):
    fetch()
    term = server.asked("esearch")[0]["term"]
    assert '"Olumiant"[tw]' in term and "shared name" not in term
    assert terms_of(store.get(world.BARI), store).names == ("Baricitinib", "Olumiant")
    assert terms_of(store.get(world.BARI), store).left_out == 1


def test_names_cannot_break_out_of_their_quotation():
    class Store:
        def search(self, name, **_):
            return type("Match", (), {"entity": odd})

    odd = Entity(
        id="Compound::x", kind="Compound", name='Bad" OR all[sb]', synonyms=('Worse"[au]', "abc", "y" * 99, "Control")
    )
    terms = terms_of(odd, Store())
    assert terms.names == ("Bad OR all sb", "Worse au") and terms.left_out == 3


def test_what_has_no_name_is_not_asked_for_by_its_id(store):
    with pytest.raises(UnknownEntity, match="no name"):
        terms_of(Entity(id="Compound::x", kind="Compound", name="Compound::x"), store)


def test_dates_go_into_the_query_of_both(fetch, server):
    report = fetch(span=DateSpan.of("2013", "2015-06"))
    assert [one.total for one in report.sources] == [1, 1]
    assert '("2013/01/01"[dp] : "2015/06/30"[dp])' in server.asked("esearch")[0]["term"]
    assert server.asked("/studies")[0]["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2013-01-01,2015-06-30]"
    assert [one.total for one in fetch(span=DateSpan.of(None, "2015")).sources] == [1, 1]
    assert [one.total for one in fetch(span=DateSpan.of("2016", None)).sources] == [1, 1]


@pytest.mark.parametrize("dates", [("2016", "2015"), ("yesterday", None), (None, "2015-13-01x")])
def test_dates_that_are_none_are_refused(dates):
    with pytest.raises(UserError):
        DateSpan.of(*dates)


def test_full_texts_are_those_of_the_articles_found_and_those_without_text_are_told(fetch, settings, server):
    report = fetch("pubmed", "pmc")
    texts = report.sources[1]
    assert (texts.source, texts.total, texts.fetched) == ("pmc", 2, 1) and "1 articles come without" in texts.notes[0]
    assert server.asked("efetch")[1]["id"] == "7001,7002"
    assert "PMCID:PMC7001" in _ids(settings) and "PMCID:PMC7002" not in _ids(settings)


def test_ids_and_records_and_studies_come_page_by_page(fetch, settings, server, monkeypatch):
    monkeypatch.setattr(eutils, "IDS_AT_ONCE", 3)
    monkeypatch.setitem(eutils.RECORDS_AT_ONCE, "pubmed", 2)
    monkeypatch.setattr(trials_api, "STUDIES_AT_ONCE", 2)
    server.articles += [Article(200 + i, f"Baricitinib {i}", "In alopecia areata.") for i in range(6)]
    server.studies += [Study(20 + i, f"Study {i}", "alopecia areata", "baricitinib") for i in range(5)]
    report = fetch(most=6)
    assert [(one.total, one.fetched) for one in report.sources] == [(8, 6), (7, 6)]
    assert [asked["retstart"] for asked in server.asked("esearch")] == ["0", "3"]
    assert len(server.asked("efetch")) == 3
    assert [asked.get("pageToken") for asked in server.asked("/studies")] == [None, "page-2", "page-4"]


def test_nothing_found_is_an_answer(fetch, server):
    server.articles.clear()
    server.studies.clear()
    report = fetch()
    assert [(one.total, one.missing, one.answered) for one in report.sources] == [(0, (), True), (0, (), True)]
    assert report.new == 0 and not server.asked("efetch")


BACKEND = b"<eSearchResult><ERROR>Search Backend failed: Couldn't resolve #exLinkSrv2</ERROR></eSearchResult>"
BUSY_PAGE = b"<html><body>NCBI - WWW Error Blocked Diagnostic</body></html>"
LIMITED = b'{"error":"API rate limit exceeded","api-key":"' + KEY.encode() + b'","count":"4","limit":"3"}'
PASSING = {
    "429": Fault(status=429, body=LIMITED, headers={"Retry-After": "0"}),
    "500": Fault(status=500, body=b"oops"),
    "503": Fault(status=503),
    "cut off": Fault(cut=30),
    "empty": Fault(body=b""),
    "a page of HTML": Fault(body=BUSY_PAGE),
    "a limit told with status 200": Fault(body=LIMITED),
    "silence": Fault(stall=True),
    "told longer than it is": Fault(headers={"Content-Length": "99999", "Connection": "close"}, status=200),
}


@pytest.mark.parametrize("path", ["esearch", "efetch", "/studies"])
@pytest.mark.parametrize("name", PASSING)
def test_a_failure_that_passes_is_not_noticed(fetch, server, path, name):
    fault = PASSING[name]
    server.faults = [Fault(path, fault.status, fault.headers, fault.body, fault.cut, fault.stall)]
    source = "trials" if path == "/studies" else "pubmed"
    report = fetch(source).sources[0]
    assert (report.total, report.fetched, report.missing) == (2, 2, ()) and not server.faults


@pytest.mark.parametrize("path", ["esearch", "/studies"])
@pytest.mark.parametrize("name", set(PASSING) - {"silence"})
def test_a_failure_that_stays_is_never_nothing_found(fetch, server, settings, path, name):
    fault = PASSING[name]
    server.faults = [Fault(path, fault.status, fault.headers, fault.body, fault.cut)] * 3
    keyed = settings.model_copy(update={"ncbi_api_key": SecretStr(KEY)})
    report = fetch("trials" if path == "/studies" else "pubmed", settings=keyed).sources[0]
    assert report.total is None and not report.answered and report.retryable
    assert "given up after 3 tries" in report.missing[0]
    assert path == "/studies" or KEY[:8] not in report.model_dump_json()


def test_an_error_of_the_search_is_told_apart(fetch, server):
    server.faults = [Fault("esearch", body=BACKEND)]
    assert fetch("pubmed").sources[0].total == 2
    said = b"<eSearchResult><ERROR>Invalid db name specified: pubmedd</ERROR></eSearchResult>"
    server.faults = [Fault("esearch", body=said)]
    report = fetch("pubmed", fresh=True).sources[0]
    assert report.total is None and not report.retryable and "Invalid db name" in report.missing[0]


def test_a_phrase_that_is_not_known_is_told(fetch, server):
    body = (
        b"<eSearchResult><Count>0</Count><RetMax>0</RetMax><RetStart>0</RetStart><IdList/><ErrorList>"
        b"<PhraseNotFound>Olumiant</PhraseNotFound></ErrorList></eSearchResult>"
    )
    server.faults = [Fault("esearch", body=body)]
    report = fetch("pubmed").sources[0]
    assert report.total == 0 and "Olumiant" in report.notes[-1]


def test_a_bad_key_is_refused_at_once_and_not_shown(fetch, server, settings):
    keyed = settings.model_copy(update={"ncbi_api_key": SecretStr(KEY)})
    server.faults = [
        Fault("esearch", status=400, body=b'{"error":"API key invalid","api-key":"' + KEY.encode() + b'"}')
    ]
    report = fetch("pubmed", settings=keyed).sources[0]
    assert "API key invalid" in report.missing[0] and not report.retryable
    assert len(server.requests) == 1 and KEY[:8] not in report.model_dump_json()


def test_who_asks_is_sent_and_the_key_stands_nowhere_but_in_the_body(fetch, server, settings, caplog):
    caplog.set_level(logging.DEBUG)
    known = settings.model_copy(update={"ncbi_api_key": SecretStr(KEY), "ncbi_email": "me@example.org"})
    fetch(settings=known)
    for asked in server.asked("fcgi"):
        assert (asked["tool"], asked["email"], asked["api_key"]) == ("kedrec", "me@example.org", KEY)
    assert "api_key" not in server.asked("/studies")[0]
    assert not any(KEY in path for _, path, _ in server.requests) and KEY not in caplog.text
    kept = [gzip.decompress(file.read_bytes()) for file in (settings.home / "live/answers").iterdir()]
    assert kept and not any(KEY.encode() in body for body in kept)
    assert len(kept) == len(server.requests)
    fetch()
    assert len(server.requests) == len(kept)  # the same answers without the key


def test_some_of_the_records_are_kept_where_others_do_not_come(fetch, settings, server, monkeypatch):
    monkeypatch.setitem(eutils.RECORDS_AT_ONCE, "pubmed", 1)
    server.faults = [Fault("'id': '101'", status=500)] * 3
    report = fetch("pubmed").sources[0]
    assert (report.total, report.fetched) == (2, 1) and report.retryable
    assert "1 of its records" in report.missing[0] and "PMID:102" in _ids(settings)
    again = fetch("pubmed").sources[0]
    assert (again.fetched, again.missing) == (2, ()) and "PMID:101" in _ids(settings)


def test_a_page_of_ids_or_studies_that_does_not_come_leaves_the_others(fetch, server, monkeypatch):
    monkeypatch.setattr(eutils, "IDS_AT_ONCE", 1)
    monkeypatch.setattr(trials_api, "STUDIES_AT_ONCE", 1)
    server.faults = [Fault("'retstart': '1'", status=502)] * 3 + [Fault("pageToken", status=502)] * 3
    articles, trials = fetch().sources
    assert (articles.total, articles.fetched) == (2, 1) and "some of its ids" in articles.missing[0]
    assert (trials.total, trials.fetched) == (2, 1) and "further pages" in trials.missing[0]


def test_an_id_that_is_answered_with_nothing_is_named(fetch, server):
    body = b"<PubmedArticleSet>" + ARTICLES[0].xml.encode() + b"</PubmedArticleSet>"
    server.faults = [Fault("efetch", body=body)]
    report = fetch("pubmed").sources[0]
    assert report.fetched == 1 and report.missing == ("it has nothing under 102",)
    again = fetch("pubmed").sources[0]
    assert again.fetched == 2 and not again.missing


def test_a_full_text_that_is_not_given_is_told_and_no_failure(fetch, server):
    server.faults = [Fault("'db': 'pmc'", body=b"<pmc-articleset><Reply Id='7001' error='x'/></pmc-articleset>")]
    texts = fetch("pubmed", "pmc").sources[1]
    assert texts.fetched == 0 and not texts.missing and "PMC7001, 7002" in texts.notes[0]


def test_a_token_that_ran_out_behind_a_kept_page_is_made_anew(fetch, server, monkeypatch):
    monkeypatch.setattr(trials_api, "STUDIES_AT_ONCE", 1)
    server.faults = [Fault("pageToken", status=502)] * 3
    fetch("trials")
    server.faults = [Fault("pageToken", status=400, body=b"Invalid page token")]
    report = fetch("trials").sources[0]
    assert (report.total, report.fetched, report.missing) == (2, 2, ())


def test_answers_are_kept_with_their_time_and_asked_for_again_when_fresh_or_old(fetch, server, settings):
    fetch()
    count = len(server.requests)
    again = fetch()
    assert len(server.requests) == count and again.new == 0 and all(one.kept and one.given for one in again.sources)
    assert "(kept)" in str(again.sources[0])
    assert not any(one.kept for one in fetch(fresh=True).sources) and len(server.requests) == 2 * count
    fetch(settings=settings.model_copy(update={"live_days": 0.0}))
    assert len(server.requests) == 3 * count


def test_a_kept_answer_that_is_damaged_or_of_another_age_is_as_none(tmp_path):
    answers, name = Answers(tmp_path, days=1.0), name_of("x", {"a": "b"})
    assert answers.find(name) is None
    answers.keep(name, "x", b"body")
    assert answers.find(name).body == b"body"
    file = next(tmp_path.iterdir())
    whole = file.read_bytes()
    for damage in (whole[:-9], b"", b"no gzip", gzip.compress(b"{}\nbody"), gzip.compress(b'{"given": 1}\nbody')):
        file.write_bytes(damage)
        assert answers.find(name) is None
    file.write_bytes(gzip.compress(json.dumps({"given": time.time() + 999}).encode() + b"\nbody"))
    assert answers.find(name) is None


def test_retry_after_is_obeyed_and_too_long_a_one_ends_it(fetch, server):
    server.faults = [Fault("esearch", status=429, headers={"Retry-After": "1"})]
    assert fetch("pubmed").sources[0].total == 2
    assert server.times[1] - server.times[0] >= 1.0
    server.faults = [Fault("esearch", status=503, headers={"Retry-After": "3600"})]
    report = fetch("pubmed", fresh=True).sources[0]
    assert "3,600 s" in report.missing[0] and report.retryable and len(server.faults) == 0


def test_retry_after_is_seconds_or_a_date():
    assert retry_after("7") == 7.0 and retry_after("") is retry_after("soon") is retry_after("inf") is None
    assert 28 <= retry_after(formatdate(time.time() + 30, usegmt=True)) <= 30
    assert retry_after(formatdate(time.time() - 30, usegmt=True)) == 0.0


def test_an_address_that_moved_or_is_none_is_named_with_its_setting(fetch, server, settings):
    server.faults = [Fault("esearch", status=301, headers={"Location": "https://elsewhere/"})]
    report = fetch("pubmed").sources[0]
    assert "https://elsewhere/" in report.missing[0] and "eutils_url" in report.missing[0]
    nowhere = fetch("trials", settings=settings.model_copy(update={"trials_url": "nonsense"})).sources[0]
    assert "trials_url" in nowhere.missing[0] and not nowhere.retryable
    closed = fetch("trials", settings=settings.model_copy(update={"trials_url": "http://127.0.0.1:9"})).sources[0]
    assert closed.retryable and "connection failed" in closed.missing[0]


def _take(file, turns, begin):
    pacer, time.sleep = RequestSpacer(file, 10.0), lambda _: None  # in a process of its own
    begin.wait()
    for _ in range(turns):
        pacer.wait()


def test_processes_share_one_pace(tmp_path):
    context = multiprocessing.get_context("fork")
    begin = context.Event()
    workers = [context.Process(target=_take, args=(tmp_path / "pace", 300, begin)) for _ in range(4)]
    for worker in workers:
        worker.start()
    began = time.time()
    begin.set()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert float((tmp_path / "pace").read_text()) - began >= 1200 / 10


def test_a_host_that_asks_for_time_gets_it_from_everybody_and_a_broken_note_stops_nobody(tmp_path):
    first, second = RequestSpacer(tmp_path / "pace", 1000.0), RequestSpacer(tmp_path / "pace", 1000.0)
    first.hold_off(0.3)
    began = time.monotonic()
    second.wait()
    assert time.monotonic() - began >= 0.28
    for note in ("", "rubbish", f"{time.time() + 1e6:<32}"):
        (tmp_path / "pace").write_text(note)
        began = time.monotonic()
        first.wait()
        assert time.monotonic() - began < 0.2


def test_a_request_keeps_the_pace_also_when_it_is_repeated(fetch, server, monkeypatch):
    monkeypatch.setattr("kedrec.tools.live.rate_limit.NCBI_RATES", (5.0, 5.0))
    server.faults = [Fault("esearch", status=500)]
    fetch("pubmed")
    assert len(server.times) == 3 and server.times[-1] - server.times[0] >= 0.3


def test_another_writer_is_waited_for(fetch, settings):
    held = threading.Event()

    def write():
        with writing(settings.home / "literature"):
            held.set()
            time.sleep(0.4)

    writer = threading.Thread(target=write)
    writer.start()
    held.wait()
    assert fetch().new == 4
    writer.join()


def test_another_writer_is_not_waited_for_without_end(fetch, settings, monkeypatch):
    monkeypatch.setattr("kedrec.tools.live.fetcher.BUSY_SECONDS", 0.1)
    with writing(settings.home / "literature"), pytest.raises(Busy):
        fetch()


def test_what_the_same_answer_brought_is_not_read_again_and_none_of_it_stays_behind(fetch):
    before = set(Path(tempfile.gettempdir()).glob("kedrec-live-*"))
    fetch()
    assert all(report.skipped for report in fetch().added)
    assert set(Path(tempfile.gettempdir()).glob("kedrec-live-*")) <= before


@pytest.fixture
def live(settings, store):
    literature = Literature.open(settings.home / "literature", settings)
    return OnDemand(Fetcher(settings, store, literature, QUICK), most=50)


def test_on_demand_fetches_a_pair_once_and_a_failure_is_an_error(live, store, server):
    pair = store.get(world.DISEASE), store.get(world.BARI)
    done = live.top_up("articles", *pair)
    assert "PubMed has 2 records on Baricitinib in alopecia areata" in done.said and "2 were new" in done.said
    count = len(server.requests)
    assert live.top_up("articles", *pair) == done and len(server.requests) == count
    server.faults = [Fault("/studies", status=403, body=b"Forbidden")]
    with pytest.raises(SourceRefused, match="Forbidden"):
        live.top_up("trials", *pair)
    assert "2 were new" in live.top_up("trials", *pair).said


def test_on_demand_does_not_take_records_that_do_not_come_for_none(live, store, server, monkeypatch):
    pair = store.get(world.DISEASE), store.get(world.BARI)
    server.faults = [Fault("efetch", status=500)] * 3
    with pytest.raises(SourceUnavailable, match="given up after 3 tries"):
        live.top_up("articles", *pair)
    monkeypatch.setitem(eutils.RECORDS_AT_ONCE, "pubmed", 1)
    server.faults = [Fault("'id': '101'", status=500)] * 3
    assert live.top_up("articles", *pair).missing
    assert not live.top_up("articles", *pair).missing


def test_what_is_missing_is_said_with_its_source_and_pair():
    report = SourceReport(source="pmc", disease="d", drug="x", query="", missing=("a", "b"))
    assert list(lacking([report])) == ["PubMed Central, x in d: a", "PubMed Central, x in d: b"]
