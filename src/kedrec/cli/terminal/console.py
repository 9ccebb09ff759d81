"""What the commands share: JSON on stdout, words and progress bars on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.progress import Progress

    from kedrec.config import Settings

__all__ = ["Json", "emit_json", "progress", "say", "settings"]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")]


def emit_json(value: BaseModel | Any) -> None:
    """Print one JSON document on stdout."""
    plain = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    sys.stdout.write(json.dumps(plain, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(text + "\n")


def progress() -> Progress:
    """A progress bar on stderr with rate and time left; a line every half minute where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn

    from kedrec.cli.terminal.spoken_bars import SpokenProgress

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return SpokenProgress(*columns, console=console, disable=not console.is_terminal, transient=True)


def settings(**flags: Any) -> Settings:
    """The resolved settings; a flag that is None was not given."""
    from kedrec.config import load

    return load(flags).settings
