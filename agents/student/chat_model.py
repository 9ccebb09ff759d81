"""The student as a chat model: the agent graph asks it what it asks every model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Self

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from pydantic import Field, PrivateAttr

from kedrec.agents.models.base import WholeAnswerModel
from kedrec.agents.models.graph_request import Task, read_task
from kedrec.agents.offline.chat_model import OfflineChatModel
from kedrec.agents.offline.decision import NOTHING_KNOWN, harm_told
from kedrec.agents.offline.roles import roles_of
from kedrec.agents.offline.roles.weighed import UNCOUNTED_HARM
from kedrec.agents.prompting.answer_format import ABSTAINED
from kedrec.agents.student.precision import half_is_faster
from kedrec.agents.student.rationale import decision_text, grounds
from kedrec.agents.student.reader import ShortReader
from kedrec.agents.student.short_form import FORM
from kedrec.errors import ConfigError, MissingExtra
from kedrec.tools.literature_tools import is_retracted

__all__ = ["MARK", "StudentChatModel", "is_student", "shipped"]

MARK = "short_form.json"
"""File in a student's folder that says that it reads the short form."""
_HARM = math.exp(UNCOUNTED_HARM)
"""How much less probable a drug is that causes the disease or tests for it, as for the teacher."""


def is_student(folder: str | None) -> bool:
    """Whether a folder holds a student that reads the short form."""
    return folder is not None and (Path(folder) / MARK).is_file()


def shipped() -> Path:
    """The folder of the adapter that ships with the package."""
    return Path(__file__).parent / "shipped"


class StudentChatModel(WholeAnswerModel):
    """A small language model that chooses; everything about it runs in this process.

    - `investigate` and `answer`: by the same rules as `offline`: one call of `weigh_evidence` for its facts, and for
      each domain question the sentences of the evidence that bear on it;
    - `decide` and `repair`: the language model reads the request in the short form, in both orders of the candidates,
      and the mean of its probabilities decides; it also writes the ground. What the weigher made of the facts, scores
      and shares, is not in the short form;
    - a single drug is no choice: it is answered by rule.

    Raises:
        ModelRefused: for a message that is no request of the graph.
    """

    path: str
    """Folder or hub id of the base."""
    adapter: str | None = None
    """Folder of the adapter."""
    orders: int = 2
    """2 to average over both orders of the candidates; 1 to read them as asked."""
    slopes: dict[str, float] = Field(default_factory=dict)
    """What its log-odds are multiplied by in a setting, so that it is right as often as it says; else 1."""
    reads_weighing: bool = True
    """It is offered `weigh_evidence`, for its facts alone."""
    _reader: ShortReader = PrivateAttr()
    _rules: OfflineChatModel = PrivateAttr(default_factory=OfflineChatModel)

    @classmethod
    def open(cls, path: str, adapter: str | None) -> Self:
        """Load base, tokenizer and adapter.

        Raises:
            MissingExtra: torch, transformers or peft is not installed.
            ConfigError: the folders hold no such model.
        """
        made = cls(path=path, adapter=adapter, slopes=_slopes_of(Path(adapter or path)))
        name = f"{path}+{adapter}" if adapter else path
        try:
            made._reader = ShortReader(*_load(path, adapter))
        except ModuleNotFoundError as error:
            raise MissingExtra(f"The student local:{name}", "local") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigError(
                f"The student local:{name} cannot be loaded: {str(error).splitlines()[0][:300]} Give the base and the "
                "adapter that belong together."
            ) from error
        return made

    @property
    def _llm_type(self) -> str:
        return "student"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.path, "adapter": self.adapter, "orders": self.orders, "slopes": self.slopes}

    def answer(self, messages: list[BaseMessage], parameters: dict[str, Any]) -> AIMessage:
        """The answer to the last request of the graph."""
        task = read_task(messages)
        if task.task in ("investigate", "answer") or len(task.candidates) == 1:
            return self._rules.answer(messages, parameters)
        return self._decide(task)

    def _decide(self, task: Task) -> AIMessage:
        sound = {key: item for key, item in task.evidence.items() if not is_retracted(item.text)}
        task = task.model_copy(update={"evidence": sound})
        roles = roles_of(task)
        # Why there is nothing to choose; None where there is.
        if not task.evidence and not any(
            score.factors for score in (task.weighing.candidates if task.weighing else ())
        ):
            reason = NOTHING_KNOWN
        elif all(role.is_harmful for role in roles):
            reason = " ".join(map(harm_told, task.candidates, roles))
        else:
            reason = None
        if reason is not None:
            return AIMessage(f"CHOICE: {ABSTAINED} | {reason}")
        chosen = self._reader.choose(task, grounds(task), orders=self.orders)
        slope = self.slopes.get(task.setting, 1.0)
        odds = [
            p**slope * (_HARM if role.is_harmful else 1.0) for p, role in zip(chosen.probabilities, roles, strict=True)
        ]
        shares = [one / sum(odds) for one in odds]
        text = decision_text(task, shares, chosen.group, roles)
        told = dict(zip(task.labels, (round(share, 6) for share in shares), strict=True))
        return AIMessage(
            text,
            usage_metadata=UsageMetadata(input_tokens=chosen.tokens, output_tokens=8, total_tokens=chosen.tokens + 8),
            response_metadata={"finish_reason": "stop", "label_probabilities": told, "ground": chosen.group},
        )


def _slopes_of(folder: Path) -> dict[str, float]:
    """Return the slopes that a student was saved with.

    One that was taught on another version of the short form is refused: it would misread this one.
    """
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        form, slopes = mark["form"], {name: float(slope) for name, slope in mark.get("slopes", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        form, slopes = None, {}
    if form != FORM:
        raise ConfigError(
            f"The student in {folder} was taught on version {form} of the short form; KEDRec now writes version {FORM}."
            " Teach it again with `kedrec student train --task choose`."
        )
    return slopes


def _load(path: str, adapter: str | None) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from kedrec.agents.models.local import adapted, quieten

    quieten()
    dtype = torch.bfloat16 if half_is_faster() else torch.float32
    model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype)
    if adapter is not None:
        model = adapted(model, adapter).merge_and_unload()
    return model.eval(), AutoTokenizer.from_pretrained(path)
