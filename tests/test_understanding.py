"""Questions in plain words: which names are found in them, and what is asked back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from graph_stores import TREATS, embedded
from langchain_core.messages import AIMessage

from kedrec.agents.chat.question_parser import WHAT_TO_AVOID, said_how, understand
from kedrec.agents.chat.question_parser_llm import understand_by_model
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.errors import ModelUnavailable
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.tools.toolbox import Toolbox

STARTER = Path(__file__).parent.parent / "examples" / "starter"
EXTRA = """\
Compound::DB90001\tLepirudin\tshared brand|same
Compound::DB90002\tBivalirudin\tshared brand
Disease::MESH:D9\tLeukemia\tALL|post
Disease::MESH:D8\tPain\t
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    graph, names = folder / "graph.tsv", folder / "names.tsv"
    ids = [line.split("\t")[0] for line in EXTRA.splitlines()]
    edges = "".join(f"{entity}\tHetionet::x::{entity.split('::')[0]}:Gene\tGene::1\n" for entity in ids)
    graph.write_text((STARTER / "graph.tsv").read_text() + edges)
    names.write_text((STARTER / "names.tsv").read_text() + EXTRA)
    load_graph([graph], names, folder / "store")
    return EmbeddedStore.open(folder / "store")


def names(understood):
    drugs = [drug.entity.name for drug in understood.drugs]
    return (understood.disease.entity.name if understood.disease else None, drugs)


@pytest.mark.parametrize(
    ("question", "disease", "drugs"),
    [
        (
            "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?",
            "Alopecia areata", ["Baricitinib", "Sulfasalazine"],
        ),
        (
            "For someone with rheumatoid arthritis, should we look at tofacitinib or at ibuprofen?",
            "Rheumatoid arthritis", ["Tofacitinib", "Ibuprofen"],
        ),
        ("is levetiracetam or naproxen the right one in epilepsy", "Epilepsy", ["Levetiracetam", "Naproxen"]),
        ("Humira or Olumiant for arthritis, rheumatoid?", "Rheumatoid arthritis", ["Adalimumab", "Baricitinib"]),
        ("What about the patient's asthma: salbutamol, propranolol?", "Asthma", ["Salbutamol", "Propranolol"]),
        ("METFORMIN OR SITAGLIPTIN FOR STROKE", "Stroke", ["Metformin", "Sitagliptin"]),
        ("Compound::DB00331 against sitagliptin in stroke", "Stroke", ["Metformin", "Sitagliptin"]),
        ("Is metformin reasonable in polycystic ovary syndrome?", "Polycystic ovary syndrome", ["Metformin"]),
        ("best treatment for psoriasis", "Psoriasis", []),
        ("citalopram versus citalopram for panic disorder", "Panic disorder", ["Citalopram"]),
    ],
)  # fmt: skip
def test_disease_and_drugs_are_found(store, question, disease, drugs):
    understood = understand(question, store)
    assert (names(understood), understood.ask_back) == ((disease, drugs), None)


@pytest.mark.parametrize(
    ("written", "parts"),
    [("salbutamol/propranolol", "Salbutamol and Propranolol"),
     ("metformin + sitagliptin", "Metformin and Sitagliptin"),
     ("metformin plus sitagliptin", "Metformin and Sitagliptin"),
     ("metformin-sitagliptin", "Metformin and Sitagliptin"),
     ("a combination of metformin and sitagliptin", "Metformin and Sitagliptin"),
     ("metformin plus physiotherapy", "Metformin alone")],
)  # fmt: skip
def test_a_combination_is_one_candidate_and_never_rivals(store, written, parts):
    understood = understand(f"Would {written} or ibuprofen be better for stroke?", store)
    assert names(understood) == ("Stroke", ["Ibuprofen"]) and understood.unclear[0].match == "none"
    assert "reads as one combination" in understood.ask_back and parts in understood.ask_back
    assert understand("metformin and sitagliptin for stroke", store).ask_back is None


@pytest.mark.parametrize(
    ("written", "drug"),
    [("metformin mesylate", "Metformin"), ("propranolol hydrochloride hydrate", "Propranolol"),
     ("sodium metformin", "Metformin"), ("SITAGLIPTIN PHOSPHATE", "Sitagliptin"), ("albuterol sulfate", "Salbutamol")],
)  # fmt: skip
def test_a_salt_is_not_its_drug_in_silence_and_suggests_it(store, written, drug):
    understood = understand(f"Is {written} better than ibuprofen for stroke?", store)
    assert names(understood) == ("Stroke", ["Ibuprofen"])
    said = f"The graph has no drug called “{written}”. Did you mean {drug}?"
    assert understood.ask_back == f"{said} Then ask with that name."


def test_a_salt_within_a_combination_is_no_third_candidate(store):
    understood = understand("metformin/sitagliptin phosphate or ibuprofen for stroke", store)
    assert names(understood)[1] == ["Ibuprofen"] and "Metformin and Sitagliptin" in understood.ask_back


