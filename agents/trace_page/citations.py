"""Evidence on a page: keys that lead to it, and addresses of what it was taken from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from kedrec.agents.trace_page.html import Html, join, tag
from kedrec.records import Evidence, Recommendation

__all__ = ["KINDS", "anchor", "cited_keys", "key_link", "key_links", "linked", "source_address"]

KINDS = {"K": "graph", "P": "article", "T": "trial"}
"""Letter of a key -> what it is a key to."""
_MARK = re.compile(r"\[([KPT]\d+)\]")
_ADDRESSES = (
    (re.compile(r"PMID:(\d+)(?:#.*)?"), "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    (re.compile(r"PMCID:(?:PMC)?(\d+)(?:#.*)?"), "https://pmc.ncbi.nlm.nih.gov/articles/PMC{}/"),
    (re.compile(r"DOI:(10\.[^#]+)(?:#.*)?"), "https://doi.org/{}"),
    (re.compile(r"(NCT\d{8})(?:#.*)?"), "https://clinicaltrials.gov/study/{}"),
)


def anchor(key: str) -> str:
    """Id of a piece of evidence on the page."""
    return f"evidence-{key}"


def key_link(key: str, evidence: Mapping[str, Evidence]) -> Html:
    """A key that leads to its evidence; plain if there is none."""
    entry = evidence.get(key)
    if entry is None:
        return tag("span", key, class_="key")
    return tag("a", key, class_=f"key {KINDS.get(key[:1], '')}", href=f"#{anchor(key)}", title=entry.text[:300])


def key_links(keys: Iterable[str], evidence: Mapping[str, Evidence]) -> Html:
    """Keys side by side."""
    return join(*(key_link(key, evidence) for key in keys))


def linked(text: str, evidence: Mapping[str, Evidence]) -> Html:
    """A text whose citation marks lead to their evidence."""
    parts = _MARK.split(text)
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
