"""What the paper did not measure: other names, passages added, and what ragas can and cannot tell."""

import pytest
from chat_server import judging
from world import BARI, DISEASE, METHO, OTHER_DISEASE, SULFA, build

from kedrec.agents.agent import Agent
from kedrec.config import Settings, load
from kedrec.distill.pairs.pairs_file import Named, Pair, Pairs, Scoring
from kedrec.eval.tables.agent_rows import traces_of
from kedrec.eval.tables.beyond.added_passages import MADE_UP, added_passages
from kedrec.eval.tables.beyond.asked_otherwise import asked_otherwise, names_of
from kedrec.eval.tables.beyond.ragas_texts import RagasText, ragas_of_texts
from kedrec.eval.tables.beyond.section import beyond_steps
from kedrec.eval.tables.options import TablesOptions
from kedrec.eval.tables.task import Task
from kedrec.eval.tables.world import World
from kedrec.records import Entity, Trace

METFORMIN = Entity(
    id="Compound::DB00331",
    kind="Compound",
    name="Metformin",
    synonyms=("Glucophage", "Metformin Hydrochloride", "Apo-Metformin", "Glucophage XR"),
)


def test_names_are_told_apart_by_kind():
    assert names_of(METFORMIN, "brand") == ["Glucophage", "Glucophage XR"]
    assert names_of(METFORMIN, "salt") == ["Metformin Hydrochloride"]
    assert names_of(METFORMIN, "generic") == ["Metformin"]
    sodium = Entity(id="Compound::X", kind="Compound", name="Sodium oxybate", synonyms=("Xyrem",))
    assert names_of(sodium, "salt") == []


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    home = tmp_path_factory.mktemp("beyond") / "home"
    settings: Settings = build(home)
    return World(settings, TablesOptions(data=home), home.parent / "out")


@pytest.fixture(scope="module")
def task() -> Task:
    """Two questions of different diseases; for the second nothing speaks once its edges are hidden."""
    rows = {"one": (DISEASE, BARI, METHO), "two": (OTHER_DISEASE, SULFA, BARI)}
    pairs = tuple(
        Pair(id=name, disease=Named(id=ill), candidates=tuple(Named(id=drug) for drug in drugs))
        for name, (ill, *drugs) in rows.items()
    )
    scoring = {pair.id: Scoring(answer=pair.candidates[0].id) for pair in pairs}
    none = Pairs(path="none", sha256="0", questions=(), scoring={})
    test = Pairs(path="asked", sha256="1", questions=pairs, scoring=scoring)
    return Task("drkg", "two", none, test, {pair.id: pair.disease.id for pair in pairs})


def sources_of(trace: Trace) -> set[str]:
    return {one.source_id for one in trace.recommendation.evidence.values()}


def test_a_passage_added_reaches_the_model_and_what_it_does_is_counted(world, task, monkeypatch):
    traces = traces_of(world, task, "both", "offline", task.test.questions)
    before = {pair.disease.id: sources_of(traces[pair.id]) for pair in task.test.questions}
    seen: list[tuple[str, set[str]]] = []
    follow = Agent.follow

    async def watched(self, query, *more, **named):
        trace = await follow(self, query, *more, **named)
        if trace.recommendation:
            seen.append((query.disease, sources_of(trace)))
        return trace

    monkeypatch.setattr(Agent, "follow", watched)
    figures = added_passages(world, task, "both", "offline").figures
    more = [sources - before[disease] for disease, sources in seen]
    assert [len(sources) for sources in more] == [1, 1]
    assert [sources == {MADE_UP} for sources in more] == [False, True]
    for kind in ("irrelevant", "contradicting"):
        told = figures[f"{kind} passage added"]
        assert (told["asked"], told["not asked"]) == (1, 1)  # nothing is chosen for the other, so nothing can move
    assert figures["contradicting passage added"]["mean move of the confidence"] < 0


def test_other_names_keep_the_choice_and_those_that_mean_two_drugs_are_counted(world, task):
    figures = asked_otherwise(world, task, "none", "offline").figures
    assert figures["swapped"] == {"asked": 2, "same choice": 1.0, "F1": figures["generic"]["F1"]}
    brand = figures["brand"]
    assert brand["with such a name"] == 2
    assert 0 < brand["asked"] == 2 - brand.get("not asked, AmbiguousName", 0)
    assert brand["same choice"] == 1.0
    assert figures["variance of F1 over the namings"] >= 0


# ragas 0.4.3 imports deprecated parts of its dependencies and leaves its file of a user id open (ragas/_analytics.py)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_ragas_cannot_tell_is_counted_and_no_part_of_the_mean():
    pytest.importorskip("ragas")
    alike = RagasText("ill", ("baricitinib regrew hair", "nausea"), ("baricitinib regrew hair!",), "it works", "")
    nothing = RagasText("ill", (), ("baricitinib regrew hair",), "it works", "it works")
    found = ragas_of_texts([alike, nothing])
    assert found["context recall"] == {"mean": 1.0, "of": 1, "not a number": 1}
    assert found["context precision"]["mean"] == pytest.approx(0.5)  # an empty list is none of use
    assert found["likeness to the mechanism"] == {"mean": 1.0, "of": 1, "not a number": 0}


# as above
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_judge_is_asked_about_the_rationales_and_what_it_said_is_kept(world, task, judge):
    judging(judge)
    settings = load({"home": world.settings.home}).settings
    judged = World(settings, world.options.model_copy(update={"judge": "openai:tiny"}), world.out)
    [step] = [one for one in beyond_steps(judged, task) if one.name.startswith("beyond-faithfulness")]
    kept = step.work()
    asked = list(traces_of(judged, task, "both", "offline", task.test.questions).values())
    with_reasons = sum(bool(trace.recommendation and trace.recommendation.sentences) for trace in asked)
    assert kept.figures["claims that the evidence holds"] == [0.5, 0.5, 0.5]  # one of its two claims
    assert (kept.figures["judged"], kept.figures["without a rationale"]) == (with_reasons, 2 - with_reasons)
    assert len(judge.requests) == 2 * with_reasons
    assert "`openai:tiny`" in kept.note


def test_without_a_judge_nothing_is_judged(world, task):
    assert not [one for one in beyond_steps(world, task) if "faithfulness" in one.name]
