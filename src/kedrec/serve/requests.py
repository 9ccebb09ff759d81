"""What can be asked of the server, by HTTP and by MCP alike: closed records, every field bounded and described."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kedrec.agents.prompting.answer_format import LONGEST_NAME, LONGEST_QUESTION
from kedrec.graphdb.store import MAX_HOPS
from kedrec.records import Corpora, Record

__all__ = [
    "Ask",
    "Compare",
    "FindPassages",
    "FindPaths",
    "PairLookup",
    "Read",
    "Recommend",
    "Resolve",
    "RunName",
    "RunRows",
    "TraceId",
    "WhichTrace",
]

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
CorporaField = Annotated[
    Corpora | None,
    Field(description="Corpora used: none, trials, articles or both; by default what the server was started with."),
]
TraceId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{3,79}$", description="Id of the trace, or a beginning that only it has."
    ),
]


RunName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$", description="Name of the folder of the run.")
]


class Resolve(Record):
    """Find out what a name means in the knowledge graph. Never guesses: a similar name is only suggested."""

    name: Annotated[Name, Field(description="Name, synonym, brand name or id.")]
    kind: Annotated[Literal["drug", "disease", "gene", "any"], Field(description="What it should be.")] = "any"


class PairLookup(Record):
    """List what the knowledge graph says about a drug and a disease: links, shared genes, paths, targets, uses."""

    disease: Annotated[Name, Field(description="Name or id of the disease.")]
    drug: Annotated[Name, Field(description="Name or id of the drug.")]


class FindPaths(Record):
    """List the best paths between two entities of the knowledge graph, each in words and as its edges."""

    first: Annotated[Name, Field(description="Name or id of the entity where the paths begin.")]
    last: Annotated[Name, Field(description="Name or id of the entity where they end.")]
    max_hops: Annotated[int, Field(ge=1, le=MAX_HOPS, description="Most edges of a path.")] = MAX_HOPS
    limit: Annotated[int, Field(ge=1, le=50, description="Most paths.")] = 10


class FindPassages(Record):
    """Search the literature of the home, articles and clinical trials, for passages."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Words, in any order.")]
    corpus: Annotated[
        Literal["articles", "trials"] | None, Field(description="Only articles or only trials; both by default.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=50, description="Most passages, one of each document.")] = 10


class Read(Record):
    """Read a document of the literature, or one passage of it, by its id."""

    id: Annotated[
        str,
        Field(
            min_length=1, max_length=LONGEST_NAME, description="Id of a document, PMID:1 or NCT00000001, or passage."
        ),
    ]


class Compare(Record):
    """Choose between drugs for a disease, with cited evidence behind every sentence; one drug: is it reasonable?"""

    disease: Annotated[Name, Field(description="Name or id of the disease.")]
    candidates: Annotated[
        tuple[Name, ...], Field(min_length=1, max_length=10, description="Names or ids of the drugs, one to ten.")
    ]
    setting: CorporaField = None
    hide_direct: Annotated[
        bool,
        Field(
            description="Whether direct edges between the disease and the drugs are hidden, as if nothing were known."
        ),
    ] = False


class Recommend(Record):
    """Rank the drugs of the knowledge graph for a disease, by rule, with what speaks for each."""

    disease: Annotated[Name, Field(description="Name or id of the disease.")]
    top: Annotated[int, Field(ge=1, le=100, description="Drugs to return.")] = 10
    setting: CorporaField = None


class Ask(Record):
    """Answer a question in plain words about drugs for a disease, or a follow-up in a conversation."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION, description="The question.")]
    conversation: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$", description="Id of the conversation that it goes on with.")
    ] = None
    setting: CorporaField = None


class WhichTrace(Record):
    """Read a recorded run: what was asked, every call of a tool or a model, the evidence and the outcome."""

    id: TraceId


class RunRows(Record):
    """Read the rows of a run over many pairs."""

    failed: Annotated[bool | None, Field(description="Only pairs that failed, or only those that did not.")] = None
    after: Annotated[int, Field(ge=0, le=10_000_000, description="So many rows are left out first.")] = 0
    limit: Annotated[int, Field(ge=1, le=1000, description="Most rows.")] = 100
