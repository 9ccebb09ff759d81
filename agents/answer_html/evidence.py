"""The evidence of a run, for its page: each piece with its source, what the check marked in it, and who cites it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kedrec.agents.answer_html.citations import anchor, cited_keys, source_address
from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.agents.prompting.answer_format import KINDS
from kedrec.records import Evidence, Recommendation

__all__ = ["evidence", "evidence_item", "headed", "marked", "marks_in"]

_HEADING = re.compile(r"\*\*([^*\n]{1,80}:)\*\*")
"""A heading within an abstract, as PubMed's are written down here."""


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


def marks_in(key: str, made: Recommendation) -> dict[tuple[int, int], list[int]]:
    """Places in a piece of evidence that the check found, each with the numbers of the sentences it found them for."""
    found: dict[tuple[int, int], list[int]] = {}
    for at, sentence in enumerate(made.sentences, 1):
        for span in sentence.marks.get(key, ()):
            found.setdefault(span, []).append(at)
    return found


def evidence_item(
    entry: Evidence, used: Sequence[Html] = (), marks: Mapping[tuple[int, int], Sequence[int]] | None = None
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
    # The passage that the sentences were taken from, folded.
    if len(entry.passage) <= len(entry.text):
        whole = None
    else:
        text = tag("p", marked(entry.passage, dict.fromkeys(entry.spans, ()), "b"))
        whole = tag(
            "details", tag("summary", "the whole passage; in bold what was taken from it"), text, class_="passage"
        )
    return tag("li", key, tag("div", marked(entry.text, marks or {}), told, whole), id=anchor(entry.key))


def marked(text: str, marks: Mapping[tuple[int, int], Sequence[int]], name: str = "mark") -> Html:
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
            parts += [headed(text[last:start]), tag(name, text[start:end], data_sentences=by)]
            last = end
    return join(*parts, headed(text[last:]))


def headed(text: str) -> Html:
    """A text whose headings stand out instead of standing between stars."""
    return join(*(tag("b", part) if at % 2 else part for at, part in enumerate(_HEADING.split(text))))


def _uses(key: str, made: Recommendation, answer: str) -> list[Html]:
    said = [at for at, sentence in enumerate(made.sentences, 1) if key in sentence.citations]
    links = [tag("a", f"sentence {at}", href=f"{answer}#sentence-{at}") for at in said]
    if any(key in answer.citations for answer in made.answers):
        links.append(tag("a", "an answer", href=f"{answer}#questions"))
    return [join(", " if at else None, link) for at, link in enumerate(links)]
