"""Wordings of the rationale: what a source is called, the reasons for a drug, and in what it resembles a treatment."""

from __future__ import annotations

__all__ = [
    "COMPARED", "FINDINGS", "LIKENESS", "LINKED_TARGET", "LISTED", "NAMED", "SHARED_TARGET", "SOURCES", "TESTED",
]  # fmt: skip

SOURCES = {"P": "An article", "T": "A trial"}
"""First letter of an evidence key -> what it is."""
LISTED = "the graph lists it as a treatment of this disease"
COMPARED = "it came off better where {source} compares them"
FINDINGS = {
    "approval": "{source} says that it is approved for this disease",
    "guideline": "{source} names it among the recommended or standard treatments of this disease",
    "result": "{source} reports a result in its favour in this disease",
    "report": "{source} reports a benefit of it in this disease",
}
"""Strength of a finding -> what it says of the chosen drug."""
SHARED_TARGET = "it acts on a target of a known treatment of this disease"
LINKED_TARGET = "a target of it is linked to this disease in the graph"
TESTED = "a trial tests it in this disease"
LIKENESS = {
    "drug in the graph": "the graph lists it as a treatment of more other diseases",
    "role": "what is written speaks of it as used in this disease",
    "graph": "the graph links it to this disease",
    "trials": "more trial records name it together with this disease",
    "articles": "more articles name it together with this disease",
    "claims in trials": "trial records speak more of its use in this disease",
    "claims in articles": "articles speak more of its use in this disease",
    "writing in trials": "records of its trials read more like those on this disease",
    "writing in articles": "articles on it read more like those on this disease",
    "class in trials": "drugs like it are tested more in this disease",
    "class in articles": "articles deal more with drugs like it in this disease",
}
"""Group of evidence -> in what a drug is more like a treatment of the disease than its rivals."""
NAMED = {
    "similar drugs": "drugs like it are listed as treatments of this disease",
    "similar diseases": "it is listed as a treatment of diseases like this one",
}
"""Groups whose facts end in the names that they rest on."""
