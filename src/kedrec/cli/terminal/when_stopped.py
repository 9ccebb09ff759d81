"""What becomes of a command that was stopped: what to type to go on, and what of the work is kept."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["said_when_stopped"]

GOES_ON = "Run the same command to resume."
KEPT = {
    "runs start": GOES_ON,
    "runs retry": GOES_ON,
    "literature add": GOES_ON,
    "literature embed": GOES_ON,
    "literature fetch": "The same command fetches the rest.",
    "graph embed": GOES_ON,
    "graph fetch": "The same command fetches the rest.",
    "graph load": "The graph is as it was. Run the same command to load again; into Neo4j it resumes.",
    "student train": "Run the same command to resume from the last checkpoint.",
    "model derive": GOES_ON,
    "model fit": "The same command begins again with what was derived so far; no weights were written.",
    "eval selection": "The same command asks again. Answers of a server at temperature 0 are kept and not paid for"
    " twice; runs start keeps every pair.",
}


def said_when_stopped(argv: Sequence[str]) -> str:
    """Return the line for a command that Ctrl-C ended.

    Args:
        argv: what was typed behind `kedrec`, without `--home`.
    """
    kept = KEPT.get(" ".join(argv[:2]))
    return f"kedrec: stopped. {kept}" if kept else "kedrec: stopped"
