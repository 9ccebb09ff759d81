"""From a model's specification, as the user writes it, to a chat model."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from kedrec.config import Settings

__all__ = ["FORMS", "check_spec", "open_model", "split_adapter"]

FORMS = "offline, student, openai:MODEL, local:PATH_OR_HUB_ID[+ADAPTER] or replay:TRACE"
"""What a specification may look like."""

_ALONE = ("offline", "student")
_NEEDS_REST = {"openai": "MODEL", "local": "PATH_OR_HUB_ID", "replay": "TRACE"}


def check_spec(spec: str) -> tuple[str, str]:
    """Split a specification into its kind and the rest.

    Raises:
        ConfigError: for a kind that does not exist or one without what must follow it.
    """
    kind, colon, rest = spec.strip().partition(":")
    if kind in _ALONE and not colon:
        return kind, ""
    if kind not in _NEEDS_REST or not colon:
        raise ConfigError(f"Unknown model `{spec}`. Give one of: {FORMS}.")
    if not rest.strip():
        raise ConfigError(f"The model `{spec}` lacks its {_NEEDS_REST[kind]}. Give one of: {FORMS}.")
    return kind, rest.strip()


def open_model(spec: str, settings: Settings) -> BaseChatModel:
    """Open the chat model that a specification names.

    Args:
        spec: `offline`, `student`, `openai:MODEL`, `local:PATH_OR_HUB_ID[+ADAPTER]` or `replay:TRACE`.
        settings: addresses, keys, limits and prices.

    Raises:
        ConfigError: for an unknown form, or a setting that the model needs and lacks.
        MissingExtra: where a `local:` model is asked for and its packages are not installed.
        NotReady: for a trace that does not exist.
    """
    kind, rest = check_spec(spec)
    return {"offline": _offline, "student": _student, "openai": _openai, "local": _local, "replay": _replay}[kind](
        rest, settings
    )


def split_adapter(rest: str) -> tuple[str, str | None]:
    """Split `PATH+ADAPTER` at its last plus sign; a folder whose own name has a plus sign stays whole."""
    base, plus, adapter = rest.rpartition("+")
    if not plus or Path(rest).exists() or not base or not adapter:
        return rest, None
    return base, adapter


def _offline(rest: str, settings: Settings) -> BaseChatModel:
    from kedrec.agents.offline.chat_model import OfflineChatModel

    return OfflineChatModel()


def _openai(rest: str, settings: Settings) -> BaseChatModel:
    from kedrec.agents.models.openai_api.chat_model import OpenAICompatibleChatModel

    return OpenAICompatibleChatModel.open(rest, settings)


def _student(rest: str, settings: Settings) -> BaseChatModel:
    """The student that ships with the package."""
    _need("student", adapter=True)
    from kedrec.agents.student.base import SMOLLM2, base_folder
    from kedrec.agents.student.chat_model import StudentChatModel, shipped

    return StudentChatModel.open(base_folder(SMOLLM2, settings.home), str(shipped()))


def _local(rest: str, settings: Settings) -> BaseChatModel:
    base, adapter = split_adapter(rest)
    _need(f"local:{rest}", adapter=adapter is not None)
    from kedrec.agents.models.local import LocalChatModel
    from kedrec.agents.student.base import base_folder
    from kedrec.agents.student.chat_model import StudentChatModel, is_student

    path = base_folder(base, settings.home)
    if is_student(adapter or path):
        return StudentChatModel.open(path, adapter)
    return LocalChatModel.open(path, adapter, settings)


def _need(name: str, *, adapter: bool) -> None:
    for package in ("torch", "transformers", *(["peft"] if adapter else [])):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(f"The model {name}", "local")


def _replay(rest: str, settings: Settings) -> BaseChatModel:
    from kedrec.agents.models.replayed import open_replay_model

    return open_replay_model(rest, settings)
