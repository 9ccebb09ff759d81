"""Rows of a data set, made without a teacher."""

from collections.abc import Mapping, Sequence
from typing import Any

from kedrec.distill.dataset.chat_rows import ChatRow, TrainTurn


def chat_row(
    number: int, task: str, messages: Sequence[Mapping[str, Any]], train: Sequence[TrainTurn], **more: Any
) -> ChatRow:
    """A row of the question of a number; `more` replaces or adds fields."""
    row = {
        "id": f"t{number}/{task}",
        "trace_id": f"t{number}",
        "pair_id": f"p{number}",
        "task": task,
        "setting": "both",
        "teacher": "offline",
        "disease": f"Disease::{number}",
        "messages": messages,
        "train": train,
    }
    return ChatRow(**row | more)
