"""The store of traces keeps every whole trace, whatever happens to its file."""

import json
import logging
import multiprocessing
import os
import time

import pytest
from pydantic import SecretStr
from world import build

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.traces.recent_cache import TwoGenerationCache
from kedrec.agents.traces.store import TraceStore
from kedrec.agents.traces.text_dedup import pack, unpack
from kedrec.config import Settings
from kedrec.errors import DamagedData, ModelUnavailable, NotReady, UserError
from kedrec.records import (
    Entity,
    Evidence,
    Finding,
    ModelCall,
    Recommendation,
    Sentence,
    ToolCall,
    ToolResult,
    Trace,
    Usage,
)
from kedrec.redaction import MARK, Redactor

PASSAGE = "Baricitinib regrew hair in a large share of adults with severe alopecia areata, as measured after 36 weeks."


def trace(number, text=PASSAGE, **more):
    entity = Entity(id="Compound::1", kind="Compound", name="Baricitinib", synonyms=("Olumiant",))
    ill = Entity(id="Disease::1", kind="Disease", name="alopecia areata")
    message = {"role": "user", "content": f'<evidence key="P1">\n{text}\n</evidence>\nquestion {number}'}
    finding = Finding(kind="article", source_id="PMID:1", text=text)
    result = ToolResult(
        status="found", message="1 passage", findings=(finding,), data={"$": {"$$": [1, {"$": "x" * 90}]}}
    )
    calls = (
        ToolCall(
            step="gather", name="search_articles", arguments={"n": number}, request_sha256="0" * 64, result=result
        ),
        ModelCall(
            step="decide", request_sha256="1" * 64, messages=(message,), response={"content": text}, usage=Usage()
        ),
    )
    made = Recommendation(
        disease=ill, candidates=(entity,), setting="both", model="offline", choice=entity.id, abstained=None,
        confidence=0.9, sentences=(Sentence(text=text, citations=("P1",)),),
        evidence={"P1": Evidence(key="P1", source_id="PMID:1", text=text)},
    )  # fmt: skip
    values = {
        "id": f"20261123T000000{number:03d}-abcdef", "created": "2026-11-23T00:00:00.000+00:00",
        "question": {"disease": "alopecia areata", "candidates": ["baricitinib"], "setting": "both"},
        "config": {"model": "offline"}, "prompts": {}, "versions": {}, "data": {}, "calls": calls,
        "recommendation": made, **more,
    }  # fmt: skip
    return Trace(**values)


@pytest.fixture
def store(tmp_path):
    return TraceStore(tmp_path / "traces")


def test_what_goes_in_comes_out(store):
    kept = [trace(number, text=PASSAGE + f"\nline {number} \u2028 \U0001f600 ünïcode\n") for number in range(5)]
    for one in kept:
        store.append(one)
    for one in kept:
        assert store.get(one.id) == one
        assert TraceStore(store._file.path.parent).get(one.id) == one
    assert [summary.id for summary in store.list()] == [one.id for one in reversed(kept)]
    assert store.list(2)[0].choice == "Baricitinib"


def test_packing_can_be_undone_whatever_the_data():
    data = {"$": "y" * 100, "$$": {"$": ["z" * 60 + "\n" + "short"]}, "a": [None, 1.5, True, "\n" * 80, ""]}
    texts = []
    packed = pack(data, lambda text: texts.append(text) or len(texts) - 1)
    assert unpack(json.loads(json.dumps(packed)), texts.__getitem__) == data


def test_shared_texts_are_held_once(store):
    store.append(trace(0, text=PASSAGE * 40))
    first = store._file.path.stat().st_size
    for number in range(1, 21):
        store.append(trace(number, text=PASSAGE * 40))
    assert (store._file.path.stat().st_size - first) / 20 < 1500
    assert store.get(trace(20).id).calls[1].response["content"] == PASSAGE * 40


