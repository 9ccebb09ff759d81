"""The language model of the student: how probable each label is, and which ground it gives."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from kedrec.agents.models.graph_request import Task
from kedrec.agents.student.short_form import CHOICE, GROUNDS, REASON, short_request, swapped

__all__ = ["Chosen", "ShortReader", "prompt_text"]

_SHAPE = 64
"""Requests are filled up to a multiple of so many tokens, which none before them sees: for each length that it has not
met, the processor's library makes and keeps code of its own, over a megabyte."""


class Chosen(NamedTuple):
    """What the language model makes of a request."""

    probabilities: tuple[float, ...]
    """Of each candidate, in the order asked; they sum to 1."""
    group: str | None
    """The group of evidence that it gives as the ground."""
    tokens: int
    """Tokens read."""


class ShortReader:
    """Reads requests in the short form; one at a time.

    Only candidates' labels and grounds that have evidence behind them can be written: the labels are compared, and the
    ground is written token by token along those that exist, up to its end. So it always ends and never repeats itself.

    Args:
        model: a causal language model of transformers.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._turn = threading.Lock()
        self._ends = {
            group: self._ids(f"{REASON} {words}")[len(self._ids(REASON)) :] for group, words in GROUNDS.items()
        }

    def choose(self, task: Task, grounds: Sequence[Sequence[str]], *, orders: int = 2) -> Chosen:
        """Probabilities of the candidates, and the ground of the most probable one.

        Args:
            task: the request; two candidates or more. Of more than two, each pair is read.
            grounds: for each candidate, the groups of evidence that may be given as the ground.
            orders: 2 to average over both orders of the candidates, 1 to read them as asked.
        """
        import torch

        with self._turn, torch.inference_mode():
            pairs = [(i, j) for i in range(len(task.candidates)) for j in range(i + 1, len(task.candidates))]
            wins, read = [0.0] * len(task.candidates), 0
            kept: dict[tuple[int, int], tuple[list[int], Any]] = {}
            for i, j in pairs:
                two = task.model_copy(
                    update={"candidates": (task.candidates[i], task.candidates[j]), "labels": task.labels[:2]}
                )
                first, ids, past = self._first(two)
                share = first if orders == 1 else (first + 1 - self._first(swapped(two))[0]) / 2
                kept[i, j] = (ids, past)
                wins[i], wins[j], read = wins[i] + share, wins[j] + 1 - share, read + orders * len(ids)
            best = max(range(len(wins)), key=lambda place: (wins[place], -place))
            i, j = next(pair for pair in pairs if best in pair)
            group = self._ground(*kept[i, j], task.labels[best == j], grounds[best])
            return Chosen(tuple(win / len(pairs) for win in wins), group, read)

    def _first(self, task: Task) -> tuple[float, list[int], Any]:
        """Probability of the first of two candidates; the tokens read, and what the model keeps of them."""
        import torch

        ids = self._ids(prompt_text(self._tokenizer, short_request(task)) + CHOICE)
        more = -len(ids) % _SHAPE
        filled = torch.tensor([[*ids, *[self._stop] * more]], device=self._model.device)
        made = self._model(filled, use_cache=True, logits_to_keep=torch.tensor([len(ids) - 1]))
        if more:
            made.past_key_values.crop(-more)
        labels = [self._ids(f"{CHOICE} {label}")[-1] for label in task.labels]
        return float(made.logits[0, -1, labels].float().softmax(0)[0]), ids, made.past_key_values

    def _ground(self, ids: list[int], past: Any, label: str, groups: Sequence[str]) -> str | None:
        """The ground that the model writes after its choice, among those that there are."""
        import torch

        left = {group: list(self._ends[group]) for group in dict.fromkeys(groups)}
        new = self._ids(f"{CHOICE} {label}\n{REASON}")[len(self._ids(CHOICE)) :]
        while len(left) > 1:
            made = self._model(
                torch.tensor([new], device=self._model.device), past_key_values=past, use_cache=True, logits_to_keep=1
            )
            scores = made.logits[0, -1]
            allowed = {(end[0] if end else self._stop) for end in left.values()}
            token = max(allowed, key=lambda one: float(scores[one]))
            left = {group: end[1:] for group, end in left.items() if (end[0] if end else self._stop) == token}
            new = [token]
            if all(not end for end in left.values()):
                break
        return next(iter(left), None)

    @property
    def _stop(self) -> int:
        return int(self._tokenizer.eos_token_id)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def prompt_text(tokenizer: Any, request: str) -> str:
    """The conversation up to the student's answer, without the system message that some templates add by themselves."""
    from jinja2 import TemplateError

    asked = {"role": "user", "content": request}
    options = {"tokenize": False, "add_generation_prompt": True}
    try:
        text = str(tokenizer.apply_chat_template([{"role": "system", "content": ""}, asked], **options))
    except (TemplateError, TypeError, ValueError):
        return str(tokenizer.apply_chat_template([asked], **options))
    return text.replace("<|im_start|>system\n<|im_end|>\n", "", 1)
