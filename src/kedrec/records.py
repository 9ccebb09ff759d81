"""The values that cross a folder or a file: frozen, closed, versioned."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Alternative", "Answer", "CandidateScore", "Corpus", "Document", "Edge", "Entity", "Evidence", "Factor", "Finding",
    "GraphPath", "Match", "MatchKind", "ModelCall", "Passage", "Question", "Recommendation", "Record", "Section",
    "Sentence", "Setting", "Stance", "ToolCall", "ToolResult", "ToolStatus", "Trace", "Usage",
]  # fmt: skip

Corpus = Literal["pubmed", "pmc", "trials"]
Setting = Literal["none", "trials", "articles", "both"]
Stance = Literal["supports", "against", "unclear"]
MatchKind = Literal["exact", "synonym", "folded", "ambiguous", "none"]
ToolStatus = Literal["found", "nothing_found", "unknown_entity", "ambiguous", "failed"]


class Record(BaseModel):
    """Base of all records: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def trusted(cls, fields: dict[str, Any]) -> Self:
        """Return a record of all its fields, right as they are and none looked at."""
        record = cls.__new__(cls)
        _set(record, "__dict__", fields)
        _set(record, "__pydantic_fields_set__", _names_of(cls))
        _set(record, "__pydantic_extra__", None)
        _set(record, "__pydantic_private__", None)
        return record


_set = object.__setattr__


@cache
def _names_of(kind: type[Record]) -> set[str]:
    """Return the names of all fields; one set for all records of a kind, which nobody changes."""
    return set(kind.model_fields)


class Entity(Record):
    """A node of the graph."""

    id: str
    """As in DRKG, kind first: `Compound::DB00107`."""
    kind: str
    """`Compound`, `Disease`, `Gene`, …: what stands before `::` in the id."""
    name: str
    """Preferred name; the id itself where no name is known."""
    synonyms: tuple[str, ...] = ()
    """Other names, brand names included where the names file has them."""


class Edge(Record):
    """A triple of the graph."""

    head: str
    """Entity id."""
    relation: str
    """DRKG's own relation name: `DRUGBANK::target::Compound:Gene`."""
    tail: str
    """Entity id."""
    source: str
    """Source database: what stands before the first colon of the relation."""


class GraphPath(Record):
    """A path between two entities, whichever way its edges point."""

    edges: tuple[Edge, ...]
    """In order from the first entity to the last."""
    score: float
    """Higher is better; comparable within one answer only."""
    why: str
    """What made the score: hub penalty, relation weight."""


class Alternative(Record):
    """An entity that a name may have meant."""

    id: str
    """Entity id."""
    name: str
    """Preferred name."""
    score: float
    """Similarity of the names, 0 to 100."""


class Match(Record):
    """What a name was understood as."""

    query: str
    """The name as given."""
    match: MatchKind
    """How it was found; `ambiguous` and `none` come without an entity."""
    entity: Entity | None = None
    """The entity, only for `exact`, `synonym` and `folded`."""
    alternatives: tuple[Alternative, ...] = ()
    """Candidates, best first: the several owners of an ambiguous name, or similar names where none was found."""


class Section(Record):
    """Where a named part of a document's text begins; it ends where the next one begins."""

    name: str
    """Lower-case letters, digits and hyphens: `abstract`, `methods`, `results`, …"""
    start: int
    """Offset of its first character in the text."""


class Document(Record):
    """One record of literature as its source has it."""

    id: str
    """`PMID:…`, `PMCID:…` or `NCT…`."""
    corpus: Corpus
    """Which corpus it belongs to; `pubmed` and `pmc` together are the setting `articles`."""
    title: str
    """Title; may be empty for trials."""
    text: str
    """Abstract, full text or trial text."""
    year: int | None = None
    """Year of publication or start."""
    mesh: tuple[str, ...] = ()
    """MeSH headings, where the source has them."""
    phase: str | None = None
    """Trial phase, normalised: `1`, `1/2`, `2`, `2/3`, `3`, `4`."""
    status: str | None = None
    """Trial status, normalised to lower case: `completed`, `terminated`, `recruiting`, …"""
    note: bool = False
    """True where the text is somebody's note on the record, not the record's own text."""
    date: str | None = None
    """Day, month or year from which on the text was public as it stands, `2015-06-30`, `2015-06` or `2015`:
    publication of an article, last update of a trial."""
    types: tuple[str, ...] = ()
    """Publication types of an article, study type of a trial, as the source names them."""
    retracted: bool = False
    """True where the article was retracted."""
    sections: tuple[Section, ...] = ()
    """Named parts of the text in order, where the source has them."""
    twin: str | None = None
    """Id of the same article in PubMed, for full texts."""
    edition: str = ""
    """Sorts the revisions of one record; an older one never takes the place of a newer. Empty where the source tells
    none."""


