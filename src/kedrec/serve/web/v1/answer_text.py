"""What is said to a message as Markdown, for programs that show a chat, with the places of its citations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kedrec.agents.answer_html.citations import MARK, cited_keys, source_address
from kedrec.characters import shortened
from kedrec.records import Evidence, Recommendation, in_brackets
from kedrec.serve.results import Answered

__all__ = ["answer_text", "citations_in"]

SHOWN = 280
"""Characters of a piece of evidence."""
_MARKUP = re.compile(r"[\\`<\[\]]")
"""What Markdown could take for a picture, a link, a tag or code: none of that is wanted from a model or an article."""


def answer_text(answered: Answered) -> str:
    """An answer, sides of the last one, or a question back."""
    reply = answered.reply
    parts = [f"_{_plain(note)}_" for note in reply.notes]
    if reply.kind == "question":
        listed = [f"{at}. {_plain(option.name)} ({_plain(option.id)})" for at, option in enumerate(answered.options, 1)]
        return "\n\n".join([*parts, _plain(reply.text), *(["\n".join(listed)] if listed else [])])
    made, evidence = reply.recommendation, reply.cited
    whole = made is not None and reply.kind == "recommendation"
    if made is not None and whole:
        parts += _recommended(made)
    for topic in reply.topics:
        head = f"**{_plain(topic.heading)}**\n" if topic.title else ""
        parts.append(f"{head}{_plain(topic.answer.text)} {in_brackets(topic.answer.citations)}")
    cited = dict.fromkeys(key for topic in reply.topics for key in topic.answer.citations)
    cited = {**dict.fromkeys(cited_keys(made) if made is not None and whole else ()), **cited}
    parts.append("\n".join(_evidence(key, evidence[key]) for key in cited if key in evidence))
    closing = f"Trace {reply.trace_id}. Not medical advice." if reply.trace_id else "Not medical advice."
    return "\n\n".join(part.strip() for part in [*parts, closing] if part)


def _recommended(made: Recommendation) -> Iterator[str]:
    yield from (f"**Failed:** {_plain(failure)}" for failure in made.failed)
    if made.choice is None:
        yield f"**{_plain(made.undecided).replace(': ', ':** ', 1)}"
    else:
        yield f"**{_plain(made.name_of(made.choice))}** {_plain(made.chosen_as)}, {made.sure}"
    yield "\n".join(f"- {_plain(one.text)} {in_brackets(one.citations)}" for one in made.sentences)
    missing = [*made.not_found, *(f"struck out: {note}" for note in made.struck_out)]
    yield "\n".join(f"- _{_plain(note)}_" for note in missing)


def _plain(text: str) -> str:
    """A text that reads as it is, whatever it holds."""
    return _MARKUP.sub(r"\\\g<0>", text)


def _evidence(key: str, entry: Evidence) -> str:
    text = " ".join(shortened(entry.text, SHOWN).split())
    return f"- [{key}] {_plain(text)} ({source_address(entry.source_id) or _plain(entry.source_id)})"


def citations_in(text: str, evidence: Mapping[str, Evidence]) -> list[dict[str, Any]]:
    """Where in a text which source is cited, in the form of OpenAI's URL citations; the graph has no address."""
    found = []
    for mark in MARK.finditer(text):
        entry = evidence.get(mark[1])
        address = source_address(entry.source_id) if entry else None
        if entry and address:
            place = {"start_index": mark.start(), "end_index": mark.end()}
            cited = {"url": address, "title": entry.text[:120], **place}
            found.append({"type": "url_citation", "url_citation": cited})
    return found