def test_a_combination_by_a_name_of_its_own_is_told_with_its_parts(tmp_path):
    rows = [("Compound::1", "Codeine"), ("Compound::2", "Acetaminophen"), ("Compound::3", "Ibuprofen")]
    edges = [(row[0], TREATS, "Disease::1") for row in rows]
    store = embedded(tmp_path, edges, [*rows, ("Disease::1", "Migraine")])
    understood = understand("co-codamol or ibuprofen for migraine", store)
    assert names(understood) == ("Migraine", ["Ibuprofen"]) and "Codeine and Acetaminophen" in understood.ask_back


def test_a_language_model_does_not_split_a_combination(toolbox, store):
    looked = call(("metformin", "drug"), ("sitagliptin", "drug"), ("ibuprofen", "drug"), ("stroke", "disease"))
    asked = "metformin/sitagliptin or ibuprofen for stroke"
    understood = understand_by_model(asked, ScriptedChatModel(queue=[looked, "DONE"]), toolbox, store)
    assert names(understood)[1] == ["Ibuprofen"] and "reads as one combination" in understood.ask_back


@pytest.mark.parametrize(
    ("question", "left_out"),
    [("imatinib or ibuprofen for leukemia in blast phase", ("blast phase",)),
     ("refractory psoriasis in children: methotrexate or acitretin?", ("refractory", "children")),
     ("stage IV leukemia, 62-year-old: imatinib 400 mg or ibuprofen", ("stage IV", "62-year-old", "400 mg")),
     ("Would you rather consider naproxen or ibuprofen for gout?", ())],
)  # fmt: skip
def test_what_narrows_a_question_and_is_not_taken_into_account_is_said(store, question, left_out):
    assert understand(question, store).left_out == left_out


def test_what_is_not_taken_into_account_stands_in_the_answer_and_its_replay(tmp_path):
    from world import build

    from kedrec.agents.agent import Agent
    from kedrec.agents.chat.query_builder import query_for
    from kedrec.agents.replay.replay import replay

    with Agent.open(build(tmp_path / "home")) as agent:
        understood = understand("baricitinib or sulfasalazine for refractory alopecia areata", agent.resources.store)
        trace = agent.run(query_for(agent, understood, "none")[0])
    assert "Not taken into account: “refractory”." in trace.recommendation.not_found
    assert replay(trace).identical


def test_the_longest_name_wins(store):
    assert (
        names(understand("juvenile rheumatoid arthritis: methotrexate or naproxen?", store))[0]
        == "Juvenile rheumatoid arthritis"
    )
    understood = understand("insulin glargine or metformin in type 1 diabetes mellitus?", store)
    assert names(understood) == ("Type 1 diabetes mellitus", ["Insulin Glargine", "Metformin"])


@pytest.mark.parametrize(
    "question",
    ["Are all of them the same post?", "what is the meaning of life?", "hello", "", "?!", "12 + 5", "Thanks a lot"],
)
def test_common_words_are_never_names(store, question):
    understood = understand(question, store)
    assert names(understood) == (None, []) and understood.ask_back and not understood.unclear


def test_a_short_name_counts_in_capitals_only(store):
    assert names(understand("imatinib for ALL?", store)) == ("Leukemia", ["Imatinib"])
    assert names(understand("imatinib for all?", store)) == (None, ["Imatinib"])
    assert names(understand("IMATINIB FOR ALL PATIENTS?", store)) == (None, ["Imatinib"])


def test_a_typo_is_offered_and_never_put_in_place(store):
    understood = understand("metfromin or sitagliptin in type 2 diabetes mellitus?", store)
    assert names(understood)[1] == ["Sitagliptin"] and "Did you mean Metformin?" in understood.ask_back
    assert "Did you mean Psoriasis?" in understand("acitretin or tacrolimus for psoriassis?", store).ask_back


def test_an_unknown_alternative_is_asked_about_instead_of_left_out(store):
    for question in (
        "Humira or XYZ123 for psoriasis?",
        "wonderol rather than Humira for psoriasis?",
        "Humira vs. wonderol in psoriasis",
    ):
        assert "is not a name I know" in understand(question, store).ask_back
    assert understand("Is Humira good for my wonderful psoriasis?", store).ask_back is None


def test_what_is_missing_or_ambiguous_is_asked_back(store):
    assert (
        "For which disease? I understood Metformin and Sitagliptin"
        in understand("metformin or sitagliptin?", store).ask_back
    )
    assert "Which disease" in understand("naproxen for gout or migraine?", store).ask_back
    ambiguous = understand("shared brand or ibuprofen for stroke?", store)
    assert "Lepirudin (Compound::DB90001) or Bivalirudin (Compound::DB90002)" in ambiguous.ask_back
    assert [match.match for match in ambiguous.unclear] == ["ambiguous"]


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("What should not be given in Crohn disease?", True),
        ("which drugs are contraindicated in Crohn disease", True),
        ("Is infliximab contraindicated in Crohn disease?", False),
        ("What about Crohn disease that does not respond?", False),
    ],
)
def test_what_to_avoid_is_not_answered_with_what_ranks_best(store, question, asked):
    assert (understand(question, store).ask_back == WHAT_TO_AVOID) is asked


