"""What the graph is asked in Studio, and what it carries besides, so that a run that was paused is whole in the end."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from kedrec.agents.workflow.state import RunState
from kedrec.records import Corpora

__all__ = ["Asks", "StudioInput", "StudioOutput", "StudioQuestion", "StudioState"]


class Asks(BaseModel):
    """What a run may choose for itself; the rest is as the settings have it."""

    model: str | None = Field(None, description="Specification of the model; that of the settings where empty.")
    setting: Corpora | None = Field(None, description="Corpora used: none, trials, articles or both.")


class StudioQuestion(TypedDict):
    """A question: which of these drugs for this disease?"""

    disease: str
    """Name or id."""
    candidates: list[str]
    """Names or ids, one to ten."""


class StudioInput(TypedDict):
    """What a run begins with."""

    asked: StudioQuestion
    """The question."""


class StudioOutput(TypedDict, total=False):
    """What a run ends with."""

    recommendation: dict[str, Any]
    """The choice and what it rests on."""
    error: dict[str, Any]
    """Why there is none."""
    trace: str
    """Id of the trace in the home."""


class StudioState(RunState, total=False):
    """One question on its way, and how it came there: nothing of it is held anywhere else."""

    calls: Annotated[list[dict[str, Any]], operator.add]
    """Every call of a tool or a model up to here, in order."""
    limits: dict[str, Any]
    """What was used of the limits up to here."""
    seconds: float
    """Time worked up to here; what people took to answer does not count."""
    asked_back: Annotated[list[dict[str, Any]], operator.add]
    """Names that were unclear: what was asked, and what was answered."""
    trace: str
    """Id of the trace."""
