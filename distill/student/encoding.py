"""Chat rows -> token ids, with what is trained on and where choice and rationale stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kedrec.agents.models.openai_api.messages import without_system
from kedrec.distill.dataset.chat_rows import ChatRow, TrainTurn
from kedrec.errors import UserError

__all__ = ["CHOICE", "IGNORED", "Encoded", "Encoder", "check_trained", "label_tokens", "marked_sample"]

CHOICE = "CHOICE:"
"""What stands before the label of the chosen candidate."""
IGNORED = -100
"""Label of a token that is not trained on."""


@dataclass(frozen=True)
class Encoded:
    """A row as the model reads it; positions count tokens from 0."""

    row_id: str
    """Id of the row."""
    input_ids: list[int]
    """Tokens of the whole conversation."""
    labels: list[int]
    """The same where trained on, `IGNORED` elsewhere."""
    rationale: list[int]
    """Positions of the rationale's tokens; empty if there is none."""
    choice_position: int
    """Position of the label token; -1 where no choice is made."""
    choice: int
    """Which of `label_tokens` is right; -1 where no choice is made."""
    label_tokens: list[int]
    """One token per candidate."""


class Encoder:
    """Encodes rows for one tokenizer.

    Args:
        tokenizer: a fast tokenizer of transformers with a chat template. Where the template marks no assistant
            parts, TRL's own training template for the same family is used; without one, a part is what the
            template adds to the conversation before it.

    Raises:
        UserError: if there is no chat template, or the tokenizer is a slow one.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise UserError(
                "The base model has a slow tokenizer, which cannot tell where words stand; choose another base."
            )
        self.tokenizer = tokenizer
        self.template, self._marks = _training_template(tokenizer)
        self._label_tokens: dict[tuple[str, ...], list[int]] = {}

    def encode(self, row: ChatRow) -> Encoded:
        """Encode one row.

        Raises:
            UserError: if a label is not one token, or the text cannot be found in what the template makes of it.
        """
        messages = [_with_parsed_arguments(message) for message in row.messages]
        ids, offsets, text, mask = self._render(messages, row)
        # Positions of each stretch of ones.
        turns = [[p for p, _ in run] for value, run in groupby(enumerate(mask), key=lambda item: item[1]) if value]
        assistant = sum(message["role"] == "assistant" for message in row.messages)
        if len(turns) != assistant:
            raise UserError(
                f"Row {row.id}: {assistant} assistant messages, but the chat template marks {len(turns)} parts as"
                " spoken by the assistant, so that nothing or the wrong thing would be trained on."
                " Mend its generation markers."
            )
        keep = {turn.index for turn in row.train}
        places = [index for index, message in enumerate(row.messages) if message["role"] == "assistant"]
        trained = {p for place, turn in zip(places, turns, strict=True) if place in keep for p in turn}
        rationale = [p for t in row.train for p in _rationale(t, row, text, offsets, turns[places.index(t.index)])]
        labels = [token if position in trained else IGNORED for position, token in enumerate(ids)]
        position, choice, label_tokens = self._choice(row, ids, offsets, text, turns[-1])
        return Encoded(row.id, ids, labels, rationale, position, choice, label_tokens)

    def _render(
        self, messages: list[dict[str, Any]], row: ChatRow
    ) -> tuple[list[int], list[tuple[int, int]], str, list[int]]:
        arguments = {"tools": list(row.tools) or None, "chat_template": self.template}
        messages, text = self._as_the_template_takes(messages, arguments, row)
        plain = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        if not self._marks:
            spans = self._spans(messages, text, arguments, row)
            offsets = list(plain["offset_mapping"])
            mask = [int(any(first <= start < last for first, last in spans)) for start, _ in offsets]
            return list(plain["input_ids"]), offsets, text, mask
        marked = self.tokenizer.apply_chat_template(
            messages, return_dict=True, return_assistant_tokens_mask=True, **arguments
        )
        if list(plain["input_ids"]) != list(marked["input_ids"]):
            raise UserError(
                "The base model's chat template and its tokenizer disagree on the tokens of a conversation."
            )
        return list(plain["input_ids"]), list(plain["offset_mapping"]), text, list(marked["assistant_masks"])

    def _spans(
        self, messages: list[dict[str, Any]], text: str, arguments: dict[str, Any], row: ChatRow
    ) -> list[tuple[int, int]]:
        """Where each assistant message stands: what the template adds for it, up to the end of the turn."""
        made = []
        for place, message in enumerate(messages):
            if message["role"] == "assistant":
                before, whole = (
                    str(self.tokenizer.apply_chat_template(messages[:upto], tokenize=False, **arguments, **more))
                    for upto, more in ((place, {"add_generation_prompt": True}), (place + 1, {}))
                )
                if not whole.startswith(before) or not text.startswith(whole):
                    raise UserError(
                        f"Row {row.id}: the base model's chat template writes the same message differently later in a"
                        " conversation, so that what the assistant says cannot be found. Add {% generation %} markers."
                    )
                made.append((len(before), len(whole.rstrip())))
        return made

    def _as_the_template_takes(
        self, messages: list[dict[str, Any]], arguments: dict[str, Any], row: ChatRow
    ) -> tuple[list[dict[str, Any]], str]:
        """The messages, without one of the system where the template takes none, and their text."""
        from jinja2 import TemplateError

        first: Exception | None = None
        for tried in (messages, without_system(messages)):
            try:
                return tried, str(self.tokenizer.apply_chat_template(tried, tokenize=False, **arguments))
            except (TemplateError, TypeError, ValueError) as error:
                first = first or error
        raise UserError(
            f"Row {row.id}: the base model's chat template takes no such conversation, with a system message or"
            f" without: {first}. Choose another base."
        ) from first

    def _choice(
        self, row: ChatRow, ids: list[int], offsets: list[tuple[int, int]], text: str, turn: list[int]
    ) -> tuple[int, int, list[int]]:
        if row.selection is None:
            return -1, -1, []
        start = text.index(CHOICE, offsets[turn[0]][0]) + len(CHOICE)
        character = text.index(row.selection.label, start)
        position = next(p for p in turn if offsets[p][0] <= character < offsets[p][1])
        tokens = self.label_tokens(row.selection.labels)
        choice = row.selection.labels.index(row.selection.label)
        if ids[position] != tokens[choice]:
            raise UserError(
                f"Row {row.id}: the label {row.selection.label!r} is not one token of its own in this base."
            )
        return position, choice, tokens

    def label_tokens(self, labels: Sequence[str]) -> list[int]:
        """The token of each label where it follows `CHOICE:`.

        Raises:
            UserError: if two labels share a token or one of them is not a single token.
        """
        key = tuple(labels)
        if key not in self._label_tokens:
            self._label_tokens[key] = label_tokens(self.tokenizer, key)
        return self._label_tokens[key]


def label_tokens(tokenizer: Any, labels: Sequence[str]) -> list[int]:
    """The token of each label where it follows `CHOICE:`.

    Raises:
        UserError: if two labels share a token or one of them is not a single token.
    """
    encoded = [tokenizer(f"{CHOICE} {label}", add_special_tokens=False)["input_ids"] for label in labels]
    if len({tuple(ids[:-1]) for ids in encoded}) > 1 or len({ids[-1] for ids in encoded}) < len(labels):
        raise UserError(f"In this base the labels {', '.join(labels)} are not single tokens after `{CHOICE}`.")
    return [ids[-1] for ids in encoded]


def _training_template(tokenizer: Any) -> tuple[str | None, bool]:
    """The template to train with, None for the tokenizer's own; and whether it marks what the assistant says."""
    from trl.chat_template_utils import get_training_chat_template

    template = tokenizer.chat_template
    if not template:
        raise UserError("The base model has no chat template; choose one that was tuned for chat.")
    if "{% generation" in template or "{%- generation" in template:
        return None, True
    try:
        return str(get_training_chat_template(tokenizer)), True
    except ValueError:
        return None, False


