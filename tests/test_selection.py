"""The selection task on the starter data: what is hidden, what is counted, what is printed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from pydantic import SecretStr
from teaching import teaching

from kedrec.agents.agent import Agent, Query
from kedrec.cli import main
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.errors import InputError
from kedrec.eval.frequency_baseline import by_frequency
from kedrec.eval.selection import evaluate_selection, run_selection

STARTER = Path(__file__).parent.parent / "examples" / "starter"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the starter graph and nothing else."""
    from kedrec.graphdb.embedded.build import load_graph

    home = tmp_path_factory.mktemp("loaded")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return home


@pytest.fixture
def settings(loaded: Path) -> Settings:
    return Settings(home=loaded, setting="none")


def test_the_report_counts_everything(settings):
    pairs = read_pairs(STARTER / "pairs.jsonl").of_split("dev")
    told: list[tuple[int, int]] = []
    report = evaluate_selection(pairs, settings, hide_pairs=True, on_progress=lambda *n: told.append(n))
    assert report.n == sum(kind.n for kind in report.by_kind.values()) == len(pairs.questions)
    assert report.hidden_pairs == len(pairs.hidden())
    assert (report.setting, report.model) == ("none", "offline")
    assert report.f1_ci95[0] <= report.f1 <= report.f1_ci95[1]
    assert told[-1] == (report.n, report.n)


def test_the_graph_gives_the_answers_away_unless_they_are_hidden(settings):
    pairs = read_pairs(STARTER / "pairs.jsonl")
    shown = evaluate_selection(pairs, settings)
    hidden = evaluate_selection(pairs, settings, hide_pairs=True)
    assert shown.hidden_pairs == 0
    assert shown.accuracy > 0.9
    assert hidden.accuracy < shown.accuracy


def test_nothing_is_recorded_unless_asked_for(settings):
    pairs = read_pairs(STARTER / "pairs.jsonl").of_split("dev")
    before = sorted(settings.home.rglob("traces*"))
    evaluate_selection(pairs, settings)
    assert sorted(settings.home.rglob("traces*")) == before
    evaluate_selection(pairs, settings, record=True)
    assert sorted(settings.home.rglob("traces*")) != before


def test_an_item_that_fails_counts_as_not_answered(settings, tmp_path):
    rows = [json.loads(line) for line in (STARTER / "pairs.jsonl").read_text("utf-8").splitlines()[:4]]
    rows[0]["disease"] = {"id": "Disease::nowhere"}
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = evaluate_selection(read_pairs(tmp_path / "pairs.jsonl"), settings)
    assert report.failed == {"UnknownEntity": 1}
    assert report.abstained == 0
    assert report.recall <= 0.75
    assert report.precision >= report.recall


def test_the_command_fails_where_every_pair_failed(settings, monkeypatch, capsys):
    monkeypatch.setenv("KEDREC_HOME", str(settings.home))
    monkeypatch.setenv("KEDREC_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("KEDREC_API_KEY", "x")
    monkeypatch.setenv("KEDREC_RETRIES", "0")
    with pytest.raises(SystemExit) as stopped:
        main(
            ["eval", "selection", str(STARTER / "pairs.jsonl"), "--setting", "none", "--model", "openai:none", "--json"]
        )
    report = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 1
    assert (report["abstained"], report["failed"]) == (0, {"ModelUnavailable": 40})


def test_many_pairs_in_flight_share_a_server_and_none_fails(settings):
    pairs = read_pairs(STARTER / "pairs.jsonl")
    with teaching(latency=0.02) as teacher:
        told = {"base_url": teacher.url, "api_key": SecretStr("none"), "model": "openai:teacher", "workers": 8}
        chosen = settings.model_copy(update={**told, "retries": 0, "temperature": 0.5})
        report = evaluate_selection(pairs, chosen)
        with Agent.open(chosen, record=False) as agent:
            alone = asyncio.run(_gathered(agent, pairs.questions))
            ordered = run_selection(agent, pairs.questions, "none")
    assert report.failed == {}
    assert [trace.error for trace in (*alone, *ordered)] == [None] * (2 * len(pairs.questions))
    assert [trace.question["disease"] for trace in ordered] == [pair.disease.id for pair in pairs.questions]


async def _gathered(agent, pairs):
    """As many `arun` in flight as there are pairs, and nobody around them who keeps the model connected."""
    asked = [
        Query(disease=pair.disease.id, candidates=tuple(drug.id for drug in pair.candidates), setting="none")
        for pair in pairs
    ]
    return await asyncio.gather(*(agent.arun(query) for query in asked))


def test_a_signal_ends_an_evaluation_without_a_report(settings):
    pairs = read_pairs(STARTER / "pairs.jsonl")
    with Agent.open(settings, record=False) as agent, pytest.raises(KeyboardInterrupt):
        run_selection(agent, pairs.questions, "none", lambda done, of: os.kill(os.getpid(), signal.SIGINT))


def test_what_goes_wrong_around_a_pair_ends_the_evaluation(settings):
    def broken(done, of):
        raise RuntimeError("the bar is broken")

    pairs = read_pairs(STARTER / "pairs.jsonl")
    with Agent.open(settings, record=False) as agent, pytest.raises(RuntimeError, match="bar"):
        run_selection(agent, pairs.questions, "none", broken)


def test_pairs_without_answers_are_refused(settings, tmp_path):
    row = json.loads((STARTER / "pairs.jsonl").read_text("utf-8").splitlines()[0])
    del row["answer"]
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row))
    with pytest.raises(InputError, match="no `answer`"):
        evaluate_selection(read_pairs(tmp_path / "pairs.jsonl"), settings)


def test_the_command_prints_one_document_with_the_promised_keys(settings, capsys):
    arguments = ["eval", "selection", str(STARTER / "pairs.jsonl"), "--setting", "none", "--model", "offline"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--hide-pairs", "--json", "--home", str(settings.home)])
    assert ended.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    promised = {"n", "setting", "model", "accuracy", "f1", "f1_ci95", "by_kind", "abstained", "hidden_pairs"}
    assert promised <= set(printed)
    assert all({"n", "accuracy", "f1"} <= set(kind) for kind in printed["by_kind"].values())
    assert printed["n"] == 40


def test_the_command_prints_a_table_for_people(settings, capsys):
    arguments = ["eval", "selection", str(STARTER / "pairs.jsonl"), "--setting", "none", "--home", str(settings.home)]
    with pytest.raises(SystemExit):
        main(arguments)
    printed = capsys.readouterr().out
    assert "F1" in printed
    assert "same_target_co_mentioned" in printed
    assert "nothing hidden" in printed


def test_frequency_alone_takes_the_drug_that_was_more_often_an_answer():
    pairs = read_pairs(STARTER / "pairs.jsonl")
    train, dev = pairs.of_split("train"), pairs.of_split("dev")
    assert all(outcome.choice == outcome.answer for outcome in by_frequency(dev, dev) if _always_answer(dev, outcome))
    assert [outcome.pair_id for outcome in by_frequency(train, dev)] == [pair.id for pair in dev.questions]


def _always_answer(pairs, outcome):
    rows = [(pair, pairs.scoring[pair.id].answer) for pair in pairs.questions]
    losers = {drug.id for pair, answer in rows for drug in pair.candidates if drug.id != answer}
    return outcome.answer not in losers
