"""A language model in this process: transformers, with a PEFT adapter where one is named."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from pydantic import PrivateAttr

from kedrec.agents.models.base import WholeAnswerModel
from kedrec.agents.models.context_window import UNKNOWN_CONTEXT, fit_evidence, trained_context
from kedrec.agents.models.graph_request import PAYLOAD_KEY, Task, read_task
from kedrec.agents.models.openai_api.messages import messages_for, without_system
from kedrec.agents.models.written_calls import without_thoughts, written_calls
from kedrec.config import Settings
from kedrec.errors import ConfigError, MissingExtra, ModelRefused

__all__ = ["CHOICE", "LocalChatModel", "adapted", "quieten"]

CHOICE = "CHOICE:"
"""What is forced before the label when the model decides."""

_FORCED = 32
"""Tokens kept free for the forced lines of a decision."""


class LocalChatModel(WholeAnswerModel):
    """Any causal language model that transformers can load, on the GPU where there is one.

    - `decide` and `repair`: the candidate whose label is the most probable after the forced prefix `CHOICE:`; that
      probability among the labels is the confidence; the rationale is generated after both, and cites keys only that
      the request holds.
    - `investigate`: generated with the tools where the tokenizer's chat template knows tools, else no calls.
    - everything else is generated; greedily, unless a temperature is set. An answer that begins to repeat itself ends.

    A request that is longer than the model's context loses evidence from its end; the keys left out are in
    `response_metadata["left_out_evidence"]`, and a line in the request says so to the model.

    Raises:
        ModelRefused: where a request does not fit even without evidence.
    """

    path: str
    """Folder or hub id of the base."""
    adapter: str | None = None
    """Folder or hub id of the adapter."""
    temperature: float = 0.0
    """Sampling temperature; 0 is greedy."""
    max_output_tokens: int = 2048
    """Tokens of one answer."""
    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def open(cls, path: str, adapter: str | None, settings: Settings) -> Self:
        """Load base, tokenizer and adapter.

        Raises:
            MissingExtra: where torch, transformers or peft is not installed.
            ConfigError: where the path or the hub id leads to no causal language model with a tokenizer.
        """
        made = cls(
            path=path, adapter=adapter, temperature=settings.temperature, max_output_tokens=settings.max_output_tokens
        )
        try:
            made._tokenizer, made._model = _load(path, adapter)
        except ModuleNotFoundError as error:
            raise MissingExtra(f"The model local:{path}", "local") from error
        except (OSError, ValueError, RuntimeError) as error:
            name = f"{path}+{adapter}" if adapter else path
            raise ConfigError(
                f"local:{name} cannot be loaded: {str(error).splitlines()[0][:300]} "
                "Give a folder with a causal language model and its tokenizer, or a hub id."
            ) from error
        return made

    @property
    def _llm_type(self) -> str:
        return "local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.path, "adapter": self.adapter, "temperature": self.temperature}

    def answer(self, messages: list[BaseMessage], parameters: dict[str, Any]) -> AIMessage:
        """The answer; one request at a time."""
        task = read_task(messages) if any(PAYLOAD_KEY in message.additional_kwargs for message in messages) else None
        with self._turn:
            if task is not None and task.task in ("decide", "repair") and task.labels:
                return self._decide(messages, task)
            tools = parameters.get("tools") or []
            if tools and not self.knows_tools:
                return AIMessage("", response_metadata={"note": "the chat template knows no tools"})
            prompt, left_out = self._prompt(messages, tools)
            text, sent, received = self._generate_after(prompt)
            return _message(text, sent, received, _said(left_out))

    @property
    def knows_tools(self) -> bool:
        """Whether the tokenizer's chat template takes tools."""
        return "tools" in str(self._tokenizer.chat_template or "")

    @property
    def context(self) -> int:
        """Tokens that the model reads and writes at most."""
        lengths = (trained_context(self._model.config), self._tokenizer.model_max_length)
        return min((int(length) for length in lengths if length and length < 10**9), default=UNKNOWN_CONTEXT)

    def _decide(self, messages: list[BaseMessage], task: Task) -> AIMessage:
        prompt, left_out = self._prompt(messages, [])
        # Probability of each label among the labels, by their first tokens that differ.
        prefix = prompt + CHOICE
        import torch

        encoded = [self._ids(f"{prefix} {label}") for label in task.labels]
        shared = next(i for i, column in enumerate(zip(*encoded, strict=False)) if len(set(column)) > 1)
        with torch.inference_mode():
            ids = torch.tensor([encoded[0][:shared]], device=self._model.device)
            logits = self._model(ids, logits_to_keep=1).logits[0, -1].float()
        chosen = logits[torch.tensor([ids[shared] for ids in encoded], device=logits.device)]
        probabilities = [float(value) for value in chosen.softmax(0)]
        best = max(range(len(task.labels)), key=lambda i: (probabilities[i], -i))
        head = f"{CHOICE} {task.labels[best]}\nCONFIDENCE: {probabilities[best]:.4f}\nRATIONALE:\n"
        text, sent, received = self._generate_after(prompt + head, task.evidence.keys() - set(left_out))
        labels = dict(zip(task.labels, (round(value, 6) for value in probabilities), strict=True))
        return _message(head + text, sent, received + 1, {"label_probabilities": labels, **_said(left_out)})

    def _prompt(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]]) -> tuple[str, tuple[str, ...]]:
        """The text that the model is to continue, and the keys of the evidence that had no room in it."""
        plain = [_with_objects(message) for message in messages_for(messages)]
        room = self.context - self._output_room() - _FORCED
        kept, left_out = fit_evidence(plain, lambda some: len(self._ids(self._render(some, tools))), room)
        return self._render(kept, tools), left_out

    def _output_room(self) -> int:
        """Tokens kept free for the answer: as set, but never more than a third of the context."""
        return min(self.max_output_tokens, max(1, self.context // 3))

    def _render(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> str:
        if not self._tokenizer.chat_template:
            return "".join(f"{message['role']}: {message['content']}\n" for message in messages) + "assistant: "
        options = {"tokenize": False, "add_generation_prompt": True, "tools": list(tools) or None}
        try:
            return str(self._tokenizer.apply_chat_template(list(messages), **options))
        except Exception as error:  # noqa: BLE001 - templates raise what they like
            return self._render_without_system(messages, options, error)

    def _render_without_system(
        self, messages: Sequence[dict[str, Any]], options: dict[str, Any], first: Exception
    ) -> str:
        """Some templates take no message of the system: its text goes before the first of the user."""
        merged = without_system(messages)
        if len(merged) == len(messages):
            raise ModelRefused(f"The chat template of local:{self.path} failed: {first}") from first
        try:
            return str(self._tokenizer.apply_chat_template(merged, **options))
        except Exception as error:
            raise ModelRefused(f"The chat template of local:{self.path} failed: {error}") from error

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _generate_after(self, prompt: str, keys: Collection[str] | None = None) -> tuple[str, int, int]:
        """The text that follows, citing these keys only where given, and how many tokens were read and written."""
        import torch

        from kedrec.agents.models.bounded_writing import LOOP, EndOfLoops, ExistingKeys

        ids = self._ids(prompt)
        loops = EndOfLoops(len(ids))
        sampling = (
            {"do_sample": True, "temperature": self.temperature} if self.temperature > 0 else {"do_sample": False}
        )
        padding, end = self._tokenizer.pad_token_id, self._tokenizer.eos_token_id
        tensor = torch.tensor([ids], device=self._model.device)
        with torch.inference_mode():
            made = self._model.generate(
                tensor,
                attention_mask=torch.ones_like(tensor),
                max_new_tokens=max(1, min(self._output_room(), self.context - len(ids))),
                pad_token_id=int(padding if padding is not None else end or 0),
                logits_processor=[] if keys is None else [ExistingKeys(self._tokenizer, len(ids), keys)],
                stopping_criteria=[loops],
                **sampling,
            )[0][len(ids) :]
        told = made[:-LOOP] if loops.ended else made
        return self._tokenizer.decode(told, skip_special_tokens=True).strip(), len(ids), len(made)


def _load(path: str, adapter: str | None) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quieten()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    own_tokenizer = adapter is not None and (Path(adapter) / "tokenizer_config.json").is_file()
    tokenizer = AutoTokenizer.from_pretrained(adapter if own_tokenizer else path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype="auto").to(device)
    if adapter is not None:
        model = adapted(model, adapter)
    model.generation_config.temperature = model.generation_config.top_p = model.generation_config.top_k = None
    return tokenizer, model.eval()


def adapted(model: Any, adapter: str) -> Any:
    """A model with an adapter of PEFT laid over it."""
    from peft import PeftModel

    with warnings.catch_warnings():
        # peft 0.21 reads an attribute that transformers 5.23 has renamed; nothing for the user to do.
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        return PeftModel.from_pretrained(model, adapter)


def quieten() -> None:
    """Keep transformers' own bars off stderr; its errors still arrive."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _with_objects(message: dict[str, Any]) -> dict[str, Any]:
    """Chat templates want a tool call's arguments as an object, OpenAI's form has them as text."""
    calls = message.get("tool_calls") or []
    parsed = [
        {**call, "function": {**call["function"], "arguments": json.loads(call["function"]["arguments"])}}
        for call in calls
    ]
    made = {**message, "content": message.get("content") or ""}
    return {**made, "tool_calls": parsed} if parsed else made


def _said(left_out: tuple[str, ...]) -> dict[str, Any]:
    return {"left_out_evidence": list(left_out)} if left_out else {}


def _message(text: str, sent: int, received: int, metadata: dict[str, Any]) -> AIMessage:
    """The answer as a message; tool calls between `<tool_call>` tags are taken out of the text."""
    text, calls, broken = written_calls(without_thoughts(text))
    return AIMessage(
        content=text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        usage_metadata=UsageMetadata(input_tokens=sent, output_tokens=received, total_tokens=sent + received),
        response_metadata={"finish_reason": "stop", **metadata},
    )
