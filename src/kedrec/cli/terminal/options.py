"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Brief", "Model", "SettingOption"]

SettingOption = Annotated[
    str | None, typer.Option("--setting", help="Corpora used: none, trials, articles or both (KEDREC_SETTING).")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", help="offline, student, openai:MODEL, local:PATH[+ADAPTER] or replay:TRACE (KEDREC_MODEL)."
    ),
]
Brief = Annotated[bool, typer.Option("--brief", help="Only the choice, its reasons and what was not found.")]