class Passage(Record):
    """One chunk of literature."""

    id: str
    """Document id, and `#section-n` where the document has several chunks."""
    document_id: str
    """Id of the document it was cut from."""
    corpus: Corpus
    """`pubmed`, `pmc` or `trials`."""
    title: str
    """Title of the document."""
    section: str
    """Section it was cut from: `title`, `abstract`, `text`, …"""
    text: str
    """The chunk's own text."""
    start: int
    """Offset of the first character in the document's text, or in its title where that is the section."""
    end: int
    """Offset behind the last character."""
    year: int | None = None
    """Year of the document."""
    phase: str | None = None
    """Phase, for trials."""
    status: str | None = None
    """Status, for trials."""
    note: bool = False
    """True where the text is a note on the record."""
    date: str | None = None
    """Date of the document."""
    types: tuple[str, ...] = ()
    """Publication types or study type of the document."""
    retracted: bool = False
    """True where the article was retracted."""
    scores: dict[str, float] = Field(default_factory=dict)
    """Score by stage: `bm25`, `embedding`."""


class Finding(Record):
    """A citable thing that a tool found, before it has a key."""

    kind: Literal["graph", "article", "trial"]
    """Decides the letter of its key: K, P or T."""
    source_id: str
    """Passage id, or for the graph the path as `head|relation|tail` joined by ` ; `."""
    text: str
    """The text shown to the model."""
    about: tuple[str, ...] = ()
    """Ids of the entities it speaks of."""


class Evidence(Record):
    """A citable thing found in this very run."""

    key: str
    """`K3` graph, `P2` article, `T1` trial; written `[K3]` in text."""
    source_id: str
    """As in the finding."""
    text: str
    """The text shown to the model."""
    about: tuple[str, ...] = ()
    """Ids of the entities it speaks of."""


class Question(Record):
    """A domain question put to a (disease, drug) pair."""

    key: str
    """`mechanism`, `shared_targets`, `clinical_evidence`, `safety`, `current_use`, `against`."""
    text: str
    """The question, with the names filled in."""
    disease: str
    """Disease id."""
    drug: str
    """Compound id."""


class Answer(Record):
    """The answer to a domain question."""

    question: Question
    """The question."""
    text: str
    """The answer; the abstention phrase where the evidence says nothing."""
    stance: Stance
    """Whether it speaks for the drug in this disease."""
    citations: tuple[str, ...] = ()
    """Evidence keys."""


class Sentence(Record):
    """A sentence of the rationale."""

    text: str
    """The sentence, without its citation marks."""
    citations: tuple[str, ...]
    """Evidence keys it rests on."""


class Factor(Record):
    """One group of evidence and what it adds to a candidate's score."""

    group: str
    """Name of the group: `similar drugs`, `trials`, `co-mention`, …"""
    share: float
    """What it adds to the score, in log-odds; negative where it speaks against."""
    text: str
    """The facts behind it, in words."""
    sources: tuple[str, ...] = ()
    """Document ids, or edges as `head|relation|tail`."""


class CandidateScore(Record):
    """How the evidence weighs for one candidate."""

    id: str
    """Compound id."""
    score: float
    """Log-odds-like; comparable among the candidates of one question only."""
    probability: float
    """Calibrated probability that it is the choice among these candidates."""
    factors: tuple[Factor, ...] = ()
    """Largest share first."""


class Usage(Record):
    """Tokens and cost."""

    input_tokens: int = 0
    """Tokens sent."""
    output_tokens: int = 0
    """Tokens received."""
    cost: float = 0.0
    """US dollars, by the prices in the settings."""


