"""The outcome of a run, for its page: the choice, why, how the evidence weighs, what was not found or struck out."""

from __future__ import annotations

from kedrec.agents.answer_html.citations import cited_keys, linked, sentence_links
from kedrec.agents.answer_html.graph_paths import network_of
from kedrec.agents.answer_html.graph_svg import Address, arrowheads, drawing
from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.agents.answer_html.path_table import path_table
from kedrec.records import CandidateScore, Factor, Recommendation, probability_text
from kedrec.records.verdict import CANNOT_TELL, NO_CHOICE

__all__ = ["choice", "notes", "paths", "weights"]


def choice(made: Recommendation) -> Html:
    """What failed, the choice with its confidence, or why there is none, and the rationale."""
    said = (
        tag("li", sentence.text, " ", sentence_links(sentence, made.evidence, at), id=f"sentence-{at}")
        for at, sentence in enumerate(made.sentences, 1)
    )
    failed = (tag("p", f"Failed: {failure}", class_="error") for failure in made.failed)
    head = _undecided(made) if made.choice is None else _chosen(made, made.choice)
    look = "open" if made.choice is None else None
    return tag("section", *failed, head, tag("ol", *said, class_="rationale"), id="choice", class_=look)


def _chosen(made: Recommendation, choice: str) -> Html:
    told = tag("span", None if made.failed else _bar(made.confidence), made.sure, class_="sure")
    return tag("p", tag("b", made.name_of(choice)), f" {made.chosen_as}", told, class_="verdict")


def _undecided(made: Recommendation) -> Html:
    """That there is no choice, and why; where the evidence leans to a drug without carrying it, to which."""
    if made.leaning is None:
        return tag("p", tag("b", f"{NO_CHOICE}: "), made.abstained, class_="verdict none")
    why = tag("p", made.abstained, class_="hint") if made.abstained else None
    told = tag("span", _bar(made.confidence), made.leans, class_="sure")
    close = tag("p", tag("b", CANNOT_TELL), f" for {made.disease.name}: too close to call", told, class_="verdict none")
    return join(close, tag("p", "This is no choice: the evidence does not part these drugs."), why)


def _bar(share: float) -> Html:
    wide = min(max(round(share * 100), 0), 100)
    return tag("span", tag("i", style=f"width:{wide}%"), class_="bar", aria_hidden="true")


def weights(made: Recommendation) -> Html | None:
    """How the evidence weighs for each candidate."""
    if not made.scores:
        return None
    names = {drug.id: drug.name for drug in made.candidates}
    most = max((abs(factor.share) for score in made.scores for factor in score.factors), default=0.0) or 1.0
    cards = (_weighed(score, names.get(score.id, score.id), most) for score in made.scores)
    told = tag("p", "What each group of evidence adds, in log-odds against the other candidates.", class_="hint")
    return tag("section", tag("h2", "How the evidence weighs"), told, tag("div", *cards, class_="cards"), id="weights")


def _weighed(score: CandidateScore, name: str, most: float) -> Html:
    head = tag("h3", name, tag("small", f" {probability_text(score.probability)}"))
    behind = (tag("li", tag("b", factor.group), ": ", factor.text) for factor in score.factors)
    facts = tag("details", tag("summary", "the facts behind each"), tag("ul", *behind), class_="behind")
    bars = tag("table", *(_factor(factor, most) for factor in score.factors))
    return tag("div", head, bars, facts if score.factors else None, class_="card")


def _factor(factor: Factor, most: float) -> Html:
    wide = f"width:{abs(factor.share) / most * 50:.1f}%"
    side = "left:50%" if factor.share >= 0 else "right:50%"
    bar = tag(
        "span", tag("i", style=f"{wide};{side}", class_="for" if factor.share >= 0 else "against"), class_="weigh"
    )
    group = tag("td", factor.group, title=factor.text)
    return tag("tr", group, tag("td", bar), tag("td", f"{factor.share:+.2f}", class_="number"))


def paths(made: Recommendation, address: Address | None = None) -> Html | None:
    """The graph's evidence, for each candidate one picture and the same as a table.

    Args:
        made: the outcome.
        address: where an entity is shown; the pictures lead nowhere without.
    """
    cited = cited_keys(made)
    drawn = [(drug, drawing(network_of(made, drug.id, cited), address)) for drug in made.candidates]
    figures = [
        tag("figure", tag("figcaption", drug.name), picture, path_table(made, drug, cited))
        for drug, picture in drawn
        if picture is not None
    ]
    if not figures:
        return None
    told = tag("p", "Strong lines are cited; each line leads to its evidence. The table below a picture says the same "
               "in words.", class_="hint")  # fmt: skip
    return tag("section", tag("h2", "Paths in the graph"), told, arrowheads(), *figures, id="paths")


def notes(made: Recommendation) -> Html | None:
    """What the check struck out, and what was not found, both folded with their numbers."""
    missing = [tag("li", linked(note, made.evidence)) for note in made.not_found]
    struck = [_struck(note) for note in made.struck_out]
    parts = [
        tag("details", tag("summary", f"{title}: {len(items)}"), tag("ul", *items), id=name, class_="notes")
        for title, items, name in (("Struck out by the check", struck, "struck"), ("Not found", missing, "missing"))
        if items
    ]
    return join(*parts) if parts else None


def _struck(note: str) -> Html:
    text, opening, reason = note.rpartition(" (")
    return tag("li", tag("s", text), " ", reason.removesuffix(")")) if opening else tag("li", tag("s", note))
