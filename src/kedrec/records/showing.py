"""How records read in a terminal and in a notebook: in words, and as HTML in which every text is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedrec.records.reasoning import Sentence
    from kedrec.records.tracing import Recommendation, Trace

__all__ = ["as_html", "as_text", "fields_as_html", "in_brackets", "trace_as_html", "trace_as_text"]

LONGEST = 300
"""Characters of a value that are shown."""


def as_text(made: Recommendation) -> str:
    """An answer in words: the choice, the sentences, what they cite, and what is missing."""
    cited = {key: made.evidence[key].text for key in _cited(made.sentences) if key in made.evidence}
    lines = [*(f"FAILED: {failure}" for failure in made.failed), _title(made), ""]
    lines += [f"  {one.text} {in_brackets(one.citations)}" for one in made.sentences]
    lines += ["", *(f"  [{key}] {_short(text)}" for key, text in cited.items())]
    lines += [f"  not found: {note}" for note in made.not_found]
    lines += [f"  struck out: {note}" for note in made.struck_out]
    return "\n".join(lines).strip()


def as_html(made: Recommendation) -> str:
    """An answer for a notebook, with its evidence folded below."""
    failed = "".join(f"<p><b>Failed:</b> {escape(failure)}</p>" for failure in made.failed)
    said = "".join(f"<li>{escape(one.text)} {escape(in_brackets(one.citations))}</li>" for one in made.sentences)
    cited = [(key, made.evidence[key]) for key in _cited(made.sentences) if key in made.evidence]
    rows = _table((f"[{key}] {one.source_id}", one.text) for key, one in cited)
    notes = [*made.not_found, *(f"struck out: {note}" for note in made.struck_out)]
    missing = "".join(f"<li><i>{escape(note)}</i></li>" for note in notes)
    more = f"<details><summary>{len(cited)} cited of {len(made.evidence)} found</summary>{rows}</details>"
    return f"{failed}<p><b>{escape(_title(made))}</b></p><ul>{said}</ul>{more}<ul>{missing}</ul>"


def trace_as_text(trace: Trace) -> str:
    """A run in words: how it ended, and what it took."""
    outcome = as_text(trace.recommendation) if trace.recommendation else _failure(trace)
    return f"{outcome}\n\n{_took(trace)}"


def trace_as_html(trace: Trace) -> str:
    """A run for a notebook."""
    made = trace.recommendation
    outcome = as_html(made) if made else f"<p><b>Failed:</b> {escape(_failure(trace))}</p>"
    return f"{outcome}<p><small>{escape(_took(trace))}</small></p>"


def fields_as_html(kind: str, fields: Mapping[str, Any]) -> str:
    """Any other record: a row for each field that holds something."""
    told = {name: value for name, value in fields.items() if value not in (None, "", [], {}, ())}
    return f"<b>{escape(kind)}</b>{_table((name, _plain(value)) for name, value in told.items())}"


def _title(made: Recommendation) -> str:
    if made.choice is None:
        return f"{made.disease.name}   {made.undecided}"
    return f"{made.name_of(made.choice)} {made.chosen_as}   {made.sure}"


def in_brackets(keys: Iterable[str]) -> str:
    """Evidence keys as they stand behind a sentence: `[K1][P2]`."""
    return "".join(f"[{key}]" for key in keys)


def _cited(sentences: Iterable[Sentence]) -> list[str]:
    return list(dict.fromkeys(key for one in sentences for key in one.citations))


def _failure(trace: Trace) -> str:
    return f"{trace.error['type']}: {trace.error['message']}" if trace.error else "The run ended without an outcome."


def _took(trace: Trace) -> str:
    tokens = trace.usage.input_tokens + trace.usage.output_tokens
    spent = f", {tokens:,} tokens, ${trace.usage.cost:.4f}" if tokens else ""
    model = trace.config.get("model", "")
    return f"trace {trace.id}: {model}, {len(trace.calls)} calls, {trace.seconds:.2f} s{spent}. Not medical advice."


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rsplit(' ', 1)[0]} …"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    made = (f"<tr><th>{escape(name)}</th><td>{escape(_short(text))}</td></tr>" for name, text in rows)
    return f"<table>{''.join(made)}</table>"
