"""What a list of commands says of each: the first sentence of its help after the line that says what to type."""

from __future__ import annotations

import inspect
import re

import typer

__all__ = ["say_in_short"]


def say_in_short(app: typer.Typer) -> None:
    """Give every command and group below an app its short help, from its help."""
    for command in app.registered_commands:
        told = _told(command.help or inspect.getdoc(command.callback))
        command.short_help = command.short_help or re.split(r"[.;:]\s", told, maxsplit=1)[0].rstrip(".;:")
    for group in app.registered_groups:
        below = group.typer_instance
        if below is not None:
            group.short_help = _told(below.info.help if isinstance(below.info.help, str) else "").rstrip(".")
            say_in_short(below)


def _told(text: str | None) -> str:
    """The paragraph that says what a command does, in one line; the one before says what to type."""
    paragraphs = (" ".join(part.split()) for part in (text or "").split("\n\n"))
    return next((part for part in paragraphs if not part.startswith("Type:")), "")