def test_traces_taken_over_are_the_same_and_their_texts_still_held_once(store, tmp_path):
    other = TraceStore(tmp_path / "other")
    kept = [
        trace(number, text=PASSAGE * 40, config={"model": "offline", "x": [1], "places": [2]}) for number in range(9)
    ]
    kept[4] = trace(4, text=f'{PASSAGE} {{"row":1,"places":[7],"texts":["\U0001f600 ünïcode"]}}')
    store.append(kept[8])
    other.append(*kept[:8])
    size = store._file.path.stat().st_size
    store.take_over(other, [one.id for one in kept[:4]])
    store.take_over(other, [one.id for one in kept[4:8]])
    assert (store._file.path.stat().st_size - size) / 8 < 1500
    assert [TraceStore(store.folder).get(one.id) for one in kept] == kept


def test_of_traces_that_cannot_all_be_taken_over_none_is(store, tmp_path):
    other = TraceStore(tmp_path / "other")
    other.append(trace(1), trace(2))
    with pytest.raises(NotReady):
        store.take_over(other, [trace(1).id, "nowhere"])
    store.append(trace(2))
    assert store.ids() == (trace(2).id,)
    assert TraceStore(store.folder).get(trace(2).id) == trace(2)


def test_a_secret_of_here_is_taken_out_of_what_is_taken_over(store, tmp_path, monkeypatch):
    other = TraceStore(tmp_path / "other")
    other.append(trace(1, text=f"{PASSAGE} hunter2-and-more"))
    monkeypatch.setenv("SOME_API_KEY", "hunter2-and-more")
    store.take_over(other, [trace(1).id])
    assert "hunter2" not in store.get(trace(1).id).model_dump_json()
    assert MARK in store.get(trace(1).id).model_dump_json()


def test_latest_and_unique_beginnings_are_understood(store):
    for number in (1, 2, 11):
        store.append(trace(number))
    assert store.get("latest").id == trace(11).id
    assert store.get("20261123T000000011").id == trace(11).id
    with pytest.raises(UserError, match="3 traces begin"):
        store.get("20261123")
    with pytest.raises(NotReady, match="trace list"):
        store.get("nothing")
    with pytest.raises(NotReady):
        store.get("")


def test_an_empty_store_lists_nothing_and_makes_nothing(store):
    assert store.list() == []
    with pytest.raises(NotReady):
        store.get("latest")
    assert not store._file.path.parent.exists()


@pytest.mark.parametrize("cut", [1, 7, 200])
def test_a_damaged_tail_is_cut_off_with_a_message_and_the_rest_kept(store, cut, caplog):
    for number in range(3):
        store.append(trace(number))
    path = store._file.path
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - cut)
    again = TraceStore(path.parent)
    assert [summary.id for summary in again.list()] == [trace(1).id, trace(0).id]
    with caplog.at_level(logging.WARNING):
        again.append(trace(7))
    assert "cut off" in caplog.text
    fresh = TraceStore(path.parent)
    assert [summary.id for summary in fresh.list()] == [trace(7).id, trace(1).id, trace(0).id]
    assert fresh.get(trace(7).id) == trace(7)


def test_damage_in_the_middle_costs_only_what_it_hit(store, caplog):
    for number in range(3):
        store.append(trace(number, text=PASSAGE + str(number) * 60))
    path = store._file.path
    data = bytearray(path.read_bytes())
    data[store._file.scan(0)[0][1].offset + 40] ^= 0xFF
    path.write_bytes(data)
    again = TraceStore(path.parent)
    assert [summary.id for summary in again.list()] == [trace(2).id, trace(0).id]
    assert again.get(trace(0).id) == trace(0, text=PASSAGE + "0" * 60)
    assert "passed over" in caplog.text


def test_a_lost_shared_text_is_said_and_not_made_up(store):
    shared = "a text that both traces share, long enough to be held apart from their rows"
    store.append(trace(0, text=shared))
    store.append(trace(1, text=shared))
    path = store._file.path
    data = bytearray(path.read_bytes())
    data[30] ^= 0xFF
    path.write_bytes(data)
    again = TraceStore(path.parent)
    with pytest.raises(DamagedData, match="shares with another"):
        again.get(trace(1).id)


