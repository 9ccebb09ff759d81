"""The selection task: the agent answers every pair of a file, and its choices are scored.

What is known of the answers stays here, with the scorer; the agent is given the disease and the candidates alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from kedrec.agents.agent import Agent
from kedrec.agents.prompting.answer_format import LABELS
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import OnPair, Pair, Pairs
from kedrec.distill.runs.side_by_side import SideBySide, on_own_loop
from kedrec.eval.metrics import Outcome, Scores, score
from kedrec.eval.rationales import draft
from kedrec.records import Corpora, Trace

__all__ = ["SelectionReport", "evaluate_selection", "outcome_of", "run_selection"]


class SelectionReport(Scores):
    """Scores of a model in a setting."""

    setting: Corpora
    """Which corpora were used."""
    model: str
    """Model specification."""
    hidden_pairs: int
    """Pairs whose direct edges were hidden; 0 means that the graph may have shown the answers."""
    leanings: int = 0
    """Items that were too close to call; the leaning is scored as a choice is."""
    failed: dict[str, int]
    """Items that failed, by type of error; not answered, and not counted as abstained from."""
    pairs_sha256: str
    """Hash of the pairs file."""
    seconds: float
    """Wall-clock, opening the stores left out."""


def evaluate_selection(
    pairs: Pairs,
    settings: Settings,
    *,
    hide_pairs: bool = False,
    record: bool = False,
    on_progress: OnPair | None = None,
) -> SelectionReport:
    """Let a model choose for every pair, and score it.

    Args:
        pairs: the pairs, each with its answer.
        settings: model, setting, limits and home.
        hide_pairs: hide the direct Compound-Disease edges of all pairs of the file at once, for every tool.
        record: keep the traces in the home.
        on_progress: called with pairs done and pairs in all.

    Raises:
        InputError: if an answer is missing.
        NotReady: if no graph is loaded.
    """
    scored = pairs.answered()
    hidden = scored.hidden() if hide_pairs else frozenset()
    with Agent.open(settings, hidden=hidden, given=pairs.names(), record=record) as agent:
        started = time.monotonic()
        traces = run_selection(agent, scored.questions, settings.setting, on_progress)
        seconds = time.monotonic() - started
    outcomes = [outcome_of(pair, scored, trace) for pair, trace in zip(scored.questions, traces, strict=True)]
    failed = Counter(trace.error["type"] for trace in traces if trace.error)
    scores = score(outcomes)
    return SelectionReport(
        **scores.model_copy(update={"abstained": scores.abstained - failed.total()}).model_dump(),
        setting=settings.setting,
        model=agent.settings.model,
        hidden_pairs=len(hidden),
        leanings=sum(bool(trace.recommendation and trace.recommendation.leaning) for trace in traces),
        failed=dict(failed),
        pairs_sha256=pairs.sha256,
        seconds=round(seconds, 1),
    )


def run_selection(
    agent: Agent, pairs: Sequence[Pair], setting: Corpora, on_progress: OnPair | None = None
) -> list[Trace]:
    """The traces of all pairs, in order; as many in flight as the agent's settings allow.

    Of their calls only those in which the model decides are kept, as many traces are held at once.
    """
    asked = _Asked(agent, pairs, setting, on_progress)
    on_own_loop(asked.run())
    return asked.traces()


class _Asked:
    """Pairs of an evaluation while they are asked about."""

    def __init__(self, agent: Agent, pairs: Sequence[Pair], setting: Corpora, on_progress: OnPair | None) -> None:
        self._agent, self._pairs, self._setting, self._on_progress = agent, pairs, setting, on_progress
        self._traces: dict[str, Trace] = {}
        self._stopped = False

    async def run(self) -> None:
        """Ask about all; a signal ends it at once, as nothing is written before the end."""
        asking = SideBySide(self._agent, self._setting, self._land, lets_finish=False)
        async with self._agent.connected():
            await asking.ask(self._pairs, self._agent.settings.workers)
        self._stopped = asking.stopped is not None

    async def _land(self, pair: Pair, ended: Trace | Exception) -> None:
        if isinstance(ended, Exception):
            raise ended
        self._traces[pair.id] = ended.model_copy(update={"calls": tuple(ended.model_calls("decide", "repair"))})
        if self._on_progress is not None:
            self._on_progress(len(self._traces), len(self._pairs))

    def traces(self) -> list[Trace]:
        """The traces in the order of the pairs.

        Raises:
            KeyboardInterrupt: a signal ended it before all were there.
        """
        if self._stopped:
            raise KeyboardInterrupt
        return [self._traces[pair.id] for pair in self._pairs]


def outcome_of(pair: Pair, pairs: Pairs, trace: Trace, *, before_check: bool = False) -> Outcome:
    """A trace beside what is right; a leaning counts as a choice.

    Args:
        pair: the question.
        pairs: its file, with what is known of the answer.
        trace: what the agent made of it.
        before_check: take the choice as the model wrote it, whether or not a sentence passed the check.
    """
    known, made = pairs.scoring[pair.id], trace.recommendation
    written = draft(trace).label if before_check else None
    choice = pair.candidates[LABELS.index(written)].id if written in tuple(LABELS) else None
    return Outcome(
        pair_id=pair.id,
        disease=pair.disease.id,
        kind=known.negative_kind,
        answer=known.answer or "",
        choice=choice if before_check else made.favoured if made else None,
        confidence=made.confidence if made else 0.0,
    )
