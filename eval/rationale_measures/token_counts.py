"""How many tokens a text has."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from kedrec.errors import MissingExtra, UserError

__all__ = ["quarter_of_characters", "tokens_by"]


def quarter_of_characters(text: str) -> int:
    """Four characters a token: near enough for English, and the same for every model."""
    return round(len(text) / 4)


def tokens_by(tokenizer: str) -> Callable[[str], int]:
    """Count by a tokenizer of transformers.

    Args:
        tokenizer: folder or hub id of a model.

    Raises:
        MissingExtra: if transformers is not installed.
        UserError: if there is no such tokenizer.
    """
    if importlib.util.find_spec("transformers") is None:
        raise MissingExtra("A tokenizer", "local")
    from transformers import AutoTokenizer

    try:
        opened = AutoTokenizer.from_pretrained(tokenizer)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"No tokenizer in {tokenizer}: {reason} Give the folder of a model, or its hub id.") from None
    return lambda text: len(opened(text, add_special_tokens=False)["input_ids"])