class Recommendation(Record):
    """The answer to one question about a disease and its candidates."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    disease: Entity
    """The disease as understood."""
    candidates: tuple[Entity, ...]
    """The drugs as understood, in the order asked."""
    setting: Setting
    """Which corpora were used."""
    model: str
    """Model specification."""
    choice: str | None
    """Id of the chosen candidate."""
    abstained: str | None
    """The reason, where there is no choice."""
    confidence: float
    """Probability that the choice is the better one, 0 to 1."""
    sentences: tuple[Sentence, ...]
    """The rationale."""
    answers: tuple[Answer, ...] = ()
    """Answers to the domain questions."""
    scores: tuple[CandidateScore, ...] = ()
    """How the evidence weighs, where the weigher was asked."""
    evidence: dict[str, Evidence]
    """Everything citable that was found, by key."""
    not_found: tuple[str, ...] = ()
    """What was looked for and not found, what was missing, what failed."""
    struck_out: tuple[str, ...] = ()
    """Sentences that failed the check, with the reason; never part of the rationale."""
    matches: tuple[Match, ...] = ()
    """How each name was understood."""
    trace_id: str | None = None
    """Id of the trace that holds the whole run."""


class ToolResult(Record):
    """What a tool came back with; the five outcomes are five different things."""

    status: ToolStatus
    """`found`, `nothing_found`, `unknown_entity`, `ambiguous` or `failed`."""
    message: str
    """A sentence that says it, for the model to read."""
    findings: tuple[Finding, ...] = ()
    """What was found, best first."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Anything structured that is not citable, in JSON types."""


class ModelCall(Record):
    """One call of the chat model."""

    type: Literal["model"] = "model"
    """Tells it from a tool call."""
    step: str
    """Node of the graph that made it."""
    request_sha256: str
    """Hash of the messages, the tools offered and the parameters."""
    messages: tuple[dict[str, Any], ...]
    """Messages sent, in OpenAI's chat form."""
    tools: tuple[str, ...] = ()
    """Names of the tools offered."""
    response: dict[str, Any] | None
    """Message received, in OpenAI's chat form; null on an error."""
    usage: Usage = Usage()
    """Tokens and cost."""
    started: float | None = None
    """Seconds from the beginning of the run; null where the call was taken over from another run."""
    seconds: float = 0.0
    """Wall-clock."""
    error: str | None = None
    """`Type: message`, where it failed."""
    model: str | None = None
    """Specification of the model that answered, where it is not that of the run: a call taken over by a fork."""


class ToolCall(Record):
    """One call of a tool."""

    type: Literal["tool"] = "tool"
    """Tells it from a model call."""
    step: str
    """Node of the graph that made it."""
    name: str
    """Name of the tool."""
    arguments: dict[str, Any]
    """Its arguments."""
    request_sha256: str
    """Hash of the name and the arguments."""
    result: ToolResult
    """What it came back with."""
    started: float | None = None
    """Seconds from the beginning of the run; null where the call was taken over from another run."""
    seconds: float = 0.0
    """Wall-clock."""


class Trace(Record):
    """A whole run: enough to replay it and to train from it."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    id: str
    """Unique, sortable by time."""
    created: str
    """ISO 8601, UTC."""
    question: dict[str, Any]
    """What was asked, as given: `{disease, candidates, setting, text?}`."""
    config: dict[str, Any]
    """Resolved settings, secrets left out."""
    prompts: dict[str, str]
    """SHA-256 of each prompt file."""
    versions: dict[str, str]
    """Versions of kedrec, Python and the libraries that matter; `commit` where known."""
    data: dict[str, Any]
    """Hashes of the graph and of the literature used; `hidden_pairs` where pairs were hidden."""
    calls: tuple[ModelCall | ToolCall, ...]
    """Every call in order."""
    recommendation: Recommendation | None
    """The outcome; null where the run failed."""
    error: dict[str, str] | None = None
    """`{type, message}`, where the run failed."""
    usage: Usage = Usage()
    """Sum over the calls."""
    seconds: float = 0.0
    """Wall-clock of the whole run."""
