"""The paper's tables on the starter data: what is hidden, what resumes, what is compared, what leaks."""

import json
from pathlib import Path

import pytest

from kedrec.cli import main
from kedrec.config import Settings
from kedrec.distill.runs.run import start_run
from kedrec.errors import InputError, NotReady, UserError
from kedrec.eval.metrics import Outcome
from kedrec.eval.tables.options import TablesOptions, pinned
from kedrec.eval.tables.recorded_runs import RecordedRuns, question_of
from kedrec.eval.tables.reporting.paper import read_paper
from kedrec.eval.tables.reporting.significance import compare
from kedrec.eval.tables.run import Call, make_tables
from kedrec.eval.tables.steps import Kept, Step, Steps, code_of
from kedrec.eval.tables.task import asked, drkg_task
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore

STARTER = Path(__file__).parent.parent / "examples" / "starter"


ROWS = ("frequency", "logistic", "trees", "teacher", "lead", "side-effects")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The starter pairs, laid out as the tables want them."""
    folder = tmp_path_factory.mktemp("data") / "pairs"
    folder.mkdir()
    lines = (STARTER / "pairs.jsonl").read_text("utf-8").splitlines(keepends=True)
    for split in ("train", "dev"):
        (folder / f"{split}.jsonl").write_text("".join(line for line in lines if json.loads(line)["split"] == split))
    return folder.parent


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    home = tmp_path_factory.mktemp("loaded")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return Settings(home=home)


def small(data: Path, **more) -> TablesOptions:
    return TablesOptions(data=data, settings=("none",), rows=ROWS, limit=16, rationale_pairs=2, **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory, data, settings) -> tuple[Path, list[str]]:
    """The rows that take no time to speak of, over the graph alone, once."""
    out, told = tmp_path_factory.mktemp("tables") / "out", []
    make_tables(out, settings, small(data), say=told.append)
    return out, told


def test_a_judge_named_later_is_kept_and_anything_else_is_refused(tmp_path, data):
    begun = pinned(tmp_path, small(data))
    assert (begun.judge, pinned(tmp_path, None, {"judge": "openai:tiny", "pyhealth": None}).judge) == (
        None,
        "openai:tiny",
    )
    assert pinned(tmp_path, small(data)).judge == "openai:tiny"
    with pytest.raises(UserError, match="seed"):
        pinned(tmp_path, small(data, seed=7), {"judge": "openai:tiny"})


def outcome(pair: int, right: bool, disease: str = "") -> Outcome:
    return Outcome(pair_id=str(pair), disease=disease or str(pair), kind="", answer="a", choice="a" if right else "b")


def test_every_row_has_chosen_and_says_what_it_is(made):
    out, told = made
    text = (out / "tables.md").read_text("utf-8")
    assert not [line for line in told if "failed" in line]
    for row in ("frequency", "logistic", "boosted trees", "KEDRec teacher", "first words", "side-effects"):
        assert row in text
    for name in ("table1-drkg.csv", "table2.csv", "beyond.csv", "f1-drkg.svg", "coverage-drkg.svg"):
        assert (out / name).stat().st_size > 100


def test_a_second_call_does_nothing_again_and_writes_the_same_tables(made, settings):
    out, _ = made
    before, told = (out / "table1-drkg-detail.csv").read_bytes(), []
    report = make_tables(out, settings, say=told.append)
    assert told == [f"{len(list((out / 'steps').iterdir()))} of {len(list((out / 'steps').iterdir()))} steps are done"]
    assert report.lacking == ()
    assert (out / "table1-drkg-detail.csv").read_bytes() == before


def test_only_what_is_lost_is_done_again(made, settings):
    out, _ = made
    lost = out / "steps" / "drkg-logistic-none.json"
    before = Kept.model_validate_json(lost.read_text("utf-8"))
    lost.write_text(lost.read_text("utf-8")[:100])
    told: list[str] = []
    make_tables(out, settings, say=told.append)
    assert [line.split()[1] for line in told if line.startswith("[")] == ["drkg-logistic-none:"]
    assert Kept.model_validate_json(lost.read_text("utf-8")).outcomes == before.outcomes


def test_edges_shown_are_a_leak_that_the_footer_names(made):
    out, _ = made
    footer = (out / "tables.md").read_text("utf-8").partition("Two tests of honesty")[2]
    assert "KEDRec teacher" in footer
    leak = footer.partition("edges shown")[2].partition("KEDRec teacher")[2]
    assert float(leak.partition("a leak of ")[2].split("*")[0]) > 0.05


def test_a_plan_names_all_steps_with_their_time_and_does_none(tmp_path, settings, data):
    told: list[str] = []
    report = make_tables(tmp_path / "out", settings, small(data), say=told.append, call=Call(plan_only=True))
    assert report.files == ()
    assert told[0].startswith(f"0 of {len(report.lacking)} steps are done; the others take")
    assert any("drkg-teacher: none" in line and "minute" in line for line in told)
    assert not list((tmp_path / "out" / "steps").iterdir())


def test_a_call_does_what_it_is_told_and_leaves_the_rest_for_another(tmp_path, settings, data):
    told: list[str] = []
    call = Call(only=("drkg-*",), without=("teacher", "trees"))
    report = make_tables(tmp_path / "out", settings, small(data), say=told.append, call=call)
    done = {path.stem for path in (tmp_path / "out" / "steps").iterdir()}
    assert done == {"drkg-frequency-none", "drkg-logistic-none"}
    assert report.left == ()
    assert "drkg-teacher-none" in report.lacking
    with pytest.raises(UserError, match=r"No step is named by 'gnm'.*drkg-teacher"):
        make_tables(tmp_path / "out", settings, say=str, call=Call(only=("gnm",)))


def test_answers_of_a_recorded_run_are_taken_and_the_row_says_what_was_hidden(tmp_path, settings, data):
    task = drkg_task(data / "pairs/train.jsonl", data / "pairs/dev.jsonl", 4)
    run, out = tmp_path / "run", tmp_path / "out"
    start_run(task.test, run, settings.model_copy(update={"setting": "none"}), hide_pairs=True)
    options, told = small(data).model_copy(update={"limit": 4}), []
    make_tables(out, settings, options, say=told.append, call=Call(runs=(run,), only=("drkg-teacher-none",)))
    assert told[0] == f"{run}: `offline`, `none`, 4 questions"
    assert not (out / "runs").exists()
    kept = Kept.model_validate_json((out / "steps" / "drkg-teacher-none.json").read_text("utf-8"))
    assert len(kept.texts) > 0
    hidden = len(task.test.hidden())
    assert "4 of 4 questions from recorded runs" in kept.note
    assert f"the edges of {hidden} pairs hidden, not of all {len(task.hidden)}" in kept.note


def test_a_run_over_edges_that_were_shown_or_another_graph_is_not_taken(tmp_path, settings, data):
    task = drkg_task(data / "pairs/train.jsonl", data / "pairs/dev.jsonl", 2)
    start_run(task.test, tmp_path / "run", settings.model_copy(update={"setting": "none"}))
    shown = RecordedRuns([tmp_path / "run"], embedded_hash(settings), "")
    other = RecordedRuns([tmp_path / "run"], "another", "")
    asked = [question_of(pair) for pair in task.test.questions]
    for runs, why in ((shown, "with the pairs' edges shown"), (other, "over another graph")):
        assert why in next(runs.lines())
        assert runs.traces("none", "offline", asked) == {}
    with pytest.raises(UserError, match="holds no run"):
        RecordedRuns([tmp_path], "", "")


def embedded_hash(settings: Settings) -> str:
    return EmbeddedStore.open(settings.home / "graph").source_sha256


def test_other_options_into_the_same_folder_are_refused(made, settings, data):
    with pytest.raises(UserError, match="begun with seed = 0"):
        make_tables(made[0], settings, small(data, seed=1), say=str)


def test_nothing_begun_and_no_data_says_how_to_begin(settings, tmp_path):
    with pytest.raises(NotReady, match="--data DIR"):
        make_tables(tmp_path / "new", settings, say=str)


def test_the_command_prints_no_traceback_on_data_that_are_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["eval", "tables", "--out", str(tmp_path / "out"), "--data", str(tmp_path)])
    assert stopped.value.code == 2
    assert "pairs/train.jsonl" in capsys.readouterr().err


def test_drawing_answers_by_lot_changes_answers_and_nothing_else(data):
    task = drkg_task(data / "pairs/train.jsonl", data / "pairs/dev.jsonl")
    drawn = task.shuffled(0)
    assert drawn.questions_sha256 == task.questions_sha256
    assert drawn.sha256 != task.sha256
    same = sum(a.right == b.right for a, b in zip(asked(task.test), asked(drawn.test), strict=True))
    assert 0 < same < len(task.test.questions)


def test_training_and_test_that_share_a_disease_are_refused(data):
    with pytest.raises(InputError, match="need diseases of their own"):
        drkg_task(data / "pairs/train.jsonl", data / "pairs/train.jsonl")


def test_a_row_is_no_better_than_itself():
    row = [outcome(n, n % 3 > 0) for n in range(60)]
    found = compare(row, row)
    assert (found.difference, found.ci95, found.p_items, found.p_groups) == (0, (0, 0), 1, 1)


def test_a_paired_test_sees_what_two_intervals_would_not():
    better, worse = ([outcome(n, n % 4 > 0 or (won and n % 8 == 0)) for n in range(160)] for won in (True, False))
    found = compare(better, worse)
    assert found.difference == pytest.approx(0.125)
    assert found.p_items < 0.001
    assert found.ci95[0] > 0


def test_groups_widen_what_items_narrow():
    row = [outcome(n, n % 20 < 12, disease=str(n // 20)) for n in range(200)]
    other = [outcome(n, n % 20 >= 8 and n < 100, disease=str(n // 20)) for n in range(200)]
    alone = compare([o.model_copy(update={"disease": o.pair_id}) for o in row], other)
    together = compare(row, other)
    assert together.ci95[1] - together.ci95[0] != alone.ci95[1] - alone.ci95[0]
    assert together.p_items == alone.p_items


def test_a_step_that_fails_is_named_and_the_others_go_on(tmp_path):
    def fails() -> Kept:
        raise InputError("here.txt", "is not there.")

    steps = Steps(tmp_path, say=str)
    steps.run([Step("bad", "k", fails), Step("good", "k", lambda: Kept(note="done"))])
    assert "here.txt" in steps.failed["bad"]
    assert steps.read(Step("good", "k", fails)).note == "done"
    assert steps.read(Step("good", "other", fails)) is None


def test_the_papers_figures_are_read_and_a_bad_line_is_named(tmp_path):
    assert read_paper().cell("2", "student", "both", "rougeL").startswith("0.340 ")  # 34.03 in percent
    assert "34.03" in read_paper().sources_of("2")[0] and not read_paper().sources_of("1 drkg")
    assert read_paper().cell("1 drkg", "gnn", "both", "f1") == "–"
    path = tmp_path / "paper.tsv"
    path.write_text("table\trow\tsetting\tmeasure\tvalue\tsource\n1 drkg\tgnn\tboth\tf1\t50.0\tpage 4\n1\tgnn\n")
    with pytest.raises(InputError, match="line 3: 2 columns"):
        read_paper(path)


def test_words_and_imports_of_a_module_change_no_step_and_what_it_does_changes_it(tmp_path):
    texts = (
        '"""Adds."""\nfrom there import one\n\n\ndef add(n):\n    """Add."""\n    return n + one\n',
        '"""Adds one."""\nfrom here import one\n\n\n# A remark.\ndef add(n):\n    return n + one\n',
        "from here import one\n\n\ndef add(n):\n    return n - one\n",
    )
    paths = [tmp_path / f"{i}.py" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    first, worded, changed = (code_of(str(path)) for path in paths)
    assert first == worded != changed
