"""Language models in this process, on a tiny Llama made on the spot."""

from __future__ import annotations

import math
import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool

from kedrec.agents.models.context_window import fit_evidence, trained_context
from kedrec.agents.open_model import open_model
from kedrec.agents.prompting.answer_parser import parse_decision
from kedrec.config import Settings
from kedrec.errors import ConfigError, MissingExtra, ModelRefused

pytest.importorskip("torch")
pytest.importorskip("transformers")

from kedrec.distill.student.tiny_model import TinyShape, make_tiny_base

TEXTS = [
    "Baricitinib for alopecia areata. CHOICE: A CONFIDENCE: 0.87 RATIONALE: - It was superior to placebo. [P1]"
] * 5
SHAPE = TinyShape(vocabulary=512, hidden=32, layers=2, heads=2, context=512)
DISEASE = {"id": "Disease::D1", "kind": "Disease", "name": "alopecia areata"}
DRUGS = [
    {"id": f"Compound::C{i}", "kind": "Compound", "name": name}
    for i, name in enumerate(("Baricitinib", "Sulfasalazine"))
]


@tool
def look_up(name: str) -> str:
    """Look a name up."""
    return name


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_base(tmp_path_factory.mktemp("base"), TEXTS, shape=SHAPE)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), max_output_tokens=24)


@pytest.fixture(scope="module")
def model(base, settings):
    return open_model(f"local:{base}", settings)


def request(task: str, text: str = "Which one?", labels: tuple[str, ...] = ("A", "B")) -> HumanMessage:
    payload = {"task": task, "disease": DISEASE, "candidates": DRUGS, "labels": list(labels), "evidence": {}}
    return HumanMessage(text, additional_kwargs={"kedrec": payload})


def blocks(count: int) -> str:
    return "\n".join(
        f'<evidence key="P{i}">\nBaricitinib was superior to placebo {i}.\n</evidence>' for i in range(count)
    )


def test_a_decision_is_the_label_with_the_highest_probability(model):
    answer = model.invoke([request("decide")])
    probabilities = answer.response_metadata["label_probabilities"]
    decision = parse_decision(answer.content, ["A", "B"])
    assert decision.label == max(probabilities, key=probabilities.get)
    assert math.isclose(sum(probabilities.values()), 1, abs_tol=1e-4)
    assert math.isclose(decision.confidence, probabilities[decision.label], abs_tol=1e-3)


def test_the_probabilities_are_those_of_the_label_tokens(model):
    """Against the probability of each whole text, computed the slow way."""
    import torch

    prompt, _ = model._prompt([request("decide")], [])
    logs = []
    for label in ("A", "B"):
        ids = torch.tensor([model._ids(f"{prompt}CHOICE: {label}")])
        logits = model._model(ids).logits.detach()[0, :-1].log_softmax(-1)
        logs.append(float(logits.gather(1, ids[0, 1:, None]).sum()))
    slow = torch.tensor(logs).softmax(0).tolist()
    fast = model.invoke([request("decide")]).response_metadata["label_probabilities"]
    assert [fast["A"], fast["B"]] == pytest.approx(slow, abs=1e-4)


def test_the_prompt_matters(model):
    """A model that ignored what it is asked would give the same probabilities for any question."""
    answers = [
        model.invoke([request("decide", text)]).response_metadata["label_probabilities"]["A"] for text in ("one", "two")
    ]
    assert answers[0] != answers[1]


def test_greedy_answers_are_the_same_each_time_and_counted(model):
    first, second = (model.invoke([SystemMessage("Be brief."), HumanMessage("Hello")]) for _ in range(2))
    assert first.content == second.content and first.usage_metadata["output_tokens"] <= 24
    assert first.usage_metadata["input_tokens"] > 5


def test_a_long_request_loses_evidence_from_its_end_and_says_so(model):
    answer = model.invoke([request("decide", f"Evidence:\n{blocks(60)}\nWhich one?")])
    left_out = answer.response_metadata["left_out_evidence"]
    assert left_out and left_out == [f"P{i}" for i in range(60 - len(left_out), 60)]
    assert answer.usage_metadata["input_tokens"] + 24 <= SHAPE.context
    assert "left_out_evidence" not in model.invoke([request("decide", blocks(2))]).response_metadata


def test_a_request_that_cannot_fit_is_refused(model):
    with pytest.raises(ModelRefused, match="without any evidence"):
        model.invoke([request("answer", "word " * 3000)])


def test_fitting_keeps_as_much_as_there_is_room_for():
    messages = [{"role": "user", "content": f"before {blocks(9)} after"}]
    kept, left_out = fit_evidence(messages, lambda some: len(re.findall("<evidence", some[0]["content"])), 4)
    assert left_out == ("P4", "P5", "P6", "P7", "P8") and kept[0]["content"].startswith("before <evidence")
    assert "after" in kept[0]["content"] and "5 more pieces of evidence are left out" in kept[0]["content"]


