"""Teaching the short form, and the student that comes of it, on a tiny Llama made on the spot."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from chat_rows import chat_row
from langchain_core.messages import HumanMessage
from test_short_form import task
from test_student import write_dataset

from kedrec.agents.open_model import open_model
from kedrec.agents.student import base as bases
from kedrec.agents.student.chat_model import is_student
from kedrec.agents.student.short_form import swapped
from kedrec.config import Settings
from kedrec.distill.dataset.chat_rows import ChatRow, Selection, TrainTurn
from kedrec.distill.student.base_loading import load_base
from kedrec.distill.student.losses import select_loss
from kedrec.distill.student.options import TrainOptions
from kedrec.distill.student.publish import merge_student
from kedrec.distill.student.tiny_model import make_tiny_base
from kedrec.distill.student.train import train_student
from kedrec.distill.student.upper_layers.halves import cut_model
from kedrec.distill.student.upper_layers.loop import Plan, UpperLoop, probabilities
from kedrec.distill.student.upper_layers.sureness import FEWEST, slopes_of_answers
from kedrec.distill.student.upper_layers.train import example_of
from kedrec.errors import NotReady, UserError
from kedrec.eval.tables.loss_ablation import SUBSETS, Bench, ablate, split_by_disease, table_of

torch.set_num_threads(1)
OPTIONS = TrainOptions(tasks=("choose",), epochs=5, batch_size=8, learning_rate=5e-3, soft=0.0, freeze=0)


def choose_row(number: int) -> ChatRow:
    """A row whose right label can be read off its prompt."""
    label, known = "AB"[number % 2], 1 + number % 7
    counts = (known, "none") if label == "A" else ("none", known)
    text = f"Which drug is better for disease {number}?\nA: x\ntrials: {counts[0]}\nB: y\ntrials: {counts[1]}"
    messages = ({"role": "user", "content": text}, {"role": "assistant", "content": f"CHOICE: {label}\nREASON: trials"})
    sure = (0.9, 0.1) if label == "A" else (0.1, 0.9)
    right = Selection(labels=("A", "B"), label=label, sure=sure)
    return chat_row(number, "choose", messages, (TrainTurn(index=1),), selection=right)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = write_dataset(tmp_path_factory.mktemp("short") / "data")
    rows = [choose_row(number) for number in range(48)]
    for name, part in {"train": rows[8:], "validation": rows[:8]}.items():
        (folder / f"{name}.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in part), "utf-8")
    return folder


@pytest.fixture(scope="module")
def taught(data, tmp_path_factory):
    """A student, what was said while it was taught, and the report."""
    folder, said = tmp_path_factory.mktemp("student") / "out", list[str]()
    return folder, said, train_student(data, "tiny", folder, OPTIONS, say=said.append)


@pytest.fixture(scope="module")
def student(taught) -> Path:
    return taught[0]


def test_the_short_form_is_learnt_and_the_folder_says_so(taught):
    folder, said, report = taught
    assert report.metrics["eval_loss"] < report.metrics["before_loss"]
    assert is_student(str(folder)) and any("⟦" in text for text in said)
    assert any("tokens/s" in text for text in said)
    assert list((folder / "tensorboard").iterdir())


def test_a_student_is_made_surer_the_more_often_it_is_right(student, tmp_path):
    """Rows held out that a share of the time ask for what it finds more probable."""
    model, tokenizer = load_base(str(student))
    rows = [example_of(tokenizer, choose_row(number), 0.0) for number in range(FEWEST + 10)]
    held_out = [
        UpperLoop(cut_model(model, 0), some, Plan(), tmp_path, filler=0, half=False)
        for some in (rows, rows[: FEWEST - 1])
    ]
    first = [told[0] > told[1] for told in probabilities(held_out[0], range(len(rows)))]
    slopes = []
    for wrong in (20, 10, 2):
        aims = [(1.0, 0.0) if (one == (i >= wrong)) else (0.0, 1.0) for i, one in enumerate(first)]
        held_out[0].examples = [replace(row, sure=aim) for row, aim in zip(rows, aims, strict=True)]
        slopes.append(slopes_of_answers(held_out[0], {row.row_id: "both" for row in rows})["both"])
    assert slopes == sorted(set(slopes))
    few = {row.row_id: "both" for row in rows[: FEWEST - 1]}
    assert slopes_of_answers(held_out[1], few) == {}, "too few to fit one on"


def test_the_slope_makes_a_student_surer_of_the_same_choice(student, tmp_path):
    surer = tmp_path / "surer"
    shutil.copytree(student, surer)
    mark = json.loads((surer / "short_form.json").read_text("utf-8"))
    (surer / "short_form.json").write_text(json.dumps({**mark, "slopes": {"both": 3.0}}), "utf-8")
    asked = [HumanMessage("", additional_kwargs={"kedrec": task().model_dump(mode="json")})]
    told = [
        open_model(f"local:{folder}", Settings(home=tmp_path)).invoke(asked).response_metadata["label_probabilities"]
        for folder in (student, surer)
    ]
    (first, other), (surely, hardly) = (tuple(one.values()) for one in told)
    assert surely / hardly == pytest.approx((first / other) ** 3, rel=1e-3)


def test_without_the_selection_loss_the_label_is_a_word_like_any_other(student, tmp_path):
    model, tokenizer = load_base(str(student))
    row = replace(example_of(tokenizer, choose_row(1), 0.0), after=())
    with_it, without = (
        UpperLoop(cut_model(model, 0), [row], Plan(select_weight=a), tmp_path, filler=0, half=False).loss([0])
        for a in (1.0, 0.0)
    )
    assert "sft" not in with_it[1]
    label = row.label_tokens[row.sure.index(1.0)]
    said = torch.log_softmax(model(torch.tensor([row.prompt])).logits[0, -1].float(), dim=0)[label]
    assert without[0].item() == without[1]["sft"] == pytest.approx(-said.item(), abs=1e-4)


class Killed(BaseException):
    pass


def curve(data: Path, out: Path, kill_at: int | None = None) -> list[float]:
    losses: list[float] = []

    def step(done: int, of: int, terms: dict[str, float]) -> None:
        losses.append(terms["select"])
        if done == kill_at:
            raise Killed

    train_student(data, "tiny", out, OPTIONS.model_copy(update={"save_minutes": 1e-9, "epochs": 2.0}), on_progress=step)
    return losses


def test_every_subset_of_the_losses_is_taught_once_and_told_in_a_table(data, tmp_path):
    rows = [str(message["content"]) for number in range(9) for message in choose_row(number).messages]
    base = "tiny", str(make_tiny_base(tmp_path / "tiny", rows))
    lessons, exam = split_by_disease(data, taught=8, held_out=4)
    assert {row.disease for row in lessons}.isdisjoint(row.disease for row in exam)
    assert (len(lessons), len(exam)) == (16, 8)
    said = list[str]()
    found = ablate(Bench(base, lessons, exam, OPTIONS.model_copy(update={"epochs": 1})), tmp_path / "out", said.append)
    assert list(found) == list(SUBSETS) and len(said) == len(SUBSETS)
    assert len({one.terms["sft"] for one in found.values()}) > 2, "other weights teach other words"
    assert found["L_sft alone"].terms["sft"] < found["untaught"].terms["sft"]
    told = table_of(found).markdown()
    assert all(name in told for name in SUBSETS) and "rationale" in told

    kept = next((tmp_path / "out").glob("*.json"))
    kept.unlink()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    again = ablate(Bench(base, lessons, exam, OPTIONS.model_copy(update={"epochs": 1})), tmp_path / "out", said.append)
    assert again == found, "one subset is measured again, the others are read"
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_a_killed_training_takes_the_same_steps_as_one_that_was_not(data, tmp_path):
    whole = curve(data, tmp_path / "whole")
    with pytest.raises(Killed):
        curve(data, tmp_path / "killed", kill_at=7)
    rest = curve(data, tmp_path / "killed")
    assert rest == pytest.approx(whole[len(whole) - len(rest) :], abs=1e-6)
    assert len(rest) == len(whole) - 7
    weights = [load_base(str(tmp_path / name))[0].state_dict() for name in ("whole", "killed")]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=1e-6) for name in weights[0])


def test_the_teachers_probability_is_a_softer_aim():
    logits, tokens = torch.tensor([[0.0, 2.0, -1.0]]), torch.tensor([[1, 2]])
    choice = torch.tensor([0])
    assert select_loss(logits, tokens, choice, torch.tensor([[1.0, 0.0]])) == pytest.approx(
        float(select_loss(logits, tokens, choice)), abs=1e-6
    )
    aim = torch.tensor([[0.7, 0.3]])
    logs = torch.log_softmax(logits[:, [1, 2]], dim=1)
    assert select_loss(logits, tokens, choice, aim) == pytest.approx(float(-(aim * logs).sum()), abs=1e-6)


def test_two_halves_of_a_model_are_the_whole(tmp_path):
    model, _ = load_base(str(make_tiny_base(tmp_path / "tiny", ["some words to learn from"])))
    ids = torch.tensor([[5, 6, 7, 8]])
    halves = cut_model(model, 1)
    logits = halves.logits(halves.below(ids), torch.tensor([0]), torch.tensor([3]))
    assert torch.allclose(logits[0], model(ids).logits[0, 3], atol=1e-5)
    with pytest.raises(UserError, match="leaves none to train"):
        cut_model(model, 2)


def test_the_student_chooses_alike_in_either_order(student, tmp_path):
    model = open_model(f"local:{student}", Settings(home=tmp_path))
    assert model._llm_type == "student"
    groups = [["trials", "articles"], ["trials"]]
    one = model._reader.choose(task(), groups)
    other = model._reader.choose(swapped(task()), groups[::-1])
    assert one.probabilities == pytest.approx(other.probabilities[::-1], abs=1e-4)
    assert sum(one.probabilities) == pytest.approx(1)
    assert one.group in ("trials", "articles")


def test_of_three_drugs_each_pair_is_read(student, tmp_path):
    model = open_model(f"local:{student}", Settings(home=tmp_path))
    made = model._reader.choose(task(3), [["trials"]] * 3)
    assert len(made.probabilities) == 3 and sum(made.probabilities) == pytest.approx(1.5 * 2 / 3)


def test_a_base_that_is_nowhere_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(bases, "PACKAGE", "no_such_package_here")
    monkeypatch.setattr(bases, "HUB_ID", str(tmp_path / "nowhere"))
    with pytest.raises(NotReady, match=r"no_such_package_here is not installed.*make"):
        bases.smollm2(tmp_path / "home")
    assert not (tmp_path / "home" / "derived" / "smollm2").exists()


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft 0.21 reads it
def test_an_adapter_for_the_short_form_is_merged_into_one_model(data, tmp_path):
    rows = [str(message["content"]) for number in range(9) for message in choose_row(number).messages]
    tiny = make_tiny_base(tmp_path / "tiny", rows)
    options = OPTIONS.model_copy(update={"lora_rank": 2, "epochs": 1.0, "freeze": 1})
    report = train_student(data, str(tiny), tmp_path / "out", options)
    assert report.trained_parameters < report.parameters / 10
    assert json.loads((tmp_path / "out" / "short_form.json").read_text("utf-8"))["base"] == str(tiny)
    merge_student(tmp_path / "out", tmp_path / "whole", tmp_path)
    models = [open_model(spec, Settings(home=tmp_path)) for spec in (report.model, f"local:{tmp_path / 'whole'}")]
    told = [model._reader.choose(task(), [["trials"]] * 2).probabilities for model in models]
    assert told[0] == pytest.approx(told[1], abs=1e-2)
