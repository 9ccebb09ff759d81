"""Formulas in MathML as one line: `1/2`, `10^-3`, `(a + b)/c`."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from kedrec.tools.markup.levels import BORDER, END, SUB, SUP

__all__ = ["as_text"]

_INVISIBLE = re.compile("[\u2061-\u2064]")
_TOKENS = {"mi", "mn", "mo", "ms", "mtext"}
_SILENT = {"annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup", "malignmark"}
_WORDS = re.compile(r"(?<=[^\W\d_]{2})\0(?=\w)|(?<=\w)\0(?=[^\W\d_]{2})")
"""Where a word of several letters meets what is next to it."""
_PLAIN = re.compile(r"[\w.,]*|\([^()]*\)")


def as_text(element: Element) -> str:
    """Return a formula as text, its levels as `levels` marks them.

    Args:
        element: `math` or any element within; blanks between elements mean nothing.
    """
    if element.tag in _SILENT:
        return ""
    if element.tag in _TOKENS:
        text = "".join(element.itertext()).replace("\n", " ")
        return _INVISIBLE.sub(BORDER, text if element.tag == "mtext" else text.strip(" \t"))
    parts = [as_text(child) for child in element]
    return _FORMS.get(element.tag, _row)(element, parts)


def _row(element: Element, parts: list[str]) -> str:
    return _WORDS.sub(BORDER, "\0".join(parts)).replace("\0", "") if parts else (element.text or "").strip()


def _grouped(text: str) -> str:
    """Put what is more than one number or name in brackets."""
    return text if _PLAIN.fullmatch(re.sub("[\x01-\x05]", "", text)) else f"({text})"


def _fraction(_: Element, parts: list[str]) -> str:
    over, under = (*map(_grouped, parts), "", "")[:2]
    return f"{BORDER}{over}/{under}{BORDER}"


def _scripts(levels: str) -> Callable[[Element, list[str]], str]:
    """Return what writes a base and, in order, its levels."""

    def write(_: Element, parts: list[str]) -> str:
        base, *scripts = parts or [""]
        held = (f"{level}{script}{END}" for level, script in zip(levels, scripts, strict=False) if script)
        return "".join([base, *held])

    return write


def _tensor(element: Element, _: list[str]) -> str:
    """Write `mmultiscripts`: the base, pairs of levels behind it, and pairs before it."""
    base, *rest = list(element) or [Element("mrow")]
    split = next((n for n, child in enumerate(rest) if child.tag == "mprescripts"), len(rest))
    sides = [
        "".join(f"{(SUB, SUP)[n % 2]}{as_text(child)}{END}" for n, child in enumerate(side) if as_text(child))
        for side in (rest[split + 1 :], rest[:split])
    ]
    return f"{BORDER if sides[0] else ''}{sides[0]}{as_text(base)}{sides[1]}"


def _root(_: Element, parts: list[str]) -> str:
    return f"{_grouped(parts[0])}{SUP}1/{parts[1]}{END}" if len(parts) > 1 else f"√({''.join(parts)})"


def _fenced(element: Element, parts: list[str]) -> str:
    marks = element.get("separators", ",").replace(" ", "") or " "
    held = "".join(part + (f"{marks[min(n, len(marks) - 1)]} " if n < len(parts) - 1 else "")
                   for n, part in enumerate(parts))  # fmt: skip
    return f"{element.get('open', '(')}{held}{element.get('close', ')')}"


_FORMS: dict[str, Callable[[Element, list[str]], str]] = {
    "mfrac": _fraction,
    "msup": _scripts(SUP), "mover": _scripts(SUP), "msub": _scripts(SUB), "munder": _scripts(SUB),
    "msubsup": _scripts(SUB + SUP), "munderover": _scripts(SUB + SUP), "mmultiscripts": _tensor,
    "msqrt": lambda _, parts: f"√({''.join(parts)})", "mroot": _root, "mfenced": _fenced,
    "mtr": lambda _, parts: " ".join(parts), "mtable": lambda _, parts: "; ".join(parts),
    "semantics": lambda _, parts: "".join(parts[:1]), "mspace": lambda *_: " ",
}  # fmt: skip
