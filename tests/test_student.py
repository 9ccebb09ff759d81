"""Losses, encoding and training, on a tiny Llama made on the spot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from chat_rows import chat_row

from kedrec.distill.dataset.chat_rows import ChatRow, Manifest, Selection, TrainTurn
from kedrec.distill.student.encoding import IGNORED, Encoder, check_trained, marked_sample
from kedrec.distill.student.losses import rationale_loss, select_loss, sft_loss
from kedrec.distill.student.tiny_model import make_tiny_base
from kedrec.distill.student.train import TrainOptions, train_student
from kedrec.errors import UserError

torch.set_num_threads(1)  # threads that wait for each other on a busy machine make tiny models many times slower
DRUGS = ("methotrexate", "aspirin", "lithium", "insulin", "warfarin", "heparin")


def decide_row(number: int, label: str = "A") -> ChatRow:
    """A row whose right label stands in its prompt, so that it can be learnt."""
    good, bad = DRUGS[number % 6], DRUGS[(number + 1) % 6]
    names = (good, bad) if label == "A" else (bad, good)
    rationale = f"- {good} was shown to work in this disease [P1]"
    messages = (
        {"role": "system", "content": "Choose one drug."},
        {"role": "user", "content": f"A {names[0]}\nB {names[1]}\n[P1] {good} works{' well' * 20}\nbest {label}"},
        {"role": "assistant", "content": f"CHOICE: {label}\nCONFIDENCE: 0.90\nRATIONALE:\n{rationale}"},
    )
    right, train = Selection(labels=("A", "B"), label=label), (TrainTurn(index=2, rationale=rationale),)
    return chat_row(number, "decide", messages, train, selection=right, disease=f"Disease::{number // 2}")


def investigate_row() -> ChatRow:
    call = {"name": "neighbours", "arguments": '{"entity": "Gene::1"}'}
    messages = (
        {"role": "user", "content": "Look around."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "c1", "content": "nothing was found"},
        {"role": "assistant", "content": "Enough is known."},
    )
    tools = ({"type": "function", "function": {"name": "neighbours", "parameters": {"type": "object"}}},)
    train = (TrainTurn(index=1), TrainTurn(index=3))
    return chat_row(0, "investigate", messages, train, teacher="openai:x", tools=tools)


def write_dataset(folder: Path, rows: int = 16) -> Path:
    folder.mkdir()
    made = [decide_row(n, "AB"[(n // 3) % 2]) for n in range(rows)]
    splits = {"train": made[4:], "validation": made[:4]}
    for name, part in splits.items():
        (folder / f"{name}.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in part), "utf-8")
    manifest = Manifest(
        runs=(),
        labels="teacher",
        answers_sha256=None,
        traces=rows,
        rows={name: len(part) for name, part in splits.items()},
        tasks={"decide": rows},
        diseases={"train": 6, "validation": 2},
        dropped={},
        sha256={"train.jsonl": "1", "validation.jsonl": "2"},
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [decide_row(n) for n in range(12)]
    texts = [str(message["content"]) for row in rows for message in row.messages]
    return make_tiny_base(tmp_path_factory.mktemp("base") / "tiny", texts)


@pytest.fixture(scope="module")
def tokenizer(tiny: Path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny)


# --- the tiny base ----------------------------------------------------------------------------------------------


def test_the_tiny_base_is_small_and_gives_each_label_one_token(tiny, tokenizer):
    from transformers import AutoModelForCausalLM

    assert AutoModelForCausalLM.from_pretrained(tiny).num_parameters() < 2_000_000
    tokens = Encoder(tokenizer).label_tokens(["A", "B", "C", "J", "NONE"])
    assert len(set(tokens)) == 5
    assert [tokenizer.decode([token]).strip() for token in tokens] == ["A", "B", "C", "J", "NONE"]


def test_the_same_texts_make_the_same_tiny_base(tmp_path):
    folders = [make_tiny_base(tmp_path / name, ["some words", "and others"]) for name in ("one", "two")]
    assert len({(folder / "model.safetensors").read_bytes() for folder in folders}) == 1
    assert len({(folder / "tokenizer.json").read_bytes() for folder in folders}) == 1


def test_a_tiny_base_of_no_text_is_refused(tmp_path):
    with pytest.raises(UserError, match="no text"):
        make_tiny_base(tmp_path / "tiny", [])


# --- encoding ---------------------------------------------------------------------------------------------------


def test_only_the_assistants_words_and_its_end_of_turn_are_trained_on(tokenizer):
    row = Encoder(tokenizer).encode(decide_row(1, "B"))
    trained = tokenizer.decode([token for token in row.labels if token != IGNORED])
    assert trained == decide_row(1, "B").messages[-1]["content"] + "<|end|>"


def test_choice_and_rationale_are_found_at_their_places(tokenizer):
    row = Encoder(tokenizer).encode(decide_row(1, "B"))
    assert tokenizer.decode([row.input_ids[row.choice_position]]) == " B"
    assert row.label_tokens[row.choice] == row.input_ids[row.choice_position]
    words = tokenizer.decode([row.input_ids[place] for place in row.rationale])
    assert words.strip() == decide_row(1, "B").train[0].rationale


def test_tool_calls_are_trained_on_and_their_results_are_not(tokenizer):
    row = Encoder(tokenizer).encode(investigate_row())
    trained = tokenizer.decode([token for token in row.labels if token != IGNORED])
    assert '<tool_call>{"name": "neighbours", "arguments": {"entity": "Gene::1"}}</tool_call>' in trained
    assert "Enough is known.<|end|>" in trained
    assert "nothing was found" not in trained
    assert row.choice == -1


def test_a_turn_that_is_not_to_be_trained_on_is_left_out(tokenizer):
    row = investigate_row().model_copy(update={"train": (TrainTurn(index=3),)})
    trained = [token for token in Encoder(tokenizer).encode(row).labels if token != IGNORED]
    assert tokenizer.decode(trained) == "Enough is known.<|end|>"


def refusing_template(tiny, check):
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(tiny)
    other.chat_template = f"{check}{other.chat_template}"
    return other


NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"


def test_a_template_without_a_system_role_gets_its_text_before_the_first_of_the_user(tiny, tokenizer):
    row = decide_row(1)
    messages = ({"role": "system", "content": "Be very brief."}, *(m for m in row.messages if m["role"] != "system"))
    moved = len(messages) - len(row.messages)
    train = tuple(turn.model_copy(update={"index": turn.index + moved}) for turn in row.train)
    row = row.model_copy(update={"messages": messages, "train": train})
    with_role, without = Encoder(tokenizer).encode(row), Encoder(refusing_template(tiny, NO_SYSTEM)).encode(row)
    trained = [[t for t in encoded.labels if t != IGNORED] for encoded in (with_role, without)]
    assert trained[0] == trained[1] and with_role.choice == without.choice
    assert "Be very brief." in tokenizer.decode(without.input_ids)


def test_a_template_that_takes_no_conversation_at_all_is_the_users_mistake(tiny):
    with pytest.raises(UserError, match="takes no such conversation"):
        Encoder(refusing_template(tiny, "{{ raise_exception('No') }}")).encode(decide_row(1))


def test_an_empty_mask_is_refused(tokenizer):
    row = Encoder(tokenizer).encode(decide_row(1).model_copy(update={"train": ()}))
    with pytest.raises(UserError, match="nothing is trained on"):
        check_trained([row], {tokenizer.eos_token_id})


def test_a_stop_token_outside_the_mask_is_refused(tokenizer, tiny):
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(tiny)
    inside = "{{- '<|end|>' -}}\n{%- endgeneration -%}"
    outside = "{%- endgeneration -%}\n{{- '<|end|>' -}}"
    assert inside in other.chat_template
    other.chat_template = other.chat_template.replace(inside, outside)
    row = Encoder(other).encode(decide_row(1))
    with pytest.raises(UserError, match="end-of-turn"):
        check_trained([row], {other.eos_token_id})


def test_a_template_without_generation_markers_trains_on_the_same_tokens(tiny, tokenizer):
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(tiny)
    plain = other.chat_template.replace("{%- generation -%}\n", "").replace("{%- endgeneration -%}\n", "")
    assert "generation -%}" not in plain.replace("add_generation_prompt", "")
    other.chat_template = plain
    for row in (decide_row(1), investigate_row()):
        marked, found = Encoder(tokenizer).encode(row), Encoder(other).encode(row)
        assert found == marked


def test_the_sample_marks_exactly_what_is_trained_on(tokenizer):
    sample = marked_sample(Encoder(tokenizer).encode(decide_row(1)), tokenizer, around=5)
    assert sample.endswith("<|assistant|>⟦" + decide_row(1).messages[-1]["content"] + "<|end|>⟧")


# --- the loss terms ---------------------------------------------------------------------------------------------


@pytest.fixture
def logits():
    torch.manual_seed(0)
    return torch.randn(2, 5, 11, requires_grad=True)


TARGETS = torch.tensor([[1, 2, 3, IGNORED, IGNORED], [4, 5, 6, 7, 8]])


def gradient(loss: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, of)[0]


def test_sft_loss_is_the_mean_over_trained_tokens(logits):
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), TARGETS.flatten(), ignore_index=IGNORED)
    assert torch.isclose(sft_loss(logits, TARGETS), expected)
    assert torch.isclose(sft_loss(logits, TARGETS, 16), expected / 2)
    assert gradient(sft_loss(logits, TARGETS), logits).abs().sum() > 0


def test_select_loss_looks_at_the_candidates_tokens_alone(logits):
    tokens, choice = torch.tensor([[3, 4, -1], [5, 6, 7]]), torch.tensor([1, -1])
    loss = select_loss(logits[:, 0], tokens, choice)
    expected = -torch.log_softmax(logits[0, 0, [3, 4]], dim=0)[1]
    assert torch.isclose(loss, expected)
    moved = gradient(loss, logits)
    assert moved[0, 0, [3, 4]].abs().min() > 0
    assert moved[0, 0, [0, 1, 2, 5]].abs().max() == 0
    assert moved[1].abs().max() == 0


def test_rationale_loss_moves_the_student_and_not_the_embeddings(logits):
    table = torch.randn(11, 4, requires_grad=True)
    inside = torch.tensor([[True, True, True, False, False], [False] * 5])
    loss = rationale_loss(logits, TARGETS.clamp(min=0), inside, table)
    moved = gradient(loss, logits)
    assert moved[0, :3].abs().sum() > 0
    assert moved[0, 3:].abs().max() == 0
    assert not torch.autograd.grad(loss, table, allow_unused=True)[0]


def test_rationale_loss_vanishes_where_the_student_says_what_the_teacher_says():
    targets = torch.tensor([[1, 2, 3]])
    sure = 50 * torch.nn.functional.one_hot(targets, 11).float()
    inside, table = torch.ones(1, 3, dtype=torch.bool), torch.randn(11, 4)
    assert rationale_loss(sure, targets, inside, table) < 1e-6
    assert rationale_loss(sure.roll(1, dims=-1), targets, inside, table) > 1e-2


NOTHING = {
    "select": lambda x: select_loss(x[:, 0], torch.full((2, 2), -1), torch.tensor([-1, -1])),
    "rationale": lambda x: rationale_loss(
        x, TARGETS.clamp(min=0), torch.zeros(2, 5, dtype=torch.bool), torch.randn(11, 4)
    ),
}


@pytest.mark.parametrize("term", NOTHING)
def test_a_term_that_no_row_needs_is_zero_and_differentiable(term, logits):
    loss = NOTHING[term]
    assert loss(logits) == 0
    assert gradient(loss(logits), logits).abs().max() == 0


# --- training ---------------------------------------------------------------------------------------------------


def test_training_lowers_every_term_and_the_student_can_be_loaded(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    said: list[str] = []
    steps: list[tuple[int, int]] = []
    data = write_dataset(tmp_path / "data", 28)
    options = TrainOptions(epochs=12, batch_size=4, learning_rate=3e-3, rationale_weight=1.0)
    report = train_student(
        data, "tiny", tmp_path / "out", options, say=said.append, on_progress=lambda n, of, _: steps.append((n, of))
    )
    for term in ("loss", "loss_sft", "loss_select", "loss_rationale"):
        assert report.metrics[f"eval_{term}"] < report.metrics[f"before_{term}"], term
    assert "⟦CHOICE:" in said[0]
    assert steps[-1] == (72, 72)
    assert report.model == f"local:{tmp_path / 'out'}"
    model, tokenizer = (kind.from_pretrained(tmp_path / "out") for kind in (AutoModelForCausalLM, AutoTokenizer))
    assert model.num_parameters() == report.parameters == report.trained_parameters
    assert tokenizer.chat_template
    assert "kedrec eval selection" in (tmp_path / "out" / "README.md").read_text("utf-8")


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft 0.21 reads it
def test_an_adapter_is_trained_on_a_given_base(tmp_path, tiny):
    report = train_student(
        write_dataset(tmp_path / "data"), str(tiny), tmp_path / "out", TrainOptions(epochs=1, lora_rank=2)
    )
    assert report.trained_parameters < report.parameters / 10
    assert report.model == f"local:{tiny}+{tmp_path / 'out'}"
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["r"] == 2


def test_a_killed_training_goes_on_from_its_last_checkpoint(tmp_path):
    class Killed(BaseException):
        pass

    def kill(step: int, of: int, _: dict[str, float]) -> None:
        if step == 5:
            raise Killed

    data = write_dataset(tmp_path / "data")
    options = TrainOptions(epochs=3, batch_size=4)
    with pytest.raises(Killed):
        train_student(data, "tiny", tmp_path / "out", options, on_progress=kill)
    assert not (tmp_path / "out" / "metrics.json").exists()
    steps: list[int] = []
    report = train_student(data, "tiny", tmp_path / "out", options, on_progress=lambda n, *_: steps.append(n))
    assert report.resumed
    assert steps[0] == 4
    assert steps[-1] == 9
    again = train_student(data, "tiny", tmp_path / "out", options)
    assert again == report


def test_two_processes_train_one_student_and_one_of_them_speaks(tmp_path):
    data, out = write_dataset(tmp_path / "data"), tmp_path / "out"
    options = ["--base", "tiny", "--out", str(out), "--epochs", "1", "--batch-size", "2", "--json"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*launch, str(Path(sys.executable).parent / "kedrec"), "student", "train", str(data), *options],
        capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "KEDREC_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["rows"] == {"train": 12, "validation": 4}
    assert (out / "model.safetensors").is_file()
    assert not (out / "checkpoints").exists()


def test_another_training_into_the_same_folder_is_refused(tmp_path):
    data = write_dataset(tmp_path / "data")
    train_student(data, "tiny", tmp_path / "out", TrainOptions(epochs=1))
    with pytest.raises(UserError, match="another training"):
        train_student(data, "tiny", tmp_path / "out", TrainOptions(epochs=2))


def test_rows_longer_than_the_limit_are_counted_and_never_cut(tmp_path):
    data = write_dataset(tmp_path / "data")
    with pytest.raises(UserError, match="longer than 64 tokens"):
        train_student(data, "tiny", tmp_path / "out", TrainOptions(max_length=64, epochs=1))
    shutil.rmtree(tmp_path / "out")


def test_a_base_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match="cannot be loaded as a base"):
        train_student(write_dataset(tmp_path / "data"), str(tmp_path / "nowhere"), tmp_path / "out")


def test_batches_are_padded_on_the_left_and_every_place_moves_along(tokenizer):
    from kedrec.distill.student.distill_trainer import DistillCollator, columns

    encoder = Encoder(tokenizer)
    short = decide_row(1)
    longer = short.messages[1]["content"] + " and more words before it"
    long = decide_row(2, "B").model_copy(
        update={"messages": (short.messages[0], {"role": "user", "content": longer}, decide_row(2, "B").messages[2])}
    )
    rows = [encoder.encode(row) for row in (short, long, investigate_row())]
    batch = DistillCollator(pad_token_id=tokenizer.pad_token_id)([columns(row) for row in rows])
    for at, row in enumerate(rows):
        shift = batch["input_ids"].shape[1] - len(row.input_ids)
        assert batch["attention_mask"][at].tolist() == [0] * shift + [1] * len(row.input_ids)
        assert batch["input_ids"][at, shift:].tolist() == row.input_ids
        assert batch["labels"][at].tolist() == [IGNORED] * shift + row.labels
        assert (batch["rationale"][at].nonzero().squeeze(1) - shift).tolist() == row.rationale
        if row.choice >= 0:
            assert batch["input_ids"][at, batch["choice_position"][at]] == row.label_tokens[row.choice]
        else:
            assert batch["choice_position"][at] == batch["choice"][at] == -1


def test_the_loss_does_not_depend_on_the_padding(tokenizer, tiny, tmp_path):
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig

    from kedrec.distill.student.distill_trainer import DistillCollator, DistillTrainer, LossWeights, columns

    rows = [columns(Encoder(tokenizer).encode(decide_row(n))) for n in range(2)]
    collate = DistillCollator(pad_token_id=tokenizer.pad_token_id)
    arguments = SFTConfig(
        output_dir=str(tmp_path), max_length=None, report_to=[], bf16=False, activation_checkpointing=False
    )
    trainer = DistillTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny),
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        data_collator=collate,
        weights=LossWeights(),
    )
    alone = collate(rows[:1])
    padded = {**alone}
    for name, filler in (
        ("input_ids", tokenizer.pad_token_id),
        ("labels", IGNORED),
        ("attention_mask", 0),
        ("rationale", False),
    ):
        padded[name] = torch.nn.functional.pad(alone[name], (9, 0), value=filler)
    padded["choice_position"] = alone["choice_position"] + 9
    with torch.no_grad():
        losses = [float(trainer.compute_loss(trainer.model, dict(batch))) for batch in (alone, padded)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
