"""What the server gives back beside the records of the project."""

from __future__ import annotations

from typing import Any

from kedrec.agents.chat.conversation import Reply
from kedrec.distill.runs.folder import RunStatus
from kedrec.records import Alternative, Corpora, Edge, Entity, Passage, Record
from kedrec.serve.kept_runs import KeptRun

__all__ = [
    "About",
    "Answered",
    "ChatFailure",
    "ChatProblem",
    "Failure",
    "NamedPath",
    "PairsRun",
    "Paths",
    "Problem",
    "ReadPassages",
    "RunTold",
]


class Answered(Record):
    """What a conversation says to one message."""

    conversation: str
    """Id by which it goes on."""
    reply: Reply
    """What is said."""
    options: tuple[Alternative, ...] = ()
    """What an unclear name may have meant, where something is asked back; send the id of one as the next message."""


class NamedPath(Record):
    """A path in words and as its edges."""

    text: str
    """One clause for each edge."""
    edges: tuple[Edge, ...]
    """In order from the first entity to the last."""
    score: float
    """Higher is better; comparable within one answer only."""


class Paths(Record):
    """The best paths between two entities."""

    first: Entity
    """Where they begin, as understood."""
    last: Entity
    """Where they end, as understood."""
    paths: tuple[NamedPath, ...]
    """Best first; none where the graph has none within the limits."""


class ReadPassages(Record):
    """A document, or a passage of it."""

    document_id: str
    """Id of the document."""
    address: str | None
    """Where it can be read on the web, where that is known."""
    passages: tuple[Passage, ...]
    """In order."""


class RunTold(Record):
    """A recorded run in short."""

    id: str
    """Id of the trace."""
    created: str
    """When, ISO 8601, UTC."""
    asked: str
    """The question in words."""
    model: str
    """Specification of the model."""
    calls: tuple[str, ...]
    """Every call in order: its step, what was called, its outcome."""
    outcome: dict[str, Any]
    """Choice, confidence and rationale with citations, or the error."""
    evidence: dict[str, str]
    """Text of what is cited, by key."""
    data: dict[str, Any]
    """Hashes of the graph and of the literature used."""


class PairsRun(Record):
    """A run over many pairs."""

    name: str
    """Name of its folder."""
    model: str
    """Specification of the model."""
    setting: Corpora
    """Corpora used."""
    hide_pairs: bool
    """Whether the direct edges of all its pairs are hidden."""
    status: RunStatus
    """How far it is."""

    @classmethod
    def of(cls, run: KeptRun) -> PairsRun:
        """What is sent of a run that is kept."""
        info = run.info
        return cls(name=run.name, model=info.model, setting=info.setting, hide_pairs=info.hide_pairs, status=run.status)


class About(Record):
    """What is served."""

    version: str
    """Version of kedrec."""
    model: str
    """Specification of the model that answers."""
    setting: Corpora
    """Corpora used where a question does not say."""
    entities: int
    """Entities of the graph."""
    triples: int
    """Triples of the graph."""
    graph_sha256: str
    """Hash of the graph's sources."""
    documents: dict[str, int]
    """Documents of the literature by corpus."""
    records: bool
    """Whether answers are kept as traces on the disk."""


class Problem(Record):
    """Why there is no answer."""

    type: str
    """Name of the error."""
    message: str
    """What was tried, what was found and what to do."""


class Failure(Record):
    """The body of every answer that is an error."""

    error: Problem
    """Why."""


class ChatProblem(Problem):
    """Why there is no answer, with the fields that OpenAI's errors have besides."""

    param: str | None = None
    """Always null."""
    code: str
    """Name of the error once more."""


class ChatFailure(Record):
    """The body of every answer below `/v1` that is an error."""

    error: ChatProblem
    """Why."""
