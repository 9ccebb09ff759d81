"""What chat programs ask for themselves (titles, tags, follow-ups, searches): answered at once, without the agent."""

from __future__ import annotations

import json
import re

from kedrec.characters import shortened

__all__ = ["is_task", "task_answer"]

TASK = "### Task:"
"""What such a request begins with, in Open WebUI and in what follows its form."""
LONGEST_TITLE = 60
"""Characters."""
_WANTED = re.compile(r"JSON(?: format)?:\s*\{\s*\"(\w+)\"")
"""The field that the answer must have."""
_ASKED = re.compile(r"^USER: *(\S.*)$", re.MULTILINE)
"""What the user said, in the history that comes with it."""
EMPTY: dict[str, object] = {"tags": [], "follow_ups": [], "queries": [], "text": "", "prompt": ""}
"""Field -> what it gets, as there is nothing to add."""


def is_task(text: str) -> bool:
    """Whether a message is none of the user's."""
    return text.lstrip().startswith(TASK)


def task_answer(text: str) -> str:
    """The answer, in the form that it asks for: a title is the user's question cut short, the rest is empty."""
    found = _WANTED.search(text)
    wanted = found[1] if found else ""
    if wanted == "title":
        return json.dumps({"title": _title(text)}, ensure_ascii=False)
    return json.dumps({wanted: EMPTY[wanted]}) if wanted in EMPTY else ""


def _title(text: str) -> str:
    """What the user said first, cut at a word."""
    said = _ASKED.search(text)
    title = " ".join(said[1].split()) if said else "KEDRec"
    return shortened(title, LONGEST_TITLE)
