"""A network of graph paths as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.agents.trace_page.citations import anchor
from kedrec.agents.trace_page.graph_paths import DrawnEdge, DrugPaths
from kedrec.agents.trace_page.html import Html, join, tag
from kedrec.tools.text.graph_sentences import relation_verb

__all__ = ["arrowheads", "drawing"]

BOX, TALL, GAP, ROW, MARGIN = 172, 30, 118, 46, 12
"""Width and height of a node, room between columns and from row to row, margin; all in pixels."""
LETTERS = 24
"""Of a name that are shown."""
MOST_LABELLED = 16
"""Edges up to which each one says its relation; with more the pointer tells."""

LETTER = 5.6
"""Width of a letter of these words, at most."""
ALONG = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78, 0.15, 0.85)
"""Places on an edge where its words may stand, as shares of its way, the best first."""

Point = tuple[float, float]
Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def drawing(network: DrugPaths) -> Html | None:
    """The picture; None where there is nothing to draw."""
    if not network.links:
        return None
    columns = network.columns()
    rows = max(len(column) for column in columns)
    # Upper left corner of each node.
    places: dict[str, Point] = {}
    for at, column in enumerate(columns):
        top = MARGIN + (rows - len(column)) * ROW / 2 + (ROW - TALL) / 2
        for row, node in enumerate(column):
            places[node] = (MARGIN + at * (BOX + GAP), top + row * ROW)
    width, height = 2 * MARGIN + len(columns) * BOX + (len(columns) - 1) * GAP, 2 * MARGIN + rows * ROW
    ordered = sorted(network.links, key=lambda link: link.cited)
    labels = _labels(ordered, places) if len(ordered) <= MOST_LABELLED else {}
    return tag(
        "svg",
        *(_edge(link, places, network, labels.get(at)) for at, link in enumerate(ordered)),
        *(_node(node, place, network) for node, place in places.items()),
        viewBox=f"0 0 {width} {height}",
        style=f"max-width:{width}px",
        role="group",
        aria_label=f"Paths in the graph from {_name(network, network.start)} to {_name(network, network.end)}",
    )


def _node(node: str, place: Point, network: DrugPaths) -> Html:
    x, y = place
    name, kind = _name(network, node), node.partition("::")[0]
    slug = "".join(letter if letter.isalnum() else "-" for letter in kind.lower())
    ends = " end" if node in (network.start, network.end) else ""
    shown = name if len(name) <= LETTERS else join(name[: LETTERS - 1].rstrip(), "…")
    return tag(
        "g",
        tag("title", f"{name} ({node})"),
        tag("rect", x=x, y=y, width=BOX, height=TALL, rx=7),
        tag("text", shown, x=x + BOX / 2, y=y + TALL / 2 + 4),
        class_=f"node {slug}{ends}",
    )


def _edge(link: DrawnEdge, places: dict[str, Point], network: DrugPaths, label_at: Point | None) -> Html:
    (x, y), *turns = _curve(places[link.head], places[link.tail])
    line = f"M{x} {y} C{' '.join(f'{x} {y}' for x, y in turns)}"
    verb = relation_verb(link.relation)
    told = f"{_name(network, link.head)} {verb} {_name(network, link.tail)}; {', '.join(link.keys)}"
    label = tag("text", verb, x=label_at[0], y=label_at[1]) if label_at else None
    look = "cited" if link.cited else "more"
    return tag(
        "a",
        tag("title", told),
        tag("path", d=line, marker_end=f"url(#{look}-tip)"),
        label,
        href=f"#{anchor(link.keys[0])}",
        class_=f"edge {look}",
    )


def _curve(head: Point, tail: Point) -> tuple[Point, Point, Point, Point]:
    """From one box to another: beginning, two points that bend it, end."""
    (x1, y1), (x2, y2) = head, tail
    y1, y2 = y1 + TALL / 2, y2 + TALL / 2
    if x1 == x2:
        bow = x1 + BOX + GAP / 2
        x1, x2 = x1 + BOX, x2 + BOX + 2
    else:
        x1, x2 = (x1 + BOX, x2 - 2) if x1 < x2 else (x1, x2 + BOX + 2)
        bow = (x1 + x2) / 2
    return (x1, y1), (bow, y1), (bow, y2), (x2, y2)


def _labels(links: Sequence[DrawnEdge], places: dict[str, Point]) -> dict[int, Point]:
    """Where the words of each edge stand: on its curve, clear of all boxes and other words; those cited choose first.

    An edge without such a place is missing; the pointer tells what it says.
    """
    taken = [(x, y, x + BOX, y + TALL) for x, y in places.values()]
    found: dict[int, Point] = {}
    for at in sorted(range(len(links)), key=lambda at: not links[at].cited):
        curve = _curve(places[links[at].head], places[links[at].tail])
        for share in ALONG:
            x, y = _at(curve, share)
            # The box of a label just above the point.
            half = len(relation_verb(links[at].relation)) * LETTER / 2 + 2
            area = (x - half, y - 15, x + half, y)
            if not any(_overlap(area, other) for other in taken):
                taken.append(area)
                found[at] = (round(x, 1), round(y - 4, 1))
                break
    return found


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _at(curve: tuple[Point, Point, Point, Point], share: float) -> Point:
    """The point of a curve at a share of its way."""
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    x, y = (sum(weight * point[side] for weight, point in zip(weights, curve, strict=True)) for side in (0, 1))
    return x, y


def arrowheads() -> Html:
    """What the pictures of a page share; once on it."""
    tips = tag("defs", *(_arrowhead(look) for look in ("cited", "more")))
    return tag("svg", tips, width=0, height=0, style="position:absolute", aria_hidden="true")


def _arrowhead(look: str) -> Html:
    tip = tag("path", d="M0 0L8 4L0 8z", class_=f"tip {look}")
    size = {"markerWidth": 9, "markerHeight": 9, "refX": 7, "refY": 4}
    return tag("marker", tip, id=f"{look}-tip", viewBox="0 0 8 8", orient="auto", markerUnits="userSpaceOnUse", **size)


def _name(network: DrugPaths, node: str) -> str:
    return network.names.get(node, node)
