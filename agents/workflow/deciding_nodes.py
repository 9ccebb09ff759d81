"""answer, decide, check, repair and finish: what is made of everything that was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kedrec.agents.prompting.answer_format import ABSTAINED, LABELS, NO_EVIDENCE
from kedrec.agents.prompting.answer_parser import Decision, parse_answers, parse_decision
from kedrec.agents.prompting.citation_check import Checker
from kedrec.agents.workflow.context import RunContext
from kedrec.agents.workflow.requests import labels
from kedrec.agents.workflow.state import RunState
from kedrec.records import (
    Answer,
    CandidateScore,
    Entity,
    Evidence,
    Match,
    Recommendation,
    Sentence,
    probability_text,
)

__all__ = ["answer", "check", "decide", "finish", "repair"]


async def answer(state: RunState, context: RunContext) -> RunState:
    """The domain questions for each drug, on the evidence about that drug."""
    shown = {drug["id"]: _evidence_on(state, drug["id"]) for drug in state["candidates"]}
    asked = [drug for drug in state["candidates"] if shown[drug["id"]]]
    texts: dict[str, str] = {}
    if asked and context.limits.may_ask("answering the domain questions"):
        requests = [context.requests.answering(state, drug, shown[drug["id"]]) for drug in asked]
        for drug, call in zip(asked, await context.calls.models("answer", requests), strict=True):
            context.limits.spend(call.usage)
            texts[drug["id"]] = (call.response or {}).get("content", "")
    answers: list[Answer] = []
    notes = list(state["notes"])
    for candidate in state["candidates"]:
        read, said = parse_answers(texts.get(candidate["id"], ""), context.requests.questions(state, candidate))
        answers += read
        notes += [f"{candidate['name']}: {note}" for note in said if candidate["id"] in texts]
    kept, failures = _checker(state).answers(answers)
    struck = [f"{failure.text} ({failure.reason})" for failure in failures]
    return {"answers": [item.model_dump(mode="json") for item in kept], "notes": notes, "struck_out": struck}


async def decide(state: RunState, context: RunContext) -> RunState:
    """The choice and its rationale."""
    [call] = await context.calls.models("decide", [context.requests.deciding(state)])
    context.limits.spend(call.usage)
    return {"draft": (call.response or {}).get("content", ""), "repairs": 0}


async def check(state: RunState, context: RunContext) -> RunState:
    """What is wrong with the draft, format and facts, and whether it is to be mended."""
    checked = _checker(state).decision(_decision(state))
    failures = [failure.model_dump(mode="json") for failure in checked.failures]
    mend = bool(checked.problems) and context.limits.may_repair(state["repairs"])
    passed = [sentence.model_dump(mode="json") for sentence in checked.passed]
    return {"problems": list(checked.problems), "passed": passed, "failures": failures, "mend": mend}


async def repair(state: RunState, context: RunContext) -> RunState:
    """The model mends its decision."""
    [call] = await context.calls.models("repair", [context.requests.repairing(state)])
    context.limits.spend(call.usage)
    return {"draft": (call.response or {}).get("content", ""), "repairs": state["repairs"] + 1}


async def finish(state: RunState, context: RunContext) -> RunState:
    """The recommendation: sentences that failed are struck out, and without a valid choice or sentence it abstains."""
    decision, passed = _decision(state), state["passed"]
    struck = [*state["struck_out"], *(f"{failure['text']} ({failure['reason']})" for failure in state["failures"])]
    choice, abstained = _choice(state, decision, bool(passed))
    least = context.settings.least_confidence
    leaning: str | None = None
    if choice and decision.confidence is not None and decision.confidence < least:
        leaning, choice = choice, None
        abstained = too_close(state["candidates"], leaning, decision.confidence, least)
    scores = (state.get("weighing") or {}).get("candidates", [])
    recommendation = Recommendation(
        failed=tuple(dict.fromkeys(state["failed"].values())),
        disease=Entity.model_validate(state["disease"]),
        candidates=tuple(Entity.model_validate(drug) for drug in state["candidates"]),
        setting=state["setting"],
        model=context.settings.model,
        choice=choice,
        leaning=leaning,
        abstained=abstained,
        confidence=_confidence(state, decision) if choice or leaning else 0.0,
        sentences=tuple(map(Sentence.model_validate, passed)) if decision.label else (),
        answers=tuple(Answer.model_validate(item) for item in state["answers"]),
        scores=tuple(CandidateScore.model_validate(score) for score in scores),
        evidence={key: Evidence.model_validate(entry) for key, entry in state["evidence"].items()},
        not_found=tuple(dict.fromkeys([*state["notes"], *context.limits.notes])),
        struck_out=(*struck, *decision.left_out),
        matches=tuple(Match.model_validate(match) for match in state["matches"]),
        trace_id=context.trace_id,
    )
    return {"recommendation": recommendation.model_dump(mode="json")}


def _choice(state: RunState, decision: Decision, holds: bool) -> tuple[str | None, str | None]:
    if decision.label == ABSTAINED:
        return None, decision.reason or NO_EVIDENCE
    if decision.label is None:
        return None, f"the model's choice cannot be read: {' '.join(decision.problems[:1])}"
    if not holds:
        return None, "no sentence of the rationale passed the check"
    return state["candidates"][LABELS.index(decision.label)]["id"], None


def too_close(candidates: Sequence[Mapping[str, Any]], leaning: str, confidence: float, least: float) -> str:
    """What is said of a decision that is less sure than a choice has to be."""
    name = next(drug["name"] for drug in candidates if drug["id"] == leaning)
    figures = f"{probability_text(confidence)}; a choice takes {least:.2f}"
    if len(candidates) == 1:
        return f"whether {name} is of use is too close to call; it rather is ({figures})"
    return f"too close to call; the evidence leans to {name} ({figures})"


def _confidence(state: RunState, decision: Decision) -> float:
    """As the model gave it; where it cannot be read, or what it was to rest on failed, that of a guess."""
    if decision.confidence is not None and not state["failed"]:
        return decision.confidence
    return 1 / max(2, len(state["candidates"]))


def _decision(state: RunState) -> Decision:
    return parse_decision(state["draft"], labels(state))


def _checker(state: RunState) -> Checker:
    evidence = {key: Evidence.model_validate(entry) for key, entry in state["evidence"].items()}
    names = [Entity.model_validate(entity) for entity in (state["disease"], *state["candidates"])]
    scores = (state.get("weighing") or {}).get("candidates", [])
    return Checker(evidence, names, [CandidateScore.model_validate(score) for score in scores])


def _evidence_on(state: RunState, drug: str) -> dict[str, Any]:
    gathered = set(state["found_for"].get(drug, ()))
    return {key: entry for key, entry in state["evidence"].items() if key in gathered or drug in entry["about"]}
