"""Raised and lowered text on one line, so that no number becomes another one."""

from __future__ import annotations

import re

__all__ = ["BORDER", "END", "REFERENCE", "SUB", "SUP", "settled"]

SUP, SUB, END, REFERENCE, BORDER = "\x01", "\x02", "\x03", "\x04", "\x05"
"""Begin of raised text, of lowered text, end of either, a mark that pointed at a reference, and a place where letters
or digits on both sides must not meet."""
_CONTROLS = re.compile("[\x01-\x05]")
_SPLIT = re.compile("\x01([^\x01-\x03]*)\x03\x01")
"""Raised text in two pieces: `<sup>-</sup><sup>3</sup>`."""
_LEVEL = re.compile("([ \t\xa0\u2009]*)([\x01\x02])([^\x01-\x03]*)\x03")
_BORDER = re.compile("(?<=\\w)\x05+(?=\\w)")
_MINUS = re.compile(r"[−–‒‑‐]\s*(?=[\w.]|$)")
_LISTED = re.compile(r"(?=.*\d)[\d\s,;–‒-]+")
"""Numbers of references."""
_BRACKETS = re.compile(r"[\s,;:()\[\]–‒-]*")
"""What is left of them where they are left out."""
_SIMPLE = re.compile(r"[+-]?\w+(?:[.,]\w+)*[+-]?")
_POWER = re.compile(r"[+-]?\d+")
_CHARGE = re.compile(r"\d?[+-]")
_ISOTOPE = re.compile(r"\d{1,3}m?")
_ELEMENT = re.compile(r"[A-Z][a-z]?(?![a-z])")
_ORDINAL = re.compile(r"(?i)st|nd|rd|th")
_DEGREE = re.compile(r"[oO0∘º°]")
_SIGNS = {"TM": "™", "SM": "℠", "®": "®"}


def settled(text: str) -> str:
    """Return a text with its levels written on one line; marks of references stay."""
    # Join raised text that was split into pieces.
    while (joined := _SPLIT.sub("\x01\\1", text)) != text:
        text = joined
    while SUP in text or SUB in text:
        text = _LEVEL.sub(_written, text)
    return re.sub(BORDER, "", _BORDER.sub(" ", text))


def _written(found: re.Match[str]) -> str:
    """Write one level by what stands before and behind it."""
    gap, level, held = found.groups()
    before, behind = found.string[: found.start()][-16:], found.string[found.end() :][:16]
    # Whether a raised text is what points at a reference, or what is left of that.
    beside = REFERENCE in held or before.endswith(REFERENCE) or behind.startswith(REFERENCE)
    bare = held.replace(REFERENCE, "")
    if beside and (_BRACKETS.fullmatch(bare) or (REFERENCE in held and _LISTED.fullmatch(bare))):
        is_reference = True
    else:
        sentence = re.search(r"[.,;:!?”’][\x03\x05]*$", before)
        is_reference = bool(sentence and _LISTED.fullmatch(bare) and not behind[:1].isalnum())
    if is_reference:
        return gap
    base, inner = _CONTROLS.sub("", before), _CONTROLS.sub("", held)
    write = _raised if level == SUP else _lowered
    gap = gap or (" " if inner[:1].isspace() else "")
    text = write(gap, base, inner.strip(), _CONTROLS.split(behind)[0]) if inner.strip() else gap
    meets = "^" in text or (text[-1:].isdigit() and behind[:1].isdigit())
    return text + (BORDER if meets else "") + (" " if inner[-1:].isspace() else "")


def _raised(gap: str, base: str, inner: str, behind: str) -> str:
    """Write raised text.

    Args:
        gap: Blanks before it.
        base: What stands before those.
        inner: The text.
        behind: What follows it.
    """
    inner = _MINUS.sub("-", inner) if re.search(r"\w", inner) else inner
    if base[-1:].isdigit() and _DEGREE.fullmatch(inner) and re.match(r"\s?[CF]\b", behind):
        return "°"
    if not gap and base[-1:].isdigit() and _ORDINAL.fullmatch(inner):
        return inner
    if inner in _SIGNS or not re.search(r"\w", inner):
        return gap + _SIGNS.get(inner, inner)
    if gap and re.search(r"(?<![\d.,])10$", base) and _POWER.fullmatch(inner):
        return f"^{inner}"
    if gap or not re.search(r"[\w)\]}²³%*'′∞.,;:!?°]$", base):
        # Write raised text that belongs to what follows: an isotope's number, the mark of a footnote.
        if _ISOTOPE.fullmatch(inner) and _ELEMENT.match(behind):
            leading = inner
        else:
            leading = f"{_power(inner)} " if behind[:1].isalnum() else _power(inner)
        return gap + leading
    return inner if base[-1:].isalpha() and _CHARGE.fullmatch(inner) else _power(inner)


def _power(inner: str) -> str:
    return f"^{inner}" if _SIMPLE.fullmatch(inner) else f"^({inner})"


def _lowered(gap: str, base: str, inner: str, behind: str) -> str:
    """Write lowered text; arguments as for `_raised`."""
    inner = _MINUS.sub("-", inner) if inner[:1] in "−–" else inner
    named = base[-1:].isalpha() and (not gap or re.search(r"(?<!\w)\w$", base))
    if named or not re.match(r"[+-]?\d", inner):
        return ("" if named else gap) + inner
    return f"{gap if not base[-1:].strip() else ''}_{inner}"
