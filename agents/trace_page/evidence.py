"""The evidence of a run, for its page: each piece with its source and where it is cited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kedrec.agents.trace_page.citations import KINDS, anchor, cited_keys, source_address
from kedrec.agents.trace_page.html import Html, join, tag
from kedrec.records import Evidence, Recommendation

__all__ = ["evidence", "evidence_item"]


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
    hint = tag("p", f"Names understood: {understood}", class_="hint")
    return tag("section", tag("h2", "Evidence"), *parts, hint, id="evidence")


def _entry(entry: Evidence, made: Recommendation) -> Html:
    marks = {span for sentence in made.sentences for span in sentence.marks.get(entry.key, ())}
    key = entry.key
    said = [at for at, sentence in enumerate(made.sentences, 1) if key in sentence.citations]
    links = [tag("a", f"sentence {at}", href=f"#sentence-{at}") for at in said]
    if any(key in answer.citations for answer in made.answers):
        links.append(tag("a", "an answer", href="#questions"))
    return evidence_item(entry, [join(", " if at else None, link) for at, link in enumerate(links)], marks)


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
    hint = tag("p", kind, " · ", source, where, class_="hint")
    key = tag("span", entry.key, class_=f"key {kind}")
    return tag("li", key, tag("div", _marked(entry.text, marks), hint), id=anchor(entry.key))


def _marked(text: str, marks: Iterable[tuple[int, int]]) -> Html:
    """A text with some of its places marked."""
    parts: list[Html | str] = []
    last = 0
    for start, end in sorted(mark for mark in marks if 0 <= mark[0] < mark[1] <= len(text)):
        if start >= last:
            parts += [text[last:start], tag("mark", text[start:end])]
            last = end
    return join(*parts, text[last:])
