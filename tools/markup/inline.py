"""Running text out of XML in which markup may carry a value: `10<sup>9</sup>` is `10^9`, never 109.

Raised text is written behind a `^` (`10^-3`, `kg/m^2`, `Confidence^a`) but for what reads the same without: isotopes
(`18F`), charges (`Ca2+`), ordinals (`25th`), signs (`CD4+`). Lowered text stands where it stands (`CO2`, `FEV1`),
behind a `_` where it would become part of a number. Marks that point at references are left out. Formulas in MathML
are written by `mathml`.

While a text is put together its levels are held by control characters, which XML itself cannot hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from xml.etree.ElementTree import Element

from kedrec.tools.markup import mathml
from kedrec.tools.markup.levels import END, REFERENCE, SUB, SUP, settled

__all__ = ["REFERENCE", "running", "written"]

Instead = Callable[[Element], str | None]
"""Says what is written in place of an element; None where its own text is."""
_BETWEEN = re.compile(f"(?<={REFERENCE})[ ,;–—-]*(?={REFERENCE})")
"""What parts marks that are left out."""
_LEVELS = {"sup": SUP, "sub": SUB}


def written(element: Element | None) -> str:
    """Return the text of an element as one line, values in markup kept; empty where there is no element."""
    return "" if element is None else " ".join(running(element).split())


def running(element: Element, instead: Instead = lambda _: None, blocks: Collection[str] = ()) -> str:
    """Return the text of an element, values in markup kept.

    Args:
        element: Any element.
        instead: Says what is written in place of an element within it.
        blocks: Tags of elements that stand on lines of their own.
    """
    text = _BETWEEN.sub("", "".join(_pieces(element, instead, blocks)))
    return settled(text).replace(REFERENCE, "")


def _pieces(element: Element, instead: Instead, blocks: Collection[str]) -> Iterator[str]:
    """Yield the text within an element, line ends only around blocks."""
    yield _flat(element.text)
    for child in element:
        other = instead(child)
        yield from _inner(child, instead, blocks) if other is None else (other,)
        yield _flat(child.tail)


def _inner(child: Element, instead: Instead, blocks: Collection[str]) -> Iterator[str]:
    """Yield an element within another."""
    if child.tag == "math":
        yield mathml.as_text(child)
    elif child.tag == "break":
        yield " "
    else:
        before, behind = (_LEVELS[child.tag], END) if child.tag in _LEVELS else ("", "")
        line = "\n" if child.tag in blocks else ""
        yield before + line
        yield from _pieces(child, instead, blocks)
        yield line + behind


def _flat(text: str | None) -> str:
    return text.replace("\n", " ") if text else ""
