"""The outcome of a run, for its page: the choice, why, how the evidence weighs, what was not found or struck out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kedrec.agents.trace_page.citations import KINDS, anchor, cited_keys, key_links, linked, source_address
from kedrec.agents.trace_page.graph_paths import network_of
from kedrec.agents.trace_page.graph_svg import arrowheads, drawing
from kedrec.agents.trace_page.html import Html, join, tag
from kedrec.records import CandidateScore, Evidence, Factor, Recommendation

__all__ = ["choice", "evidence", "evidence_item", "notes", "paths", "weights"]


def choice(made: Recommendation) -> Html:
    """What failed, the choice with its confidence, or why there is none, and the rationale."""
    names = {drug.id: drug.name for drug in made.candidates}
    if made.choice is None:
        head = tag("p", made.undecided, class_="verdict none")
    else:
        sure = round(made.confidence * 100)
        bar = tag("span", tag("i", style=f"width:{min(max(sure, 0), 100)}%"), class_="bar")
        told = tag("span", bar, f"confidence {made.confidence:.2f}", class_="sure")
        told = tag("span", "confidence unknown", class_="sure") if made.failed else told
        head = tag(
            "p", tag("b", names.get(made.choice, made.choice)), f" for {made.disease.name}", told, class_="verdict"
        )
    said = (
        tag("li", sentence.text, " ", key_links(sentence.citations, made.evidence), id=f"sentence-{at}")
        for at, sentence in enumerate(made.sentences, 1)
    )
    failed = (tag("p", f"Failed: {failure}", class_="error") for failure in made.failed)
    return tag("section", *failed, head, tag("ol", *said, class_="rationale"), id="choice")


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
    head = tag("h3", name, tag("small", f" {score.probability:.0%}"))
    return tag("div", head, tag("table", *(_factor(factor, most) for factor in score.factors)), class_="card")


def _factor(factor: Factor, most: float) -> Html:
    wide = f"width:{abs(factor.share) / most * 50:.1f}%"
    side = "left:50%" if factor.share >= 0 else "right:50%"
    bar = tag(
        "span", tag("i", style=f"{wide};{side}", class_="for" if factor.share >= 0 else "against"), class_="weigh"
    )
    group = tag("td", factor.group, title=factor.text)
    return tag("tr", group, tag("td", bar), tag("td", f"{factor.share:+.2f}", class_="number"))


def paths(made: Recommendation) -> Html | None:
    """The graph's evidence, one picture for each candidate."""
    cited = cited_keys(made)
    drawn = [(drug, drawing(network_of(made, drug.id, cited))) for drug in made.candidates]
    figures = [tag("figure", tag("figcaption", drug.name), picture) for drug, picture in drawn if picture is not None]
    if not figures:
        return None
    told = tag("p", "Strong lines are cited; each line leads to its evidence.", class_="hint")
    return tag("section", tag("h2", "Paths in the graph"), told, arrowheads(), *figures, id="paths")


def evidence(made: Recommendation, understood: str) -> Html | None:
    """Everything citable: first what is cited, and where; then the rest, and how names were understood."""
    if not made.evidence:
        return None
    cited = cited_keys(made)
    rest = [key for key in made.evidence if key not in cited]
    parts = [tag("ul", *(_entry(made.evidence[key], made) for key in cited), class_="evidence")] if cited else []
    if rest:
        more = tag("ul", *(_entry(made.evidence[key], made) for key in rest), class_="evidence")
        parts.append(tag("details", tag("summary", f"{len(rest)} found and not cited"), more))
    told = tag("p", f"Names understood: {understood}", class_="hint")
    return tag("section", tag("h2", "Evidence"), *parts, told, id="evidence")


def _entry(entry: Evidence, made: Recommendation) -> Html:
    marks = {span for sentence in made.sentences for span in sentence.marks.get(entry.key, ())}
    return evidence_item(entry, _uses(entry.key, made), marks)


def evidence_item(entry: Evidence, used: Sequence[Html] = (), marks: Iterable[tuple[int, int]] = ()) -> Html:
    """A piece of evidence in a list: its key, its text, where it is from and where it is cited.

    Args:
        entry: the evidence.
        used: links to where it is cited.
        marks: offsets in its text of what was taken from it.
    """
    kind = KINDS.get(entry.key[:1], "")
    address = source_address(entry.source_id)
    source = tag("a", entry.source_id, href=address, rel="noreferrer") if address else tag("code", entry.source_id)
    where = join(" · cited in ", *used) if used else None
    told = tag("p", kind, " · ", source, where, class_="hint")
    key = tag("span", entry.key, class_=f"key {kind}")
    return tag("li", key, tag("div", _marked(entry.text, marks), told), id=anchor(entry.key))


def _marked(text: str, marks: Iterable[tuple[int, int]]) -> Html:
    """A text with some of its places marked."""
    parts: list[Html | str] = []
    last = 0
    for start, end in sorted(mark for mark in marks if 0 <= mark[0] < mark[1] <= len(text)):
        if start >= last:
            parts += [text[last:start], tag("mark", text[start:end])]
            last = end
    return join(*parts, text[last:])


def _uses(key: str, made: Recommendation) -> list[Html]:
    said = [at for at, sentence in enumerate(made.sentences, 1) if key in sentence.citations]
    links = [tag("a", f"sentence {at}", href=f"#sentence-{at}") for at in said]
    if any(key in answer.citations for answer in made.answers):
        links.append(tag("a", "an answer", href="#questions"))
    return [join(", " if at else None, link) for at, link in enumerate(links)]


def notes(made: Recommendation) -> Html | None:
    """What was not found, and what the check struck out."""
    missing = [tag("li", linked(note, made.evidence)) for note in made.not_found]
    struck = [_struck(note) for note in made.struck_out]
    parts = [
        tag("section", tag("h2", title), tag("ul", *items), id=name)
        for title, items, name in (("Not found", missing, "missing"), ("Struck out by the check", struck, "struck"))
        if items
    ]
    return join(*parts) if parts else None


def _struck(note: str) -> Html:
    text, opening, reason = note.rpartition(" (")
    return tag("li", tag("s", text), " ", reason.removesuffix(")")) if opening else tag("li", tag("s", note))
