"""Evidence on a page: keys that lead to it, and addresses of what it was taken from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote

from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.agents.prompting.answer_format import KEY, KINDS
from kedrec.records import Evidence, Recommendation, Sentence

__all__ = [
    "MARK",
    "VERDICTS",
    "anchor",
    "cited_keys",
    "key_link",
    "key_links",
    "linked",
    "sentence_links",
    "source_address",
    "verdict_on",
]

VERDICTS = {
    "held": ("✓", "checked: this source holds the sentence's names or numbers, which are marked in it"),
    "beside": ("○", "checked: the sentence's names and numbers stand in the sources cited beside this one"),
    "checked": ("✓", "checked"),
    "missing": ("✗", "the source is missing: it was not found in this run"),
}
"""Verdict of the check on one citation -> its sign, and what it means."""
MARK = re.compile(rf"\[({KEY})\]")
"""One citation mark; its group is the key."""
_ADDRESSES = (
    (re.compile(r"PMID:(\d+)(?:#.*)?"), "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    (re.compile(r"PMCID:(?:PMC)?(\d+)(?:#.*)?"), "https://pmc.ncbi.nlm.nih.gov/articles/PMC{}/"),
    (re.compile(r"DOI:(10\.[^#]+)(?:#.*)?"), "https://doi.org/{}"),
    (re.compile(r"(NCT\d{8})(?:#.*)?"), "https://clinicaltrials.gov/study/{}"),
)


def anchor(key: str) -> str:
    """Id of a piece of evidence on the page."""
    return f"evidence-{key}"


def key_link(key: str, evidence: Mapping[str, Evidence], verdict: str | None = None, sentence: int = 0) -> Html:
    """A key that leads to its evidence; plain if there is none.

    Args:
        key: the key.
        evidence: everything that was found.
        verdict: of the check, one of `VERDICTS`; not shown without.
        sentence: number of the sentence that cites it, where one does.
    """
    entry = evidence.get(key)
    verdict = "missing" if entry is None else verdict
    sign, told = VERDICTS.get(verdict or "", ("", ""))
    shown = tag("span", sign, class_="sign", aria_hidden="true") if sign else None
    if entry is None:
        return tag("span", key, shown, " source missing", class_="key missing", title=told)
    title = f"{told} — {entry.text[:300]}" if told else entry.text[:300]
    look = f"key {KINDS.get(key[:1], '')}"
    named = f"{key}, {KINDS.get(key[:1], '')}, {told}" if told else None
    return tag("a", key, shown, class_=look, href=f"#{anchor(key)}", title=title, aria_label=named,
               data_sentence=sentence or None)  # fmt: skip


def verdict_on(sentence: Sentence, key: str, evidence: Mapping[str, Evidence]) -> str:
    """What the check found of a citation of a sentence that passed it: one of `VERDICTS`."""
    if key not in evidence:
        return "missing"
    if not sentence.marks:  # a sentence without names, or a trace from before marks were kept
        return "checked"
    return "held" if sentence.marks.get(key) else "beside"


def sentence_links(sentence: Sentence, evidence: Mapping[str, Evidence], number: int = 0) -> Html:
    """The keys of a sentence, each with the verdict of the check."""
    keys = sentence.citations
    return _spaced([key_link(key, evidence, verdict_on(sentence, key, evidence), number) for key in keys])


def key_links(keys: Iterable[str], evidence: Mapping[str, Evidence]) -> Html:
    """Keys side by side."""
    return _spaced([key_link(key, evidence) for key in keys])


def _spaced(links: Sequence[Html]) -> Html:
    """Links with a space between them, so that they stay apart where they are copied to."""
    return join(*(part for at, link in enumerate(links) for part in ((" ", link) if at else (link,))))


def linked(text: str, evidence: Mapping[str, Evidence]) -> Html:
    """A text whose citation marks lead to their evidence."""
    parts = MARK.split(text)
    return join(*(key_link(part, evidence) if at % 2 else part for at, part in enumerate(parts)))


def source_address(source_id: str) -> str | None:
    """Where a record of the literature can be read; None for the graph and for what is not known."""
    for form, address in _ADDRESSES:
        found = form.fullmatch(source_id)
        if found:
            return address.format(quote(unquote(found[1]), safe="/:;()"))
    return None


def cited_keys(recommendation: Recommendation) -> list[str]:
    """Keys that the rationale or an answer cites, in that order."""
    rationale = (key for sentence in recommendation.sentences for key in sentence.citations)
    answers = (key for answer in recommendation.answers for key in answer.citations)
    return [key for key in dict.fromkeys([*rationale, *answers]) if key in recommendation.evidence]