def _append_many(folder, start):
    store = TraceStore(folder)
    for number in range(start, start + 25):
        store.append(trace(number, text=f"{PASSAGE} {number % 5}" * 3))


def test_several_processes_append_safely_while_another_reads(tmp_path):
    folder = tmp_path / "traces"
    processes = [
        multiprocessing.get_context("fork").Process(target=_append_many, args=(folder, n)) for n in (0, 100, 200)
    ]
    for process in processes:
        process.start()
    reader, seen = TraceStore(folder), 0
    while any(process.is_alive() for process in processes):
        found = reader.list()
        assert len(found) >= seen
        seen = len(found)
        if found:
            assert reader.get(found[0].id).id == found[0].id
        time.sleep(0.01)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(TraceStore(folder).list()) == 75
    assert all(reader.get(summary.id).id == summary.id for summary in reader.list())


def test_thousands_of_traces_are_listed_fast(store, monkeypatch):
    monkeypatch.setattr(os, "fdatasync", lambda handle: None)
    for number in range(600):
        store.append(trace(number, text=f"{PASSAGE} {number % 50}" * 4))
    started = time.perf_counter()
    again = TraceStore(store._file.path.parent)
    assert len(again.list()) == 600
    assert time.perf_counter() - started < 0.5
    started = time.perf_counter()
    again.get(trace(300).id)
    assert time.perf_counter() - started < 0.2


def test_secrets_never_reach_the_disk(store, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "hunter2hunter2")
    monkeypatch.setenv("DB_PASSWORD", 'quo"ted\\secret')
    hidden = [
        "hunter2hunter2",
        'quo"ted\\secret',
        "sk-abcdefghijklmnop1234",
        "user:pass",
        "verysecretvalue",
        "abcdef123456789",
    ]
    text = (
        f"key {hidden[0]} and {hidden[1]} and {hidden[2]} at https://{hidden[3]}@host/path?api_key={hidden[4]} "
        f"Authorization: Bearer {hidden[5]}"
    )
    store.append(trace(1, text=text, config={"model": "openai:x", "base_url": f"https://{hidden[3]}@host/v1"}))
    kept = store.get("latest").model_dump_json()
    assert MARK in kept
    for secret in hidden:
        assert json.dumps(secret)[1:-1] not in kept


def test_the_key_of_the_settings_is_a_secret_wherever_it_stands():
    redactor = Redactor(Settings(api_key="my-very-own-key"), env={})
    assert redactor.plain({"my-very-own-key": ["x my-very-own-key y"]}) == {MARK: [f"x {MARK} y"]}
    assert Redactor(None, env={"PATH": "/usr/bin:/bin", "KEYBOARD": "qwertzui"}).text("/usr/bin:/bin qwertzui") == (
        "/usr/bin:/bin qwertzui"
    )


def test_no_secret_of_the_settings_is_part_of_a_trace(tmp_path):
    settings = build(tmp_path / "home").model_copy(
        update={
            "api_key": SecretStr("my-very-own-key"),
            "neo4j_password": SecretStr("pass-of-neo4j"),
            "neo4j_uri": "bolt://neo4j:pass-of-neo4j@db.example:7687",
            "base_url": "https://user:hunter2@host.example/v1?api_key=verysecretvalue",
        }
    )
    model = ScriptedChatModel(queue=["CHOICE: NONE | my-very-own-key pass-of-neo4j"], repeat_last=True)
    with Agent.open(settings, model=model) as agent:
        made = agent.run(Query(disease="alopecia areata", candidates=("Olumiant pass-of-neo4j",), setting="none"))
        again = agent.run(Query(disease="alopecia areata", candidates=("Olumiant", "Trexall"), setting="none"))
    assert again.recommendation is not None
    assert not {"api_key", "neo4j_password"} & set(again.config)
    kept = (settings.home / "traces" / "traces.frames").read_bytes()
    for text in (made.model_dump_json(), again.model_dump_json()):
        assert not any(word in text for word in ("my-very-own-key", "pass-of-neo4j", "hunter2", "verysecretvalue"))
    assert b"pass-of-neo4j" not in kept
    assert all(TraceStore(settings.home / "traces").get(one.id) == one for one in (made, again))


