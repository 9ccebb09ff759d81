"""How a student is trained, and how a training is reported."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from kedrec.distill.dataset.chat_rows import RowTask
from kedrec.records import Record

__all__ = ["SCHEDULE", "SHORT_WARMUP", "WARMUP", "OnTrainLog", "Say", "StudentReport", "TrainOptions"]

Say = Callable[[str], None]
"""Takes a line for the person at the terminal."""
OnTrainLog = Callable[[int, int, dict[str, float]], None]
"""Takes the step, the number of steps, and the figures logged at it."""

SCHEDULE = "cosine"
"""How the learning rate falls after the warm-up: as a cosine, to nothing."""
WARMUP = 0.05
"""Share of the steps over which the learning rate rises."""
SHORT_WARMUP = 0.06
"""The same for the short form."""
_RATES = {"adapter": 2e-4, "short": 6e-4, "full": 1e-3}


class TrainOptions(Record):
    """How a student is trained; pinned in its folder, so that only the same training is resumed there."""

    epochs: float = Field(default=3.0, gt=0)
    """Passes over the data set."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Step size; 2e-4 for LoRA, 1e-3 for full training, 6e-4 for the short form where not given."""
    batch_size: int = Field(default=8, ge=1)
    """Rows per step."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per step, where memory is short."""
    max_length: int = Field(default=4096, ge=64)
    """Longest row in tokens; longer ones are left out and counted, never cut: a cut prompt holds other evidence."""
    sft_weight: float = Field(default=1.0, ge=0)
    """Weight of the loss on the teacher's words."""
    select_weight: float = Field(default=1.0, ge=0)
    """a, weight of the selection loss."""
    rationale_weight: float = Field(default=0.1, ge=0)
    """λ, weight of the rationale loss."""
    soft: float = Field(default=0.5, ge=0, le=1)
    """Share of the teacher's probability in the aim of the selection loss, in the short form; the rest is the label."""
    lora_rank: int = Field(default=16, ge=1)
    """Rank of the adapter."""
    full: bool = False
    """Train all weights in place of an adapter; always so for the tiny base."""
    freeze: int | None = Field(default=None, ge=0)
    """Lower layers that stay as they are, in the short form; a little over half of them where not given."""
    save_minutes: float = Field(default=3.0, gt=0)
    """Minutes between checkpoints, in the short form."""
    patience: int = Field(default=0, ge=0)
    """Looks at the validation rows without a lower loss after which training ends, in the short form; 0 for never."""
    tasks: tuple[RowTask, ...] = ("investigate", "answer", "decide")
    """Which rows are trained on; `choose` alone teaches the short form."""
    seed: int = 0
    """Of weights and order."""

    @property
    def is_short(self) -> bool:
        """Whether the short form is taught."""
        return self.tasks == ("choose",)

    def rate(self, full: bool) -> float:
        """The highest learning rate: as given, else by what is trained.

        Args:
            full: whether all weights are trained.
        """
        return self.learning_rate or _RATES["full" if full else "short" if self.is_short else "adapter"]


class StudentReport(Record):
    """The result of the training."""

    model: str
    """Model specification to use: `local:…`."""
    folder: str
    """Where it is."""
    base: str
    """What was trained."""
    parameters: int
    """Of the whole model."""
    trained_parameters: int
    """Of which trained."""
    rows: dict[str, int]
    """Rows used per split."""
    left_out: dict[str, int]
    """Rows left out, by reason."""
    resumed: bool
    """Whether a checkpoint was gone on from."""
    metrics: dict[str, float]
    """Loss and its terms on the validation rows (`eval_…`), before (`before_…`) and after."""
    seconds: float
    """Wall-clock of the training."""
