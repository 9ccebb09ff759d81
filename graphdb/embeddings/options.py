"""What embeddings are trained with, and the outcome of it."""

from __future__ import annotations

from pydantic import Field

from kedrec.graphdb.embeddings.ranks import RankReport
from kedrec.records import Record

__all__ = ["EmbedOptions", "TrainingReport"]


class EmbedOptions(Record):
    """How embeddings are trained; pinned in their folder, so that only the same training is resumed there."""

    dimension: int = Field(default=128, ge=2)
    """Of the vectors."""
    layers: int = Field(default=2, ge=1, le=4)
    """How many edges far an entity hears."""
    bases: int = Field(default=4, ge=1)
    """Matrices that the relations' matrices are mixed from."""
    fans: tuple[int, ...] = (24, 12)
    """Most messages that an entity hears in a training step, per hop; one for each layer."""
    epochs: int = Field(default=8, ge=0)
    """Passes over the diseases that are learnt from."""
    batch: int = Field(default=48, ge=1)
    """Diseases per step."""
    negatives: int = Field(default=1024, ge=1)
    """Compounds drawn per step, beside those that are true for one of its diseases."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Of AdamW; falls to a tenth over the epochs."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Of AdamW."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of the values between layers that is left out in training."""
    forgetting: float = Field(default=0.5, ge=0, le=1)
    """Share of the entities whose own vector is left out in a step."""
    silence: float = Field(default=0.2, ge=0, lt=1)
    """Share of the other training diseases that no compound hears from in a step, as at test time."""
    valid_share: float = Field(default=0.1, ge=0, lt=1)
    """Share of the diseases by which the best epoch is chosen."""
    test_share: float = Field(default=0.15, ge=0, lt=1)
    """Share of the diseases on which it is measured."""
    names: bool = True
    """Whether names are learnt from."""
    seed: int = Field(default=0, ge=0)
    """Of the split, the weights and the order."""


class TrainingReport(Record):
    """The result of a training."""

    entities: int
    """Number of vectors."""
    dimension: int
    """Of the vectors."""
    sha256: str
    """Hash of vectors and ids."""
    hidden_pairs: int
    """Pairs whose edges were hidden."""
    best_epoch: int
    """Whose weights were taken; 0 is before any training."""
    valid: RankReport
    """On the diseases that the epoch was chosen by."""
    test: RankReport
    """On the diseases held out."""
    test_popularity: RankReport
    """The same, by the number of diseases that a compound is used for in training."""
    seconds: float
    """Wall-clock of this run of the command."""
    resumed: bool
    """Whether training resumed from a checkpoint."""
