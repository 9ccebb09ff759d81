"""A model that judges rationales, by ragas' faithfulness: which of its claims does the cited evidence hold?"""

from __future__ import annotations

import asyncio
import math
import os
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from kedrec.agents.agent import PaidModel
from kedrec.agents.open_model import open_model
from kedrec.errors import MissingExtra

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from kedrec.config import Settings

__all__ = ["Claimed", "Judge"]


class Claimed(NamedTuple):
    """A rationale to be judged."""

    disease: str
    """Disease id."""
    question: str
    """What was asked, in words."""
    text: str
    """The rationale."""
    evidence: tuple[str, ...]
    """Texts of the evidence that it cites."""


class Judge:
    """Judges rationales; each takes two calls of the model.

    Args:
        spec: its specification, for people.
        model: the model.
        most: rationales that are judged, drawn evenly from the run.
        workers: rationales in flight.

    Raises:
        MissingExtra: if ragas is not installed.
    """

    def __init__(self, spec: str, model: BaseChatModel, most: int, workers: int = 8) -> None:
        os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # nothing about a run leaves the machine unasked
        try:
            import ragas  # noqa: F401 - only to see that it is there
        except ModuleNotFoundError as error:
            raise MissingExtra("A judge of rationales", "ragas") from error
        self.spec, self._model, self._most, self._workers = spec, model, most, workers

    @classmethod
    def open(cls, spec: str, settings: Settings, most: int) -> Judge:
        """Open the model that a specification names."""
        return cls(spec, open_model(spec, settings), most, settings.workers)

    def places(self, questions: int) -> frozenset[int]:
        """Which questions of a run are judged."""
        if questions <= self._most:
            return frozenset(range(questions))
        return frozenset(at * questions // self._most for at in range(self._most))

    def faithfulness(self, rationales: Sequence[Claimed]) -> list[float | None]:
        """The share of each rationale's claims that its evidence holds; None where the judge cannot be read.

        Raises:
            ModelError: the model does not answer.
        """
        return asyncio.run(self._judge(rationales)) if rationales else []

    async def _judge(self, rationales: Sequence[Claimed]) -> list[float | None]:
        metric, turn = _metric(self._model), asyncio.Semaphore(self._workers)

        async def score(one: Claimed) -> float | None:
            async with turn:
                return await _score(metric, one)

        async with self._model.connected() if isinstance(self._model, PaidModel) else nullcontext():
            return list(await asyncio.gather(*map(score, rationales)))


def _metric(model: BaseChatModel) -> Any:
    from ragas.llms import LangchainLLMWrapper
    from ragas.metrics import Faithfulness
    from ragas.run_config import RunConfig

    once = RunConfig(max_retries=1, max_wait=1)  # the model itself tries again what may succeed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return Faithfulness(llm=LangchainLLMWrapper(model, run_config=once, bypass_temperature=True))


async def _score(metric: Any, one: Claimed) -> float | None:
    from ragas import SingleTurnSample
    from ragas.exceptions import RagasException

    sample = SingleTurnSample(user_input=one.question, response=one.text, retrieved_contexts=list(one.evidence))
    try:
        score = float(await metric.single_turn_ascore(sample))
    except RagasException:
        return None
    return None if math.isnan(score) else score  # not a number where no claim was found
