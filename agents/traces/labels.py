"""What exports say of a run in words and names that they share."""

from __future__ import annotations

from typing import Any

from kedrec.records import ModelCall, Trace, in_brackets

__all__ = ["asked", "call_model", "concluded", "model_parts"]


def model_parts(spec: str) -> tuple[str, str]:
    """Provider and model: `openai:gpt-5` is `openai` and `gpt-5`; what runs in this process is kedrec's own."""
    kind, _, rest = spec.partition(":")
    return ("openai", rest) if kind == "openai" else ("kedrec", spec)


def call_model(call: ModelCall, trace: Trace) -> str:
    """Specification of the model that answered a call."""
    return call.model or str(trace.config.get("model", ""))


def asked(trace: Trace) -> str:
    """The question in words."""
    question, made = trace.question, trace.recommendation
    if question.get("text"):
        return str(question["text"])
    if made is not None:
        return f"{made.disease.name}: {' or '.join(drug.name for drug in made.candidates)}?"
    return f"{question.get('disease')}: {' or '.join(map(str, question.get('candidates', ())))}?"


def concluded(trace: Trace) -> dict[str, Any]:
    """The outcome of the run: choice or leaning, confidence and rationale, or why there is none."""
    made = trace.recommendation
    if made is None:
        return {"error": trace.error}
    names = {drug.id: drug.name for drug in made.candidates}
    return {
        "choice": made.choice,
        "choice_name": names.get(made.choice or ""),
        "leaning": made.leaning,
        "leaning_name": names.get(made.leaning or ""),
        "abstained": made.abstained,
        "confidence": made.confidence,
        "rationale": [f"{one.text} {in_brackets(one.citations)}".strip() for one in made.sentences],
    }
