"""Making a conversation fit into a model's context by leaving evidence out from its end, never in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from kedrec.errors import ModelRefused

__all__ = ["UNKNOWN_CONTEXT", "fit_evidence", "trained_context"]

UNKNOWN_CONTEXT = 4096
"""Tokens for a model that names no length of its context: one without positions, as Bloom and Mamba."""
_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "seq_length", "n_ctx")

_BLOCK = re.compile(r'<evidence key="([^"]+)">.*?</evidence>\n?', re.DOTALL)
ApiMessage = dict[str, Any]


def trained_context(config: Any) -> int | None:
    """Tokens of context that a model's configuration names, in that of its text where it has several parts."""
    text = getattr(config, "text_config", None) or config
    found = (getattr(part, name, None) for part in (text, config) for name in _LENGTHS)
    return next((length for length in found if isinstance(length, int) and length > 0), None)


def fit_evidence(
    messages: Sequence[ApiMessage], size: Callable[[Sequence[ApiMessage]], int], room: int
) -> tuple[list[ApiMessage], tuple[str, ...]]:
    """Leave out pieces of evidence from the end until the conversation fits.

    Args:
        messages: the conversation in OpenAI's chat form, evidence between `<evidence key="K1">` fences.
        size: tokens of a conversation.
        room: tokens that there are.

    Returns:
        The conversation, and the keys of what was left out of it; a line in its place says how much that is.

    Raises:
        ModelRefused: where it does not fit without any evidence either.
    """
    total = sum(len(_BLOCK.findall(str(message.get("content") or ""))) for message in messages)
    if size(messages) <= room:
        return list(messages), ()
    low, high = 0, total
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(_keeping(messages, middle)[0]) <= room else (low, middle - 1)
    kept, left_out = _keeping(messages, low)
    if size(kept) > room:
        raise ModelRefused(
            f"The request takes {size(kept):,} tokens without any evidence; the model's context leaves {room:,}. "
            "Use a model with a longer context or lower `max_output_tokens`."
        )
    return kept, left_out


def _keeping(messages: Sequence[ApiMessage], count: int) -> tuple[list[ApiMessage], tuple[str, ...]]:
    """The conversation with its first `count` pieces of evidence."""
    left_out: list[str] = []
    seen = 0
    made = []
    for message in messages:
        before = len(left_out)

        def keep(block: re.Match[str]) -> str:
            nonlocal seen
            seen += 1
            if seen > count:
                left_out.append(block.group(1))
            return block.group(0) if seen <= count else ""

        text = _BLOCK.sub(keep, str(message.get("content") or ""))
        gone = len(left_out) - before
        note = f"\n({gone} more pieces of evidence are left out here.)" if gone else ""
        made.append({**message, "content": text + note})
    return made, tuple(left_out)
