"""From traces to chat rows: what is taught, what is left out, and the split."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.traces.store import TraceStore
from kedrec.atomic_file import write_whole
from kedrec.distill.dataset.build import build_dataset, validation_diseases
from kedrec.distill.dataset.chat_rows import read_manifest, read_rows
from kedrec.distill.dataset.conversations import chat_rows
from kedrec.distill.dataset.near_duplicates import NearDuplicates
from kedrec.distill.dataset.teaching_traces import reason_to_leave_out
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.folder import RunFolder, RunInfo
from kedrec.distill.runs.journal import Journal, ResultRow
from kedrec.errors import InputError, NotReady, UserError
from kedrec.records import (
    Answer,
    Entity,
    Evidence,
    ModelCall,
    Question,
    Recommendation,
    Sentence,
    ToolCall,
    ToolResult,
    Trace,
)

DRUGS = (
    Entity(id="Compound::A", kind="Compound", name="Alphacin"),
    Entity(id="Compound::B", kind="Compound", name="Betamol"),
)
SYSTEM = {"role": "system", "content": "Rules."}
DECISION = "CHOICE: B\nCONFIDENCE: 0.8\nRATIONALE:\n- Betamol helped [P1].\n- Betamol cures all [P9]"


def call(step: str, user: str, response: str | dict, tools: tuple[str, ...] = (), before: tuple = ()) -> ModelCall:
    said = response if isinstance(response, dict) else {"role": "assistant", "content": response}
    messages = (SYSTEM, {"role": "user", "content": user}, *before)
    return ModelCall(step=step, request_sha256="0", messages=messages, tools=tools, response=said)


def asking(name: str) -> dict:
    function = {"name": name, "arguments": '{"disease": "Disease::D", "drug": "Compound::B"}'}
    return {"role": "assistant", "content": "", "tool_calls": [{"id": name, "type": "function", "function": function}]}


def answer(drug: Entity, key: str, text: str, *citations: str) -> Answer:
    question = Question(key=key, text="?", disease="Disease::D", drug=drug.id)
    return Answer(question=question, text=text, stance="supports" if citations else "unclear", citations=citations)


def recommendation(disease: str = "Disease::D", **more: object) -> Recommendation:
    made: dict[str, object] = {
        "disease": Entity(id=disease, kind="Disease", name="Dropsy"),
        "candidates": DRUGS,
        "setting": "both",
        "model": "openai:teacher",
        "choice": "Compound::B",
        "abstained": None,
        "confidence": 0.8,
        "sentences": (Sentence(text="Betamol helped.", citations=("P1",)),),
        "answers": (answer(DRUGS[1], "mechanism", "It opens vessels.", "K1"), answer(DRUGS[1], "safety", NO_EVIDENCE)),
        "evidence": {"P1": Evidence(key="P1", source_id="PMID:1", text="Betamol helped.")},
        "struck_out": ("Betamol cures all (unknown key P9)",),
        "trace_id": "t1",
    }
    return Recommendation.model_validate({**made, **more})


def trace(name: str = "t1", made: Recommendation | None = None, decision: str = DECISION, **more: object) -> Trace:
    tool = asking("graph_evidence")
    told = {"role": "tool", "tool_call_id": "graph_evidence", "name": "graph_evidence", "content": "found: x"}
    weigh = asking("weigh_evidence")
    weighed = {"role": "tool", "tool_call_id": "weigh_evidence", "name": "weigh_evidence", "content": "found: y"}
    tools = ("graph_evidence", "weigh_evidence")
    calls = (
        call("investigate", "Look.", tool, tools),
        call("investigate", "Look.", weigh, tools, (tool, told)),
        call("investigate", "Look.", "enough", tools, (tool, told, weigh, weighed)),
        call(
            "answer",
            "About Betamol?",
            "mechanism | supports | It opens vessels. [K1]\nsafety | against | It kills. [P9]\nnot a line",
        ),
        call("decide", "Choose.", "CHOICE: A\nnonsense"),
        call("repair", "Mend it.", decision),
    )
    whole: dict[str, object] = {
        "id": name,
        "created": "2026-11-23T00:00:00+00:00",
        "question": {"disease": "dropsy", "candidates": ["Alphacin", "Betamol"], "setting": "both"},
        "config": {},
        "prompts": {},
        "versions": {},
        "data": {},
        "calls": calls,
        "recommendation": made or recommendation(),
    }
    return Trace.model_validate({**whole, **more})


def row(task: str):
    return next(row for row in chat_rows(trace(), "p1") if row.task == task)


def test_a_decision_teaches_what_passed_the_check_and_nothing_that_was_struck_out():
    messages = row("decide").messages
    assert [message["role"] for message in messages] == ["system", "user", "assistant"]
    assert messages[1]["content"] == "Choose."
    assert messages[2]["content"] == "CHOICE: B\nCONFIDENCE: 0.8000\nRATIONALE:\n- Betamol helped. [P1]"


def test_the_decision_row_says_where_choice_and_rationale_are():
    made = row("decide")
    assert made.selection is not None
    assert (made.selection.labels, made.selection.label) == (("A", "B"), "B")
    assert made.train[0].index == 2
    assert made.train[0].rationale == "- Betamol helped. [P1]"
    assert made.train[0].rationale in made.messages[2]["content"]


def test_an_answer_that_failed_the_check_becomes_the_abstention_phrase():
    expected = f"mechanism | supports | It opens vessels. [K1]\nsafety | unclear | {NO_EVIDENCE}"
    assert row("answer").messages[-1]["content"] == expected


def test_an_investigation_is_taught_with_its_tools_but_without_those_no_language_model_has():
    made = row("investigate")
    assert [message["role"] for message in made.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert [tool["function"]["name"] for tool in made.tools] == ["graph_evidence"]
    assert [turn.index for turn in made.train] == [2, 4]
    assert "weigh_evidence" not in made.model_dump_json()


def test_the_row_of_a_trace_is_the_same_byte_for_byte():
    assert chat_rows(trace(), "p1") == chat_rows(trace(), "p1")
    expected = (
        '{"schema_version":1,"id":"t1/decide","trace_id":"t1","pair_id":"p1","task":"decide","setting":"both",'
        '"teacher":"openai:teacher","disease":"Disease::D","messages":[{"role":"system","content":"Rules."},'
        '{"role":"user","content":"Choose."},{"role":"assistant","content":"CHOICE: B\\nCONFIDENCE: 0.8000\\n'
        'RATIONALE:\\n- Betamol helped. [P1]"}],"tools":[],"train":[{"index":2,"rationale":"- Betamol helped. [P1]"}],'
        '"selection":{"labels":["A","B"],"label":"B","sure":[]}}'
    )
    assert row("decide").model_dump_json() == expected


def failed_tool() -> ToolCall:
    result = ToolResult(status="failed", message="broken")
    return ToolCall(step="gather", name="search_trials", arguments={}, request_sha256="0", result=result)


ABSTAINED = {"choice": None, "abstained": "x", "sentences": ()}
LEFT_OUT = {
    "unknown entity": trace(recommendation=None, error={"type": "UnknownEntity", "message": "x"}),
    "ambiguous name": trace(recommendation=None, error={"type": "AmbiguousName", "message": "x"}),
    "model failed": trace(recommendation=None, error={"type": "ModelUnavailable", "message": "x"}),
    "failed: WorkError": trace(recommendation=None, error={"type": "WorkError", "message": "x"}),
    "no evidence": trace(made=recommendation(**ABSTAINED), decision="CHOICE: NONE | nothing"),
    "unreadable answer": trace(made=recommendation(**ABSTAINED), decision="I would take Betamol."),
    "failed the check": trace(made=recommendation(**ABSTAINED)),
    "tool failed": trace(made=recommendation(**ABSTAINED), decision="CHOICE: NONE | x", calls=(failed_tool(),)),
}


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_each_reason_to_leave_a_trace_out_is_its_own(reason):
    assert reason_to_leave_out(LEFT_OUT[reason]) == reason


def test_with_answers_only_the_teachers_right_choices_teach():
    assert reason_to_leave_out(trace()) is None
    assert reason_to_leave_out(trace(), "Compound::B") is None
    assert reason_to_leave_out(trace(), "Compound::A") == "teacher differs from the answer"


def test_validation_takes_whole_diseases_the_same_each_time():
    diseases = [f"Disease::{n}" for n in range(20)]
    held = validation_diseases(diseases * 3)
    assert len(held) == 2
    assert held == validation_diseases(list(reversed(diseases)))
    assert len(validation_diseases(diseases[:2])) == 1
    assert not validation_diseases(diseases[:1])


# --- building ---------------------------------------------------------------------------------------------------


def write_run(folder: Path, traces: list[Trace]) -> Path:
    folder.mkdir()
    info = RunInfo(
        pairs_sha256="0",
        setting="both",
        model="openai:teacher",
        hide_pairs=True,
        settings={},
        data={"graph_sha256": "1"},
    )
    write_whole(folder / "run.json", [info.model_dump_json()])
    store = TraceStore(folder / "traces")
    with Journal(folder / "journal.jsonl") as journal:
        for number, made in enumerate(traces):
            store.append(made)
            row = ResultRow(pair_id=f"p{number}", choice=None, abstained=None, error=made.error, trace_id=made.id)
            journal.append([row])
        lost = {"type": "OSError", "message": "x"}
        journal.append([ResultRow(pair_id="p-lost", choice=None, abstained=None, error=lost, trace_id=None)])
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    good = [trace(f"t{n}", recommendation(f"Disease::{n % 4}", trace_id=f"t{n}")) for n in range(8)]
    return write_run(tmp_path / "run", [*good, LEFT_OUT["no evidence"].model_copy(update={"id": "t-none"})])


def test_a_data_set_is_split_by_disease_and_counts_what_it_leaves_out(run, tmp_path):
    manifest = build_dataset([run], tmp_path / "data")
    splits = {name: list(read_rows(tmp_path / "data" / f"{name}.jsonl")) for name in ("train", "validation")}
    diseases = {name: {row.disease for row in rows} for name, rows in splits.items()}
    assert not diseases["train"] & diseases["validation"]
    assert (len(diseases["train"]), len(diseases["validation"])) == (3, 1)
    assert manifest.rows == {name: len(rows) for name, rows in splits.items()} == {"train": 18, "validation": 6}
    assert manifest.tasks == {"investigate": 8, "answer": 8, "decide": 8}
    assert manifest.dropped == {"no evidence": 1, "no trace": 1}
    assert manifest.traces == 10
    assert manifest == read_manifest(tmp_path / "data")


def test_the_manifest_holds_the_hashes_of_the_files_and_the_runs(run, tmp_path):
    manifest = build_dataset([run], tmp_path / "data")
    for name, digest in manifest.sha256.items():
        assert hashlib.sha256((tmp_path / "data" / name).read_bytes()).hexdigest() == digest
    assert manifest.runs[0]["hide_pairs"] is True


def test_the_same_run_builds_the_same_files(run, tmp_path):
    assert build_dataset([run], tmp_path / "one").sha256 == build_dataset([run], tmp_path / "two").sha256
    assert build_dataset([run], tmp_path / "one").sha256 == read_manifest(tmp_path / "two").sha256


def test_answers_filter_the_rows_and_are_named_in_the_manifest(run, tmp_path):
    rows = [
        {
            "id": f"p{n}" if n < 9 else "p-lost",
            "disease": {"id": f"Disease::{n}"},
            "candidates": [{"id": "Compound::A"}, {"id": "Compound::B"}],
            "answer": "Compound::A" if n % 2 else "Compound::B",
        }
        for n in range(10)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = build_dataset([run], tmp_path / "data", [read_pairs(path)])
    assert manifest.labels == "answers"
    assert manifest.answers_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert manifest.dropped["teacher differs from the answer"] == 4
    path.write_text(json.dumps(rows[0]) + "\n")
    with pytest.raises(InputError, match="has no answer there"):
        build_dataset([run], tmp_path / "data", [read_pairs(path)])


def test_a_run_that_teaches_nothing_and_a_folder_of_something_else_are_refused(tmp_path):
    empty = write_run(tmp_path / "empty", [LEFT_OUT["no evidence"]])
    with pytest.raises(UserError, match="no evidence 1"):
        build_dataset([empty], tmp_path / "data")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="no data set"):
        build_dataset([empty], tmp_path / "other")
    assert (tmp_path / "other" / "letter.txt").exists()
    with pytest.raises(NotReady, match="No run"):
        build_dataset([tmp_path / "nowhere"], tmp_path / "data")


def answers_file(run, folder, answer):
    """Pairs of the run, all with one answer."""
    ids = [row.pair_id for row in RunFolder(run).rows().values()]
    rows = [
        {
            "id": pair_id,
            "disease": {"id": f"Disease::{n}"},
            "candidates": [{"id": "Compound::A"}, {"id": "Compound::B"}],
            "answer": answer,
        }
        for n, pair_id in enumerate(ids)
    ]
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_pairs(path)


def test_what_is_kept_can_be_chosen_and_correct_needs_answers(run, tmp_path):
    right, wrong = (answers_file(run, tmp_path, f"Compound::{name}") for name in "BA")
    kept = {keep: build_dataset([run], tmp_path / keep, [right], keep) for keep in ("correct", "answered", "all")}
    assert kept["all"].pairs == kept["correct"].pairs == kept["answered"].pairs
    with pytest.raises(UserError, match="differs from the answer"):
        build_dataset([run], tmp_path / "none", [wrong])
    with pytest.raises(UserError, match="nothing to teach"):
        build_dataset([run], tmp_path / "none", [wrong], "all")
    with pytest.raises(UserError, match="--answers"):
        build_dataset([run], tmp_path / "none", keep="correct")


def test_a_wrong_choice_teaches_no_rationale():
    assert "decide" in {row.task for row in chat_rows(trace(), "p1", "Compound::B")}
    assert {row.task for row in chat_rows(trace(), "p1", "Compound::A")} <= {"choose"}


def test_datasets_opens_the_folder_and_finds_a_row_per_pair(run, tmp_path):
    datasets = pytest.importorskip("datasets")
    manifest = build_dataset([run], tmp_path / "data")
    opened = datasets.load_dataset(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in opened.items()} == manifest.pairs
    row = opened["train"][0]
    assert [drug["name"] for drug in row["candidates"]] == ["Alphacin", "Betamol"]
    assert row["label"] == row["choice"] == "Compound::B"
    assert row["citations"]
    card = (tmp_path / "data" / "README.md").read_text()
    assert f"| pairs | {manifest.pairs['train']} | {manifest.pairs['validation']} |" in card


def test_diseases_whose_rows_nearly_repeat_each_other_stay_in_one_split():
    facts = " ".join(f"fact{n}" for n in range(60))
    near = NearDuplicates()
    near.add("Disease::1", ("A", "B"), f"Which drug is better for dropsy? {facts}")
    near.add("Disease::2", ("B", "A"), f"Which drug is better for hydrops? {facts}")
    near.add("Disease::3", ("A", "B"), "Which drug is better for dropsy? Other words by far stand here, no more.")
    near.add("Disease::4", ("A", "C"), f"Which drug is better for dropsy? {facts}")
    assert near.groups() == [("Disease::1", "Disease::2")]
    diseases = [f"Disease::{n}" for n in range(40)]
    for share in (0.1, 0.5, 0.9):
        held = validation_diseases(diseases, near.groups(), share)
        assert ("Disease::1" in held) == ("Disease::2" in held)