def test_what_a_model_failed_by_is_told_without_the_secret_also_before_it_is_kept(tmp_path):
    settings = build(tmp_path / "home").model_copy(update={"api_key": SecretStr("my-very-own-key")})
    model = ScriptedChatModel(queue=[ModelUnavailable("the key my-very-own-key is unknown")], repeat_last=True)
    with Agent.open(settings, model=model, record=False) as agent:
        made = agent.run(Query(disease="alopecia areata", candidates=("Olumiant", "Trexall"), setting="none"))
    assert "my-very-own-key" not in made.model_dump_json()
    assert any(MARK in (call.error or "") for call in made.model_calls("investigate")) and MARK in made.error["message"]


def test_redacting_twice_changes_nothing_more():
    redactor = Redactor(None, env={"A_TOKEN": "0123456789"})
    once = redactor.text("0123456789 sk-aaaaaaaaaaaaaaaaaaaaaaaa Bearer zzzzzzzzzzzzzzzzzz http://a:b@c")
    assert redactor.text(once) == once


def test_a_secret_of_several_lines_is_found_though_texts_are_kept_by_line(store, monkeypatch):
    key = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAAADAQABAAABgQDhiddenhiddenhiddenhidden\n-----END KEY-----"
    monkeypatch.setenv("DEPLOY_SECRET", key)
    store.append(trace(1, text=f"before {key} after"))
    assert "hiddenhidden" not in store.get("latest").model_dump_json()


def test_the_summary_holds_no_secret_either(store, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "alopecia areata")
    store.append(trace(1))
    assert "alopecia" not in store.list()[0].model_dump_json()
    assert b"alopecia" not in store._file.path.read_bytes()


def test_a_mapping_of_the_latest_forgets_what_is_old():
    latest = TwoGenerationCache(10)
    for n in range(100):
        latest[n] = -n
    kept = [n for n in range(100) if latest.get(n) is not None]
    assert kept == list(range(kept[0], 100))
    assert 10 <= len(kept) <= 20
    latest.clear()
    assert latest.get(99) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("PWD", "/somewhere/deep"), ("OLDPWD", "/usr/local/x"), ("SSH_AUTH_SOCK", "/run/agent.sock"), ("A_KEY", "/usr"),
     ("GOOGLE_APPLICATION_CREDENTIALS", "~/account.json"), ("TOKEN_URL", "https://a.example/token"),
     ("A_SECRET", "required"), ("A_TOKEN", "Disabled"), ("TOKEN_LIMIT", "200000000"), ("MONKEY", "qwertzuiop"),
     ("TOKENIZER", "sentencepiece"), ("AUTHOR", "somebody-else")],
)  # fmt: skip
def test_what_is_only_called_like_a_secret_stays(name, value):
    assert Redactor(None, env={name: value}).text(f"see {value}.") == f"see {value}."


@pytest.mark.parametrize(
    "name", ["API_KEY", "OPENAI_APIKEY", "A_TOKEN", "GH_TOKENS", "SECRET_2", "DBPASSWORD", "X_PASSWD", "MYSQL_PWD"]
)
@pytest.mark.parametrize("value", ["correct-horse-battery", "/9kz+no/Folder/begins=so", "12345678901"])
def test_what_is_called_a_secret_goes(name, value):
    assert Redactor(None, env={name: value}).text(f"see {value}.") == "see [secret]."


@pytest.mark.parametrize("address", ["redis://:pw-1@h:6379", "https://me:pw-1@h/x", "neo4j://neo4j:pw-1@10.0.0.1"])
def test_a_password_in_an_address_goes_and_the_rest_stays(address):
    shown = Redactor(None, env={}).text(address)
    assert "pw-1" not in shown and shown.endswith(address.rpartition("@")[2])
    assert Redactor(None, env={}).plain([address]) == [shown]
