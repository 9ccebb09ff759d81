"""HTML out of parts: every string is text and is escaped, unless a function here made it."""

from __future__ import annotations

import html
import re
from typing import Any

__all__ = ["Child", "Html", "join", "shown", "tag", "wide_table"]

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the direction of what follows."""
_VOID = {"meta", "br", "input"}


class Html(str):
    """Markup that needs no escaping."""

    __slots__ = ()


Child = str | None
"""A string is text unless it is `Html`; None is nothing."""


def shown(text: str) -> str:
    """A text whose control characters and broken characters are visible as such."""
    return _INVISIBLE.sub("�", text.encode("utf-8", "replace").decode("utf-8"))


def join(*children: Child) -> Html:
    """Parts one after the other."""
    return Html(
        "".join(
            child if isinstance(child, Html) else html.escape(shown(child)) for child in children if child is not None
        )
    )


def tag(name: str, /, *children: Child, **attributes: Any) -> Html:
    """An element.

    Args:
        name: of the element.
        children: what is in it.
        attributes: a trailing underscore goes, other underscores become hyphens; None leaves one out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(shown(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{join(*children)}</{name}>")


def wide_table(table: Html, label: str) -> Html:
    """A table in a box of its own, in which it scrolls where it is wider than the window, by keyboard too.

    Args:
        table: the table.
        label: what a screen reader calls the box.
    """
    return tag("div", table, class_="wide", role="region", tabindex=0, aria_label=label)
