"""Loading a base to train."""

from __future__ import annotations

from typing import Any

from kedrec.errors import NotReady

__all__ = ["load_base", "stop_tokens"]


def load_base(folder: str, **options: Any) -> tuple[Any, Any]:
    """Model and tokenizer of a base.

    Raises:
        NotReady: they cannot be loaded.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model, tokenizer = (
            AutoModelForCausalLM.from_pretrained(folder, **options),
            AutoTokenizer.from_pretrained(folder),
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise NotReady(f"{folder} cannot be loaded as a base: {reason} Give a folder, a hub id or `tiny`.") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def stop_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Tokens at which generation ends."""
    told = model.generation_config.eos_token_id
    several = told if isinstance(told, list) else [told]
    return {token for token in (*several, tokenizer.eos_token_id) if token is not None}
