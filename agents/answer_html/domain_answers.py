"""What the domain questions were answered with, for a run's page: a row for each question, drugs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.agents.answer_html.citations import key_links, linked
from kedrec.agents.answer_html.html import Html, tag, wide_table
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.prompting.domain_questions import QUESTION_TITLES
from kedrec.records import Answer, Recommendation, probability_text

__all__ = ["answers"]

ALWAYS = ("safety", "against")
"""Questions that have a row also where nothing was found: that it was looked for has to be seen."""


def answers(made: Recommendation) -> Html | None:
    """The answers as a table; questions on which there is no evidence for any drug are named below it."""
    if not made.answers:
        return None
    asked = list(dict.fromkeys(answer.question.key for answer in made.answers))
    found = {(answer.question.key, answer.question.drug): answer for answer in made.answers}
    drugs = [drug.id for drug in made.candidates if any((key, drug.id) in found for key in asked)]
    rows = {key: [found.get((key, drug)) for drug in drugs] for key in asked}
    told = {
        key: row
        for key, row in rows.items()
        if key in ALWAYS or any(answer and answer.text != NO_EVIDENCE for answer in row)
    }
    silent = ", ".join(_title(key).lower() for key in asked if key not in told)
    none = tag("p", f"No evidence on: {silent}.", class_="hint") if silent else None
    table = _table(made, drugs, told) if told else None
    return tag("section", tag("h2", "Domain questions"), table, none, id="questions")


def _table(made: Recommendation, drugs: Sequence[str], rows: dict[str, list[Answer | None]]) -> Html:
    names = {one.id: one.name for one in made.candidates}
    head = tag("tr", tag("td"), *(_head(made, drug, names.get(drug, drug)) for drug in drugs))
    body = (
        tag("tr", tag("th", _title(key), scope="row"),
            *(_cell(answer, made, names.get(drug, drug)) for drug, answer in zip(drugs, row, strict=True)))
        for key, row in rows.items()
    )  # fmt: skip
    table = tag("table", tag("thead", head), tag("tbody", *body), class_="beside drugs")
    return wide_table(table, "Domain questions, drug by drug")


def _head(made: Recommendation, drug: str, name: str) -> Html:
    """A drug's name, how it is weighed, and whether it was chosen."""
    weighed = next((f" {probability_text(score.probability)}" for score in made.scores if score.id == drug), "")
    told = tag("small", weighed, title="probability that it is the better one, by the weigher") if weighed else None
    chosen = tag("span", "chosen", class_="chip supports") if made.choice == drug else None
    return tag("th", name, told, " " if chosen else None, chosen, scope="col")


def _cell(answer: Answer | None, made: Recommendation, name: str) -> Html:
    """An answer; the drug's name stands before it where the window is too narrow for columns."""
    if answer is None or answer.text == NO_EVIDENCE:
        return tag("td", tag("small", NO_EVIDENCE), data_drug=name)
    stance = tag("span", answer.stance, class_=f"chip {answer.stance}")
    said = tag("p", linked(answer.text, made.evidence), " ", key_links(answer.citations, made.evidence))
    return tag("td", stance, said, title=answer.question.text, data_drug=name)


def _title(key: str) -> str:
    return QUESTION_TITLES.get(key, key)
