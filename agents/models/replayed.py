"""A chat model that repeats the answers of a trace, for `--model replay:TRACE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.prompting.messages import to_model
from kedrec.agents.traces.locate import find_trace
from kedrec.errors import NotReady
from kedrec.records import ModelCall

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from kedrec.config import Settings

__all__ = ["RecordedChatModel", "open_replay_model"]


class RecordedChatModel(ScriptedChatModel):
    """Gives recorded answers in order, whatever it is asked."""

    reads_weighing: bool = False
    """Whether the model recorded was offered `weigh_evidence`."""


def open_replay_model(trace_id: str, settings: Settings) -> BaseChatModel:
    """A chat model that gives the recorded answers of a trace in order, whatever it is asked.

    Args:
        trace_id: id of a trace in the home, a unique beginning of one, or `latest`.
        settings: say where the home is.

    Raises:
        NotReady: where there is no such trace, or it holds no answer.
    """
    trace = find_trace(settings.home / "traces", trace_id)
    answers = [call.response for call in trace.calls if isinstance(call, ModelCall) and call.response is not None]
    if not answers:
        raise NotReady(f"The trace {trace.id} holds no answer of a model.")
    weighs = "weigh_evidence" in trace.config.get("tools", ())
    return RecordedChatModel(queue=to_model(answers, {}), name=f"replay:{trace.id}", reads_weighing=weighs)
