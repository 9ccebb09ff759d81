"""What an agent asks of a chat model whose calls are paid for."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from kedrec.agents.models.openai_api.answer_cache import AnswerCache
    from kedrec.agents.models.openai_api.run_budget import RunBudget

__all__ = ["PaidModel"]


@runtime_checkable
class PaidModel(Protocol):
    """A chat model behind a server."""

    def connected(self, run_budget: RunBudget | None = None) -> AbstractAsyncContextManager[None]:
        """Let all calls on this event loop share connections, pace and budget."""
        ...

    def keep_answers(self, path: Path) -> None:
        """Keep answers in a file."""
        ...

    @property
    def answers(self) -> AnswerCache | None:
        """Where answers are kept."""
        ...

    def use_answers(self, answers: AnswerCache) -> None:
        """Keep answers there and nowhere else."""
        ...
