"""A tiny Llama made on the spot, with its own tokenizer: the base of the demo and of the tests.

It knows nothing until it is trained. It shows that the whole way from traces to a student works, not what a student
can be.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.local import quieten
from kedrec.errors import MissingExtra, UserError
from kedrec.records import Record

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["CHAT_TEMPLATE", "END_OF_TURN", "TinyShape", "make_tiny_base"]

START, END_OF_TURN, PAD = "<|start|>", "<|end|>", "<|pad|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")

CHAT_TEMPLATE = """\
{{- '<|start|>' -}}
{%- if tools -%}
{{- '<|system|>Tools:' -}}
{%- for tool in tools -%}{{- '\\n' + (tool | tojson) -}}{%- endfor -%}
{{- '<|end|>' -}}
{%- endif -%}
{%- for message in messages -%}
{{- '<|' + message.role + '|>' -}}
{%- if message.role == 'assistant' -%}
{%- generation -%}
{{- message.content or '' -}}
{%- for call in message.tool_calls or [] -%}
{{- '<tool_call>' + ({'name': call.function.name, 'arguments': call.function.arguments} | tojson) + '</tool_call>' -}}
{%- endfor -%}
{{- '<|end|>' -}}
{%- endgeneration -%}
{%- else -%}
{{- message.content + '<|end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""
"""Roles as single tokens; what the assistant says and its end-of-turn token stand between generation markers."""

LABEL_LINES = [f"CHOICE: {label}\n" for label in [*string.ascii_uppercase, "NONE"]]
"""Shown to the tokenizer so often that each label becomes one token of its own."""


class TinyShape(Record):
    """Size of the tiny model; the defaults make about a million parameters."""

    vocabulary: int = 4096
    """Tokens at most; fewer where the texts are short."""
    hidden: int = 128
    """Width."""
    layers: int = 2
    """Depth."""
    heads: int = 4
    """Attention heads."""
    context: int = 8192
    """Longest input, in tokens."""


def make_tiny_base(folder: Path, texts: Iterable[str], *, shape: TinyShape | None = None, seed: int = 0) -> Path:
    """Make a tiny untrained Llama and a byte-level BPE tokenizer learnt from the texts.

    Args:
        folder: where model and tokenizer go, in transformers' own form; made where missing.
        texts: what the tokenizer is learnt from; the more alike to what the model will read, the shorter its inputs.
        shape: size of the model.
        seed: of the random weights; the same texts, shape and seed give the same model.

    Returns:
        The folder: a base for `student train`, and a model for `local:FOLDER`.

    Raises:
        UserError: if there are no texts.
        MissingExtra: if torch or transformers is not installed.
    """
    size = shape or TinyShape()
    try:
        quieten()
        from transformers import PreTrainedTokenizerFast

        names = {"bos_token": START, "eos_token": END_OF_TURN, "pad_token": PAD}
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=_trained(texts, size.vocabulary), chat_template=CHAT_TEMPLATE, **names
        )
        model = _random_llama(size, tokenizer, seed)
    except ModuleNotFoundError as error:
        raise MissingExtra("Making a model", "local") from error
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _trained(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from tokenizers.decoders import ByteLevel

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [PAD, START, END_OF_TURN, *ROLES]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_with_labels(texts), trainer)
    return tokenizer


def _with_labels(texts: Iterable[str]) -> Iterator[str]:
    characters = 0
    for text in texts:
        characters += len(text)
        yield text
    if not characters:
        raise UserError("A tokenizer cannot be learnt from no text: the data set holds no rows.")
    for line in LABEL_LINES:
        yield line * max(1000, characters // 1000)


def _random_llama(shape: TinyShape, tokenizer: Any, seed: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=3 * shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=max(1, shape.heads // 2),
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
