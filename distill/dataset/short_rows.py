"""A trace -> what it teaches in the short form, in both orders of the candidates, so that position teaches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kedrec.agents.models.graph_request import Task, WeighedEvidence
from kedrec.agents.prompting.answer_format import KEY, LABELS
from kedrec.agents.student.short_form import GROUNDS, short_request, swapped, written
from kedrec.distill.dataset.chat_rows import ChatRow, Selection, TrainTurn
from kedrec.records import Recommendation, Trace

__all__ = ["SWAPPED", "decided_task", "ground_of", "short_rows"]

SWAPPED = "-swapped"
"""What the id of a row ends in whose candidates are exchanged; else it is that of the row as asked."""

_SHOWN = re.compile(rf'<evidence key="({KEY})">')


def short_rows(trace: Trace, pair_id: str, answer: str | None = None) -> Iterator[ChatRow]:
    """The decision of a trace in the short form, as asked and with the candidates exchanged.

    Only a choice or leaning between two drugs is taught, where the facts were looked up that the short form holds.
    Where the teacher favours another candidate than `answer`, the answer is the label and no ground is taught.
    """
    task, made = decided_task(trace), trace.recommendation
    if task is None or task.weighing is None or made is None or made.favoured is None or len(task.candidates) != 2:
        return
    right = answer or made.favoured
    ground = ground_of(made) if right == made.favoured else None
    for name, asked in (("choose", task), (f"choose{SWAPPED}", swapped(task))):
        ids = [drug.id for drug in asked.candidates]
        known = {score.id: score.probability for score in made.scores}
        label = asked.labels[ids.index(right)]
        told = {"role": "assistant", "content": written(label, ground)}
        yield ChatRow(
            id=f"{trace.id}/{name}",
            trace_id=trace.id,
            pair_id=pair_id,
            task="choose",
            setting=made.setting,
            teacher=made.model,
            disease=made.disease.id,
            messages=({"role": "user", "content": short_request(asked)}, told),
            train=(TrainTurn(index=1),),
            selection=Selection(
                labels=asked.labels, label=label,
                sure=tuple(known[one] for one in ids) if set(ids) <= set(known) else (),
            ),
        )  # fmt: skip


def decided_task(trace: Trace) -> Task | None:
    """The last request to decide, as the graph sent it to the model; None where the trace came to none."""
    made = trace.recommendation
    asked = trace.model_calls("decide")
    if made is None or not asked:
        return None
    weighed = [call.result.data for call in trace.calls if call.type == "tool" and call.name == "weigh_evidence"]
    keys = _SHOWN.findall(str(asked[-1].messages[-1]["content"]))
    return Task(
        task="decide",
        disease=made.disease,
        candidates=made.candidates,
        labels=tuple(LABELS[: len(made.candidates)]),
        evidence={key: made.evidence[key] for key in keys if key in made.evidence},
        answers=made.answers,
        weighing=WeighedEvidence.model_validate(weighed[-1]) if weighed and "candidates" in weighed[-1] else None,
        setting=made.setting,
    )


def ground_of(made: Recommendation) -> str | None:
    """The group of evidence that speaks most for the favoured candidate against its rivals; None where none does."""
    shares = {score.id: {factor.group: factor.share for factor in score.factors} for score in made.scores}
    own = shares.pop(made.favoured or "", {})
    ahead = {
        group: share - max((others.get(group, 0.0) for others in shares.values()), default=0.0)
        for group, share in own.items()
        if group in GROUNDS and share > 0
    }
    best = max(ahead, key=lambda group: ahead[group], default=None)
    return best if best is not None and ahead[best] > 0 else None
