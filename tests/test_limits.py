"""At each limit the run goes on with what it has, and says so."""

from langchain_core.messages import AIMessage
from world import BARI, DISEASE, SULFA, decision, key_of

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.workflow.question_limits import QuestionLimits
from kedrec.config import Settings
from kedrec.records import ModelCall, ToolCall, Usage

QUERY = Query(disease=DISEASE, candidates=(BARI, SULFA), setting="none")
NEIGHBOURS = ["Baricitinib", "Sulfasalazine", "Methotrexate", DISEASE, "JAK1", "JAK2", "ALOX5", "DHFR"]


def call(*entities):
    asked = [
        {"name": "neighbours", "args": {"entity": e}, "id": f"c{n}", "type": "tool_call"}
        for n, e in enumerate(entities)
    ]
    return AIMessage("", tool_calls=asked)


def replier(*investigations):
    """A model that makes these calls, then goes on making the last one for ever, and decides when asked to."""
    left = list(investigations)

    def reply(messages):
        task = next(m for m in reversed(messages) if m.additional_kwargs.get("kedrec")).additional_kwargs["kedrec"][
            "task"
        ]
        if task == "investigate":
            return left.pop(0) if len(left) > 1 else left[0]
        if task == "answer":
            return "mechanism | unclear | No evidence was found."
        return decision(f"Baricitinib treats alopecia areata [{key_of(BARI)(messages)}]")

    return ScriptedChatModel(queue=[reply], repeat_last=True)


def run(settings, model, **limits):
    with Agent.open(settings.model_copy(update=limits), model=model, record=False) as agent:
        trace = agent.run(QUERY)
    assert trace.error is None
    return trace


def made(trace, kind, step):
    return [c for c in trace.calls if isinstance(c, kind) and c.step == step]


def says(trace, words):
    return any("limit" in note and words in note for note in trace.recommendation.not_found)


def test_no_limit_is_spoken_of_where_none_is_reached(settings):
    trace = run(settings, replier("enough"))
    assert trace.recommendation.choice == BARI
    assert not says(trace, "limit")


def test_tool_calls_of_the_model(settings):
    trace = run(settings, replier(*(call(entity) for entity in NEIGHBOURS)), max_tool_calls=3)
    assert len(made(trace, ToolCall, "investigate")) == 3
    assert says(trace, "3 tool calls")
    assert trace.recommendation.choice == BARI


def test_many_calls_asked_for_at_once_count_one_by_one(settings):
    trace = run(settings, replier(call(*NEIGHBOURS), "enough"), max_tool_calls=3)
    assert len(made(trace, ToolCall, "investigate")) == 3
    assert says(trace, "3 tool calls")


def test_no_tool_calls_at_all(settings):
    trace = run(settings, replier(call("JAK1")), max_tool_calls=0)
    assert made(trace, ToolCall, "investigate") == made(trace, ModelCall, "investigate") == []
    assert trace.recommendation.choice == BARI


def test_repeated_calls(settings):
    trace = run(
        settings, replier(call("JAK1"), call("JAK1"), call("JAK1"), call("JAK2"), "enough"), max_repeated_calls=2
    )
    asked = [c.arguments["entity"] for c in made(trace, ToolCall, "investigate")]
    assert asked == ["JAK1", "JAK1", "JAK2"]
    assert says(trace, "same arguments")


def test_a_model_that_never_stops_is_stopped(settings):
    trace = run(settings, replier(call("JAK1")), max_tool_calls=1000, max_repeated_calls=1000, max_steps=20)
    assert says(trace, "20 steps")
    assert trace.recommendation.choice == BARI


def test_calls_that_cannot_be_read_count_too(settings):
    broken = AIMessage("", invalid_tool_calls=[{"name": "neighbours", "args": '{"entity": ', "id": "1", "error": None}])
    trace = run(settings, replier(broken), max_tool_calls=4)
    assert made(trace, ToolCall, "investigate") == []
    assert says(trace, "4 tool calls") or says(trace, "same arguments")
    assert trace.recommendation.choice == BARI


def test_tokens(settings):
    trace = run(settings, replier(call("JAK1"), "enough"), max_tokens=300)
    assert len(made(trace, ModelCall, "investigate")) == 1
    assert made(trace, ModelCall, "answer") == []
    assert says(trace, "300 tokens")
    assert trace.recommendation.choice == BARI


def test_cost(settings):
    trace = run(settings, replier(call("JAK1"), "enough"), max_cost=0.0001, input_price=1.0, output_price=1.0)
    assert trace.usage.cost > 0.0001
    assert made(trace, ModelCall, "answer") == []
    assert says(trace, "$0.0001")
    assert trace.recommendation.choice == BARI


def test_beyond_a_limit_nothing_is_repaired_but_struck_out(settings):
    bad = decision("Baricitinib treats alopecia areata [K999]")
    trace = run(settings, ScriptedChatModel(queue=["enough", bad], repeat_last=True), max_tokens=300)
    assert made(trace, ModelCall, "repair") == []
    assert trace.recommendation.abstained
    assert len(trace.recommendation.struck_out) == 1


def test_the_smallest_number_of_steps_still_gives_an_answer(settings):
    trace = run(settings, replier(call("JAK1")), max_steps=8)
    assert trace.recommendation.choice == BARI
    assert says(trace, "8 steps")


def test_a_model_without_a_price_never_reaches_a_cost():
    budget = QuestionLimits(Settings(max_cost=0.0))
    budget.spend(Usage(input_tokens=100, output_tokens=100, cost=0.0))
    assert budget.may_ask("x")
    budget.spend(Usage(cost=0.01))
    assert not budget.may_ask("x")
