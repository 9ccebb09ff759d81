"""The outcome of a run, for its page: the choice, why, how the evidence weighs, what was not found or struck out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kedrec.agents.trace_page.citations import KINDS, anchor, cited_keys, linked, sentence_links, share, source_address
from kedrec.agents.trace_page.graph_paths import network_of
from kedrec.agents.trace_page.graph_svg import Address, arrowheads, drawing
from kedrec.agents.trace_page.html import Html, join, tag
from kedrec.agents.trace_page.path_table import path_table
from kedrec.records import CandidateScore, Entity, Evidence, Factor, Recommendation

__all__ = ["choice", "evidence", "evidence_item", "marked", "marks_in", "notes", "paths", "weights"]

Span = tuple[int, int]
"""Offset of the first character, and behind the last."""


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
    bar = join(_bar(made.confidence), f"confidence {share(made.confidence)}")
    told = tag("span", "confidence unknown" if made.failed else bar, class_="sure")
    return tag("p", tag("b", _name(made, choice)), f" for {made.disease.name}", told, class_="verdict")


def _undecided(made: Recommendation) -> Html:
    """That there is no choice, and why; where the evidence leans to a drug without carrying it, to which."""
    leaning = getattr(made, "leaning", None)
    if not isinstance(leaning, str) or not leaning:
        return tag("p", tag("b", "No choice: "), made.abstained, class_="verdict none")
    why = tag("p", made.abstained, class_="hint") if made.abstained else None
    told = tag(
        "span", _bar(made.confidence), f"leans to {_name(made, leaning)}, {share(made.confidence)}", class_="sure"
    )
    close = tag("p", tag("b", "Too close to call"), f" for {made.disease.name}", told, class_="verdict none")
    return join(close, tag("p", "This is no choice: the evidence does not part these drugs."), why)


def _bar(share: float) -> Html:
    wide = min(max(round(share * 100), 0), 100)
    return tag("span", tag("i", style=f"width:{wide}%"), class_="bar", aria_hidden="true")


def _name(made: Recommendation, drug: str) -> str:
    return {one.id: one.name for one in made.candidates}.get(drug, drug)


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
    head = tag("h3", name, tag("small", f" {share(score.probability)}"))
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
    figures = [_figure(made, drug, picture, cited) for drug, picture in drawn if picture is not None]
    if not figures:
        return None
    told = tag("p", "Strong lines are cited; each line leads to its evidence. The table below a picture says the same "
               "in words.", class_="hint")  # fmt: skip
    return tag("section", tag("h2", "Paths in the graph"), told, arrowheads(), *figures, id="paths")


def _figure(made: Recommendation, drug: Entity, picture: Html, cited: Sequence[str]) -> Html:
    return tag("figure", tag("figcaption", drug.name), picture, path_table(made, drug, cited))


def evidence(made: Recommendation, understood: str, answer: str = "") -> Html | None:
    """Everything citable: first what is cited, and where; then the rest, and how names were understood.

    Args:
        made: the outcome.
        understood: what the names were taken for.
        answer: address of the page with the sentences, where that is another one.
    """
    if not made.evidence:
        return None
    cited = cited_keys(made)
    rest = [key for key in made.evidence if key not in cited]
    parts = (
        [tag("ul", *(_entry(made.evidence[key], made, answer) for key in cited), class_="evidence")] if cited else []
    )
    if rest:
        more = tag("ul", *(_entry(made.evidence[key], made, answer) for key in rest), class_="evidence")
        parts.append(tag("details", tag("summary", f"{len(rest)} found and not cited"), more))
    told = tag("p", f"Names understood: {understood}", class_="hint")
    return tag("section", tag("h2", "Evidence"), *parts, told, id="evidence")


def _entry(entry: Evidence, made: Recommendation, answer: str) -> Html:
    return evidence_item(entry, _uses(entry.key, made, answer), marks_in(entry.key, made))


def marks_in(key: str, made: Recommendation) -> dict[Span, list[int]]:
    """Places in a piece of evidence that the check found, each with the numbers of the sentences it found them for."""
    found: dict[Span, list[int]] = {}
    for at, sentence in enumerate(made.sentences, 1):
        for span in sentence.marks.get(key, ()):
            found.setdefault(span, []).append(at)
    return found


def evidence_item(
    entry: Evidence, used: Sequence[Html] = (), marks: Mapping[Span, Sequence[int]] | None = None
) -> Html:
    """A piece of evidence in a list: its key, its text, where it is from, where it is cited, and its whole passage.

    Args:
        entry: the evidence.
        used: links to where it is cited.
        marks: offsets in its text of what was taken from it, and by which sentences.
    """
    kind = KINDS.get(entry.key[:1], "")
    address = source_address(entry.source_id)
    source = tag("a", entry.source_id, href=address, rel="noreferrer") if address else tag("code", entry.source_id)
    where = join(" · cited in ", *used) if used else None
    told = tag("p", kind, " · ", source, where, class_="hint")
    key = tag("span", entry.key, class_=f"key {kind}")
    return tag("li", key, tag("div", marked(entry.text, marks or {}), told, _whole(entry)), id=anchor(entry.key))


def _whole(entry: Evidence) -> Html | None:
    """The passage that the sentences were taken from, folded."""
    if len(entry.passage) <= len(entry.text):
        return None
    text = tag("p", marked(entry.passage, dict.fromkeys(entry.spans, ()), "b"))
    return tag("details", tag("summary", "the whole passage; in bold what was taken from it"), text, class_="passage")


def marked(text: str, marks: Mapping[Span, Sequence[int]], name: str = "mark") -> Html:
    """A text with some of its places marked.

    Args:
        text: the text.
        marks: offsets, and the numbers of the sentences that each is marked for.
        name: of the element that marks.
    """
    parts: list[Html | str] = []
    last = 0
    for start, end in sorted(mark for mark in marks if 0 <= mark[0] < mark[1] <= len(text)):
        if start >= last:
            by = " ".join(map(str, marks[start, end])) or None
            parts += [text[last:start], tag(name, text[start:end], data_sentences=by)]
            last = end
    return join(*parts, text[last:])


def _uses(key: str, made: Recommendation, answer: str) -> list[Html]:
    said = [at for at, sentence in enumerate(made.sentences, 1) if key in sentence.citations]
    links = [tag("a", f"sentence {at}", href=f"{answer}#sentence-{at}") for at in said]
    if any(key in answer.citations for answer in made.answers):
        links.append(tag("a", "an answer", href=f"{answer}#questions"))
    return [join(", " if at else None, link) for at, link in enumerate(links)]


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