def test_a_vague_word_does_not_hide_the_disease(store):
    assert names(understand("ibuprofen or naproxen for the pain of migraine?", store))[0] == "Migraine"
    assert names(understand("ibuprofen or naproxen for pain?", store))[0] == "Pain"


def test_each_name_says_how_it_was_understood(store):
    understood = understand("Humira or citalopram for Psoriasis", store)
    assert said_how(understood.drugs[0]).startswith("“Humira” as Adalimumab (Compound::DB00051, synonym")
    assert said_how(understood.disease) == "“Psoriasis” as Psoriasis (Disease::MESH:D011565)"


def test_a_long_message_is_understood_in_time(store):
    started = time.perf_counter()
    understood = understand(
        "so many words that mean nothing at all " * 200 + "metformin or sitagliptin for stroke", store
    )
    assert names(understood) == ("Stroke", ["Metformin", "Sitagliptin"]) and time.perf_counter() - started < 5


def call(*named):
    calls = [{"name": "resolve_entity", "args": {"name": name, "kind": kind}, "id": name} for name, kind in named]
    return AIMessage("", tool_calls=calls)


@pytest.fixture
def toolbox(store):
    return Toolbox(store, None, None, "none")


def test_a_language_model_looks_the_names_up_by_tool_calls(toolbox, store):
    model = ScriptedChatModel(
        queue=[call(("MTX", "drug"), ("psoriasis", "disease")), call(("methotrexate", "drug")), "DONE"]
    )
    understood = understand_by_model("MTX for psoriasis?", model, toolbox, store)
    assert names(understood) == ("Psoriasis", ["Methotrexate"]) and understood.ask_back is None
    assert all(sent.tools == ("resolve_entity", "tell_intent") for sent in model.history)
    assert "unknown_entity" in str(model.history[1].messages[-2].content)


def test_a_language_model_cannot_name_what_the_graph_does_not_have(toolbox, store):
    understood = understand_by_model(
        "wonderol?", ScriptedChatModel(queue=[call(("wonderol", "drug")), "Wonderol it is."]), toolbox, store
    )
    assert names(understood) == (None, []) and understood.ask_back


def test_a_language_model_may_ask_back_and_call_nothing_else(toolbox, store):
    other = AIMessage("", tool_calls=[{"name": "rm", "args": {}, "id": "1"}])
    understood = understand_by_model(
        "x", ScriptedChatModel(queue=[other, "ASK: Which disease do you mean?"]), toolbox, store
    )
    assert understood.ask_back == "Which disease do you mean?"


def test_a_language_model_that_never_stops_is_stopped(toolbox, store):
    model = ScriptedChatModel(queue=[call(("psoriasis", "disease"))], repeat_last=True)
    assert names(understand_by_model("psoriasis", model, toolbox, store))[0] == "Psoriasis" and len(model.history) < 10


def test_where_the_model_fails_names_are_used_and_it_is_said(tmp_path):
    from world import build

    from kedrec.agents.agent import Agent
    from kedrec.agents.chat.question_parser_llm import understand_question

    class Failing(ScriptedChatModel):
        @property
        def _llm_type(self) -> str:
            return "openai-compatible"

    with Agent.open(build(tmp_path / "home"), model=Failing(queue=[ModelUnavailable("busy")])) as agent:
        understood, notes = understand_question(agent, "baricitinib or sulfasalazine for alopecia areata")
    assert names(understood)[0] == "alopecia areata" and "busy" in notes[0]


@pytest.mark.real
@pytest.mark.skipif(not os.environ.get("KEDREC_REAL_DATA"), reason="KEDREC_REAL_DATA does not point at the real data")
def test_on_real_names_common_words_are_silent_and_questions_understood(real_data, tmp_path):
    load_graph([real_data / "kg" / "drkg_slice.tsv.gz"], real_data / "kg" / "entity_names.tsv.gz", tmp_path / "store")
    store = EmbeddedStore.open(tmp_path / "store")
    words = (Path(__file__).parent.parent / "agents" / "chat" / "common_words.txt").read_text().split()
    assert [word for word in words if names(understand(word, store)) != (None, [])] == []
    asked = understand("For someone with rheumatoid arthritis, should we look at tofacitinib or at omeprazole?", store)
    assert names(asked) == ("Rheumatoid arthritis", ["Tofacitinib", "Omeprazole"]) and asked.ask_back is None
