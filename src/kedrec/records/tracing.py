"""What a run leaves behind: its outcome, and every call that led to it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field

from kedrec.records.base import Record
from kedrec.records.graph import SIDE_EFFECT, Entity, Match
from kedrec.records.literature import Corpora
from kedrec.records.reasoning import Answer, CandidateScore, Evidence, Finding, Sentence
from kedrec.records.showing import as_html, as_text, trace_as_html, trace_as_text
from kedrec.records.verdict import no_choice, probability_text

__all__ = ["ModelCall", "Recommendation", "ToolCall", "ToolResult", "ToolStatus", "Trace", "Usage"]

ToolStatus = Literal["found", "nothing_found", "unknown_entity", "ambiguous", "failed"]


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

    failed: tuple[str, ...] = ()
    """What the answer was to rest on and could not be used; while there is any, the confidence is that of a guess."""
    schema_version: Literal[1, 2] = 2
    """Version of this record."""
    disease: Entity
    """The disease as understood."""
    candidates: tuple[Entity, ...]
    """The drugs as understood, in the order asked."""
    setting: Corpora
    """Which corpora were used."""
    model: str
    """Model specification."""
    choice: str | None
    """Id of the chosen candidate."""
    leaning: str | None = None
    """Id of the candidate that the evidence leans to, where it is too close to call; null in older traces."""
    abstained: str | None
    """The reason, where there is no choice."""
    confidence: float
    """Probability that choice or leaning is the better one, 0 to 1; that of a guess where anything failed."""
    sentences: tuple[Sentence, ...]
    """The rationale."""
    answers: tuple[Answer, ...] = ()
    """Answers to the domain questions."""
    scores: tuple[CandidateScore, ...] = ()
    """How the evidence weighs, where the weigher was asked."""
    evidence: dict[str, Evidence]
    """Everything citable that was found, by key."""
    not_found: tuple[str, ...] = ()
    """What was looked for and not found, and what was missing."""
    struck_out: tuple[str, ...] = ()
    """Sentences that failed the check, with the reason; never part of the rationale."""
    matches: tuple[Match, ...] = ()
    """How each name was understood."""
    trace_id: str | None = None
    """Id of the trace that holds the whole run."""

    @property
    def favoured(self) -> str | None:
        """Id of the chosen candidate, or of the one that the evidence leans to; null where nothing is known."""
        return self.choice or self.leaning

    @property
    def chosen_as(self) -> str:
        """What the choice is, to stand behind its name: `for asthma`; of an effect, the likelier to bring it about."""
        told = "the likelier to bring about" if self.disease.kind == SIDE_EFFECT else "for"
        return f"{told} {self.disease.name}"

    @property
    def undecided(self) -> str:
        """Why there is no choice, in words; which way the evidence leans stands in the reason."""
        return no_choice(self.leaning, self.abstained)

    @property
    def sure(self) -> str:
        """How sure the choice is: `confidence 0.87`; unknown where something that it was to rest on failed."""
        return f"confidence {'unknown' if self.failed else probability_text(self.confidence)}"

    @property
    def leans(self) -> str:
        """Which way the evidence leans, and how far: `leans to baricitinib, 0.63`."""
        far = self.sure if self.failed else probability_text(self.confidence)
        return f"leans to {self.name_of(self.leaning or '')}, {far}"

    def name_of(self, drug: str) -> str:
        """The name of a candidate; its id, where it is none."""
        return next((one.name for one in self.candidates if one.id == drug), drug)

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


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

    @classmethod
    def failure(cls, message: str, *, retryable: bool) -> Self:
        """A call that failed.

        Args:
            message: what failed and why.
            retryable: whether the same call may work later.
        """
        return cls(status="failed", message=message, data={"retryable": retryable})


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

    @property
    def text(self) -> str:
        """What the model said; empty where it said nothing, or the call failed."""
        return str((self.response or {}).get("content") or "")


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

    schema_version: Literal[1, 2] = 2
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

    @property
    def failure(self) -> dict[str, str]:
        """Why a run has no outcome: `{type, message}`, also where nothing was recorded of it."""
        return self.error or {"type": "WorkError", "message": "the run ended without an outcome"}

    def model_calls(self, *steps: str) -> list[ModelCall]:
        """The calls of the model in some steps of the graph, in order."""
        return [call for call in self.calls if isinstance(call, ModelCall) and call.step in steps]

    def __str__(self) -> str:
        return trace_as_text(self)

    def _repr_html_(self) -> str:
        return trace_as_html(self)