def _with_parsed_arguments(message: dict[str, Any]) -> dict[str, Any]:
    calls = message.get("tool_calls")
    return {**message, "tool_calls": [_parsed(call) for call in calls]} if calls else message


def _parsed(call: dict[str, Any]) -> dict[str, Any]:
    """Chat templates want the arguments as an object, OpenAI's form has them as text."""
    function = call["function"]
    arguments = function["arguments"]
    parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    return {**call, "function": {**function, "arguments": parsed}}


def _rationale(
    turn: TrainTurn, row: ChatRow, text: str, offsets: list[tuple[int, int]], positions: list[int]
) -> list[int]:
    if not turn.rationale:
        return []
    start = text.find(turn.rationale, offsets[positions[0]][0])
    if start < 0:
        raise UserError(f"Row {row.id}: its rationale does not stand in its message as the chat template writes it.")
    end = start + len(turn.rationale)
    return [p for p in positions if offsets[p][0] < end and offsets[p][1] > start]


def check_trained(rows: Sequence[Encoded], stop_tokens: set[int]) -> None:
    """Refuse rows from which nothing, or no stopping, would be learnt.

    Args:
        rows: what is to be trained on.
        stop_tokens: tokens at which generation ends.

    Raises:
        UserError: if a row has nothing to train on, or its last trained stretch holds no stop token.
    """
    for row in rows:
        trained = [token for token in row.labels if token != IGNORED]
        if not trained:
            raise UserError(
                f"Row {row.row_id}: nothing is trained on. The chat template's generation markers hold no text."
            )
        if not stop_tokens & set(trained[-3:]):
            raise UserError(
                f"Row {row.row_id}: the end-of-turn token is not trained on, so that the student would never stop."
                " Move it inside the chat template's generation markers."
            )


def marked_sample(row: Encoded, tokenizer: Any, around: int = 60) -> str:
    """One row decoded, trained parts between `⟦` and `⟧`, with `around` tokens before each."""
    parts = []
    for ignored, run in groupby(enumerate(row.labels), key=lambda item: item[1] == IGNORED):
        ids = [row.input_ids[position] for position, _ in run]
        cut = "… " if ignored and len(ids) > around else ""
        words = tokenizer.decode(ids[-around:] if ignored else ids)
        parts.append(f"{cut}{words}" if ignored else f"⟦{words}⟧")
    return "".join(parts)
