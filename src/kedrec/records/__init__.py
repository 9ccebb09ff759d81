"""The values that cross a folder or a file: frozen, closed, versioned."""

from kedrec.records.base import Record
from kedrec.records.graph import SIDE_EFFECT, Alternative, Edge, Entity, GraphPath, Match, MatchKind
from kedrec.records.literature import SETTINGS, Corpora, Corpus, Document, Passage, Section
from kedrec.records.paths import Triple, edge_source, path_source, triples_of
from kedrec.records.reasoning import (
    STANCES,
    Answer,
    CandidateScore,
    Evidence,
    Factor,
    Finding,
    Question,
    Sentence,
    SentenceKind,
    Stance,
)
from kedrec.records.showing import in_brackets
from kedrec.records.tracing import ModelCall, Recommendation, ToolCall, ToolResult, ToolStatus, Trace, Usage
from kedrec.records.verdict import no_choice, probability_text

__all__ = [
    "SETTINGS",
    "SIDE_EFFECT",
    "STANCES",
    "Alternative",
    "Answer",
    "CandidateScore",
    "Corpora",
    "Corpus",
    "Document",
    "Edge",
    "Entity",
    "Evidence",
    "Factor",
    "Finding",
    "GraphPath",
    "Match",
    "MatchKind",
    "ModelCall",
    "Passage",
    "Question",
    "Recommendation",
    "Record",
    "Section",
    "Sentence",
    "SentenceKind",
    "Stance",
    "ToolCall",
    "ToolResult",
    "ToolStatus",
    "Trace",
    "Triple",
    "Usage",
    "edge_source",
    "in_brackets",
    "no_choice",
    "path_source",
    "probability_text",
    "triples_of",
]  # fmt: skip
