"""Which pairs to draw from the graph, and the pairs that were drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from kedrec.distill.pairs.pairs_file import Named
from kedrec.distill.pairs.popularity import Drawing
from kedrec.graphdb.link_prediction.relevance import DrugUses
from kedrec.records import Record

__all__ = ["MATCHED", "NEAREST", "Drawn", "DrawnPair", "PairsWanted", "PassedOver", "Split"]

Split = Literal["train", "dev", "test"]
NEAREST, MATCHED = "embedding_neighbour", "matched_embedding_neighbour"
PassedOver = dict[str, dict[str, int]]
"""What -> the reason why some of it were passed over -> how many."""


class PairsWanted(Record):
    """Which pairs to draw."""

    n: int = Field(gt=0)
    """How many."""
    seed: int = 0
    """Another seed, other pairs."""
    dev: float = Field(0.1, ge=0, lt=1)
    """Share of the diseases that goes to `dev`."""
    test: float = Field(0.1, ge=0, lt=1)
    """Share that goes to `test`; the rest is `train`."""
    least_relevance: float = Field(1.0, gt=0)
    """Relevance by equation (2) from which on a drug counts as relevant; 1 is one curated statement of use."""
    any_compound: bool = False
    """Take compounds used for no disease at all as irrelevant drugs too."""
    match_popularity: bool = False
    """Not the very nearest neighbour, but one of the nearest that is known about as well as the relevant drug."""
    among: int = Field(20, gt=0)
    """Of how many of the nearest, where popularity is matched."""


class DrawnPair(Record):
    """A line of the pairs file; everything but `disease` and `candidates` is for scoring only."""

    id: str
    """Opaque."""
    split: Split
    """The same for all pairs of a disease."""
    disease: Named
    """The disease."""
    candidates: tuple[Named, Named]
    """The two drugs, in random order."""
    answer: str
    """Id of the relevant one."""
    negative_kind: str
    """`embedding_neighbour`, or `matched_embedding_neighbour` where popularity was matched."""
    sources: tuple[str, ...]
    """Relations between the relevant drug and the disease."""
    relevance: float
    """Of the relevant drug, by equation (2)."""
    similarity: float
    """Cosine of the two drugs' embeddings, equation (3)."""


@dataclass(frozen=True)
class Drawn:
    """Pairs, and what was passed over on the way to them."""

    pairs: tuple[DrawnPair, ...]
    """The pairs, in the order drawn."""
    drawings: tuple[Drawing, ...]
    """The same as rows and columns of `uses`."""
    uses: DrugUses
    """What the graph states between drugs and diseases."""
    relevant: int
    """How many (disease, drug) are relevant and can be asked about."""
    with_vector: int
    """Drugs of the graph that the embeddings know."""
    passed_over: PassedOver
    """`drugs` (of the graph), `relevant` (edges) and `irrelevant` (nearer drugs) -> reason -> how many."""
