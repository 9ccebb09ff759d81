"""The student's short form: what it is shown and what not, both orders, and what it may write."""

from __future__ import annotations

import pytest

from kedrec.agents.models.graph_request import Task, WeighedEvidence
from kedrec.agents.offline.roles import Role
from kedrec.agents.prompting.answer_format import LABELS
from kedrec.agents.prompting.answer_parser import parse_decision
from kedrec.agents.student.rationale import decision_text, grounds
from kedrec.agents.student.short_form import GROUNDS, short_request, swapped, written
from kedrec.records import Answer, CandidateScore, Entity, Evidence, Factor, Question

DISEASE = Entity(id="Disease::D", kind="Disease", name="dropsy")
DRUGS = tuple(Entity(id=f"Compound::{name}", kind="Compound", name=name) for name in ("Alphacin", "Betamol", "Gammane"))
ROLE = Role(role="unknown", support=0, against=0, sources=())
FACTS = (
    ("trials", "{n} trials name both {drug} and dropsy, 2 of them in the title or opening (1 completed)"),
    ("articles", "{n} articles name both {drug} and dropsy, 1 of them in the title or opening"),
    ("writing in articles", "how far what the articles say about {drug} is like what they say about dropsy"),
    ("similar drugs", "drugs similar to {drug} treat dropsy in the graph: Deltavir, Epsilone"),
    ("drug in the graph", "the graph has {drug} as a treatment of {n} other diseases"),
)


def factors(drug: Entity, n: int, share: float) -> tuple[Factor, ...]:
    told = ((group, text.format(drug=drug.name, n=n)) for group, text in FACTS)
    return tuple(Factor(group=group, share=share, text=text, sources=(f"PMID:{drug.name}",)) for group, text in told)


def answer(drug: Entity, key: str, stance: str) -> Answer:
    question = Question(key=key, text="?", disease=DISEASE.id, drug=drug.id)
    return Answer(question=question, text=f"{drug.name} was tried.", stance=stance, citations=("P1",))


def task(drugs: int = 2, share: float = 0.4, probability: float = 0.7) -> Task:
    chosen = DRUGS[:drugs]
    scores = tuple(
        CandidateScore(
            id=drug.id,
            score=share * n,
            probability=probability,
            factors=factors(drug, 3 * n, share),
            measures={"articles": 1.5 * n, "similar drugs": 0.0},
        )
        for n, drug in enumerate(chosen, 1)
    )
    return Task(
        task="decide",
        disease=DISEASE,
        candidates=chosen,
        labels=tuple(LABELS[:drugs]),
        evidence={
            f"P{n}": Evidence(
                key=f"P{n}", source_id=f"PMID:{drug.name}", text=f"{drug.name} eased dropsy in 12 patients.",
                about=(drug.id, DISEASE.id),
            )
            for n, drug in enumerate(chosen, 1)
        },
        answers=(answer(chosen[0], "mechanism", "supports"), answer(chosen[1], "against", "against")),
        weighing=WeighedEvidence(candidates=scores),
    )  # fmt: skip


def test_the_facts_are_told_in_words_and_in_one_order():
    assert short_request(task()).splitlines() == [
        "Which drug is better for dropsy?",
        "A: Alphacin",
        "levels: drugs 0, articles 3",
        "articles: 3, 1 in titles",
        "trials: 3, 2 in titles (1 completed)",
        "drugs like it that treat this: Deltavir, Epsilone",
        "other uses: 3",
        "answers: mechanism supports",
        "B: Betamol",
        "levels: drugs 0, articles 6",
        "articles: 6, 1 in titles",
        "trials: 6, 2 in titles (1 completed)",
        "drugs like it that treat this: Deltavir, Epsilone",
        "other uses: 6",
        "answers: against against",
    ]


def test_nothing_that_the_weigher_made_of_the_facts_is_shown():
    """Neither shares, scores, probabilities nor the order by weight change what the student reads."""
    plain = task()
    other = task(share=-9.0, probability=0.01)
    turned = tuple(
        score.model_copy(update={"factors": tuple(reversed(score.factors))})
        for score in reversed(other.weighing.candidates)
    )
    changed = other.model_copy(update={"weighing": WeighedEvidence(candidates=turned)})
    assert short_request(changed) == short_request(plain)


def test_the_candidates_exchanged_are_the_same_blocks_under_the_other_label():
    one, other = short_request(task()).split("B: ")[0], short_request(swapped(task())).split("B: ")[1]
    assert one.split("A: ")[1].strip() == other.strip()


def test_a_student_writes_one_label_and_one_ground():
    assert written("B", "claims in articles") == "CHOICE: B\nREASON: article claims"
    assert written("A", None) == "CHOICE: A"
    assert len(set(GROUNDS.values())) == len(GROUNDS)


@pytest.mark.parametrize(
    ("group", "told"), [("trials", "more trial records"), ("articles", "more articles"), (None, "Betamol")]
)
def test_the_decision_keeps_to_the_graphs_form_and_cites_what_was_found(group, told):
    asked = task()
    roles = [ROLE, ROLE]
    made = parse_decision(decision_text(asked, [0.2, 0.8], group, roles), asked.labels)
    assert (made.label, made.confidence, made.problems) == ("B", 0.8, ())
    assert {key for sentence in made.sentences for key in sentence.citations} <= set(asked.evidence)
    assert told in made.sentences[0].text


def test_a_sentence_that_failed_the_check_is_not_written_again():
    asked = task()
    first = parse_decision(decision_text(asked, [0.2, 0.8], "trials", [ROLE, ROLE]), asked.labels)
    failed = asked.model_copy(update={"failures": ({"text": first.sentences[0].text, "reason": "no"},)})
    again = parse_decision(decision_text(failed, [0.2, 0.8], "trials", [ROLE, ROLE]), asked.labels)
    assert first.sentences[0].text not in [sentence.text for sentence in again.sentences]


def test_the_ground_is_one_that_was_looked_up():
    assert grounds(task()) == [[group for group, _ in FACTS]] * 2
    assert grounds(task().model_copy(update={"weighing": None})) == [[], []]


def test_what_is_too_close_to_call_says_in_words_what_the_evidence_leans_on():
    asked = task().model_copy(update={"least_confidence": 0.7})
    first = parse_decision(decision_text(asked, [0.45, 0.55], "trials", [ROLE, ROLE]), asked.labels).sentences[0].text
    assert first.startswith("It is too close to call; the evidence leans to Betamol rather than to Alphacin")
    assert "more trial records" in first and "Reason(" not in first and "None" not in first
