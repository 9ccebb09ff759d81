"""What the nodes of one run share besides the state."""

from __future__ import annotations

from dataclasses import dataclass

from kedrec.agents.workflow.calls import Calls
from kedrec.agents.workflow.events import Event, Listener
from kedrec.agents.workflow.question_limits import QuestionLimits
from kedrec.agents.workflow.requests import Requests
from kedrec.config import Settings

__all__ = ["RunContext"]


@dataclass
class RunContext:
    """Lives as long as one run."""

    settings: Settings
    """Limits and the model's name."""
    calls: Calls
    """Tools and model, live or recorded."""
    limits: QuestionLimits
    """What is left."""
    requests: Requests
    """Builds what the model is asked."""
    tools: tuple[str, ...]
    """Tools that the model may call itself."""
    trace_id: str | None = None
    """Id of the trace to be."""
    listener: Listener | None = None
    """Gets events."""

    def tell(self, event: Event) -> None:
        """Tell whoever listens."""
        if self.listener is not None:
            self.listener(event)