def test_tools_are_offered_where_the_template_knows_them(model, base, settings):
    model.bind_tools([look_up]).invoke([request("investigate")])
    assert "look_up" in model._prompt([HumanMessage("x")], [{"function": {"name": "look_up"}}])[0]
    plain = open_model(f"local:{base}", settings)
    plain._tokenizer.chat_template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    answer = plain.bind_tools([look_up]).invoke([request("investigate")])
    assert (answer.content, answer.tool_calls) == ("", [])


def test_tool_calls_are_read_and_broken_ones_are_data(model, monkeypatch):
    text = 'x <tool_call>{"name": "look_up", "arguments": {"name": "b"}}</tool_call><tool_call>{"name</tool_call>'
    monkeypatch.setattr(type(model), "_generate_after", lambda self, prompt: (text, 1, 1))
    answer = model.bind_tools([look_up]).invoke("find b")
    assert (
        answer.content == "x" and answer.tool_calls[0]["args"] == {"name": "b"} and len(answer.invalid_tool_calls) == 1
    )
    monkeypatch.undo()
    assert model.invoke([HumanMessage("x"), AIMessage("", tool_calls=answer.tool_calls), HumanMessage("y")]) is not None


def test_a_template_without_a_system_message_gets_its_text_all_the_same(base, settings):
    model = open_model(f"local:{base}", settings)
    no_system = "{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    model._tokenizer.chat_template = "{% for m in messages %}" + no_system + "{{ m.content }}{% endfor %}"
    prompt, _ = model._prompt([SystemMessage("Be brief."), HumanMessage("Hello")], [])
    assert prompt == "Be brief.\n\nHello"


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft 0.21 under transformers 5.23
def test_an_adapter_changes_the_answer(base, settings, model, tmp_path):
    peft = pytest.importorskip("peft")
    import torch
    from transformers import AutoModelForCausalLM

    adapted = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base), peft.LoraConfig(task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.5)
    adapted.save_pretrained(tmp_path / "adapter")
    other = open_model(f"local:{base}+{tmp_path / 'adapter'}", settings)
    assert other.context == SHAPE.context
    before, after = (one.invoke([request("decide")]).response_metadata["label_probabilities"] for one in (model, other))
    assert before != after


@pytest.mark.parametrize("spec", ["local:/nowhere/at/all", "local:{empty}"])
def test_a_path_without_a_model_is_a_users_mistake(spec, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        open_model(spec.format(empty=tmp_path), settings)


def test_a_missing_package_names_the_extra(settings, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"kedrec\[local\]"):
        open_model("local:some/model", settings)


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"text_config": {"max_position_embeddings": 99}}, 99),
        ({"text_config": {"max_position_embeddings": 99}, "max_position_embeddings": 7}, 99),
        ({"n_positions": 50}, 50),
        ({"max_seq_len": 60}, 60),
        ({"hidden_size": 64}, None),
    ],
)
def test_the_length_of_the_context_is_found_where_the_configuration_has_it(config, length):
    from types import SimpleNamespace

    parts = {name: SimpleNamespace(**value) if isinstance(value, dict) else value for name, value in config.items()}
    assert trained_context(SimpleNamespace(**parts)) == length


def test_a_rationale_cites_only_keys_that_the_request_holds(model, base):
    """A model that was made at random writes brackets once they are the likeliest tokens."""
    import torch

    from kedrec.agents.models.bounded_writing import ExistingKeys

    tokenizer, keys = model._tokenizer, ("P1", "P12", "K3")
    allowed = ExistingKeys(tokenizer, 0, keys)
    for seed in range(20):
        generator, text = torch.Generator().manual_seed(seed), "superior ["
        for _ in range(30):
            scores = torch.randn(1, len(tokenizer), generator=generator)
            opening = [i for i, piece in enumerate(allowed._pieces) if set(piece) & set("[],KP")]
            scores[:, opening] += 3
            ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
            text += allowed._pieces[int(allowed(ids, scores).argmax())]
        written = re.findall(r"\[([^\]]*)\]", text)
        assert written
        assert all(key in keys for group in written for key in re.split(r"[,;] ?", group)), text


def test_without_evidence_no_bracket_is_opened(model):
    import torch

    from kedrec.agents.models.bounded_writing import ExistingKeys

    none = ExistingKeys(model._tokenizer, 0, ())
    scores = none(torch.tensor([[5, 6]]), torch.zeros(1, len(model._tokenizer)))
    opening = [i for i, piece in enumerate(none._pieces) if "[" in piece]
    assert opening
    assert torch.isinf(scores[0, opening]).all()
    assert torch.isfinite(scores).sum() == len(model._tokenizer) - len(opening)


def test_an_answer_that_repeats_itself_ends_before_the_repetition(base, tmp_path_factory):
    """The tiny model, untrained and greedy, falls into a loop."""
    from kedrec.agents.models.bounded_writing import LOOP

    roomy = open_model(f"local:{base}", Settings(home=tmp_path_factory.mktemp("roomy"), max_output_tokens=170))
    answer = roomy.invoke([HumanMessage("Say something.")])
    written = roomy._ids(answer.content)
    assert answer.usage_metadata["output_tokens"] < 170
    runs = [tuple(written[i : i + LOOP]) for i in range(len(written) - LOOP + 1)]
    assert len(runs) == len(set(runs))
