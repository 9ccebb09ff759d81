"""Passages added to what the literature tools find: one that has nothing to do with the question, and one against.

The irrelevant passage was found for another question; the contradicting one is made up, and says of a trial that the
drug not chosen did better than the one chosen. Nothing else changes: the weighing by rule counts what is loaded, so
that what moves a choice is what a model reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from kedrec.agents.agent import Agent, Query
from kedrec.agents.open_model import open_model
from kedrec.agents.workflow.calls import CallElsewhere, LiveCalls
from kedrec.eval.tables.agent_rows import traces_of
from kedrec.eval.tables.steps import Kept
from kedrec.records import Finding, Recommendation, ToolResult

if TYPE_CHECKING:
    from kedrec.agents.workflow.events import Listener
    from kedrec.agents.workflow.turn_taking import LoopSlot
    from kedrec.distill.pairs.pairs_file import Pair
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora
    from kedrec.tools.toolbox import Toolbox

__all__ = ["added_passages"]

QUESTIONS = 40
SEARCHES = ("search_articles", "search_trials")
MADE_UP = "PMID:99999999"
"""Source of the contradicting passage; no article has it."""


def added_passages(world: World, task: Task, setting: Corpora, model: str) -> Kept:
    """Ask some questions again with a passage more, on the first candidate.

    Returns:
        Figures for each passage: the share of questions with the same choice, how often the passage is cited, F1, and
        how far the confidence in the choice moved; and the F1 without a passage.
    """
    asked = task.test.questions[:QUESTIONS]
    traces = traces_of(world, task, setting, model, asked)
    before = {one.id: made for one in asked if (trace := traces.get(one.id)) and (made := trace.recommendation)}
    questions = [pair for pair in asked if pair.id in before and before[pair.id].favoured]
    settings = world.settings.model_copy(update={"setting": setting, "model": model})
    figures: dict[str, Any] = {"F1 without a passage": f1_of(task, {one.id: before[one.id] for one in questions})}
    agent = _Adding(settings, world.hidden_resources(task), open_model(model, settings), None)
    with agent:
        for kind, add in (("irrelevant", _irrelevant), ("contradicting", _contradicting)):
            added = {one.id: found for one in questions if (found := add(before, one)) is not None}
            after = {one.id: agent.asked(one, setting, added[one.id]) for one in questions if one.id in added}
            figures[f"{kind} passage added"] = _figures(task, before, added, after)
            world.say(f"  {kind} passages: {len(after)} questions asked")
    return Kept(figures=figures)


def f1_of(task: Task, made: Mapping[str, Recommendation]) -> float:
    """F1 of what was recommended, by the id of the question."""
    right = sum(one.favoured == task.test.scoring[pair_id].answer for pair_id, one in made.items())
    answered = sum(one.favoured is not None for one in made.values())
    return round(2 * right / max(answered + len(made), 1), 4)


class _Added:
    """Tools that find one passage more on a drug.

    Args:
        tools: the tools.
        finding: what is added, in front.
        drug: on which drug it is added.
    """

    def __init__(self, tools: Toolbox, finding: Finding, drug: str) -> None:
        self._tools, self._finding, self._drug = tools, finding, drug
        self._added = False
        self.names = tools.names

    def is_quick(self, name: str) -> bool:
        return self._tools.is_quick(name)

    def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        result = self._tools.call(name, arguments)
        if name not in SEARCHES or arguments.get("drug") != self._drug or self._added:
            return result
        self._added = True
        found = (self._finding, *result.findings)
        return result.model_copy(update={"findings": found, "status": "found"})


class _Adding(Agent):
    """An agent whose tools find one passage more."""

    more: tuple[Finding, str] | None = None

    def asked(self, pair: Pair, setting: Corpora, finding: Finding) -> Recommendation | None:
        """Ask a question with a passage added on its first candidate."""
        drugs = tuple(drug.id for drug in pair.candidates)
        self.more = finding, drugs[0]
        return self.run(Query(disease=pair.disease.id, candidates=drugs, setting=setting)).recommendation

    def live_calls(
        self,
        toolbox: Toolbox,
        on_event: Listener | None = None,
        slot: LoopSlot | None = None,
        beside: CallElsewhere | None = None,
    ) -> LiveCalls:
        added: Any = _Added(toolbox, *self.more) if self.more else toolbox
        return super().live_calls(added, on_event, slot, beside)


def _figures(
    task: Task,
    before: Mapping[str, Recommendation],
    added: Mapping[str, Finding],
    after: Mapping[str, Recommendation | None],
) -> dict[str, float | int]:
    made = {pair_id: one for pair_id, one in after.items() if one is not None}
    count = max(len(made), 1)
    moved = [_sure_of(one, before[pair_id].favoured) - before[pair_id].confidence for pair_id, one in made.items()]
    return {
        "asked": len(made),
        "not asked": len(before) - len(made),
        "same choice": round(sum(one.favoured == before[pair_id].favoured for pair_id, one in made.items()) / count, 4),
        "cited": round(sum(_is_cited(one, added[pair_id].source_id) for pair_id, one in made.items()) / count, 4),
        "F1": f1_of(task, made),
        "mean move of the confidence": round(sum(moved) / count, 4),
    }


def _irrelevant(before: Mapping[str, Recommendation], pair: Pair) -> Finding | None:
    """A passage that was found for another disease and is about none of the drugs asked, nor the disease."""
    own = {pair.disease.id, *(drug.id for drug in pair.candidates)}
    others = [made for made in before.values() if made.disease.id != pair.disease.id]
    start = sum(pair.id.encode()) % max(len(others), 1)
    for made in (*others[start:], *others[:start]):
        for key, evidence in made.evidence.items():
            if evidence.passage and not own & set(evidence.about):
                kind: Literal["article", "trial"] = "trial" if key.startswith("T") else "article"
                return Finding(kind=kind, source_id=evidence.source_id, text=evidence.passage)
    return None


def _contradicting(before: Mapping[str, Recommendation], pair: Pair) -> Finding:
    """A sentence that says the opposite of the choice."""
    made = before[pair.id]
    names = {drug.id: drug.name for drug in made.candidates}
    chosen = names.pop(made.favoured or "")
    other, ill = next(iter(names.values())), made.disease.name
    title = f"{other} versus {chosen} in {ill}: a randomised trial. "
    text = f"In 412 patients with {ill}, {other} was superior to {chosen}, and {chosen} did not improve {ill}."
    about = (*(drug.id for drug in made.candidates), made.disease.id)
    return Finding(kind="article", source_id=MADE_UP, text=title + text, head=len(title), about=about)


def _is_cited(made: Recommendation, source: str) -> bool:
    keys = {key for key, evidence in made.evidence.items() if evidence.source_id == source}
    return any(keys & set(sentence.citations) for sentence in made.sentences)


def _sure_of(made: Recommendation, drug: str | None) -> float:
    """The confidence in a drug, of two."""
    return made.confidence if made.favoured == drug else 1 - made.confidence
