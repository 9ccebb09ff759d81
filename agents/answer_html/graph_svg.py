"""A network of graph paths as inline SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kedrec.agents.answer_html.citations import anchor
from kedrec.agents.answer_html.graph_paths import DrawnEdge, DrugPaths
from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.tools.text.graph_sentences import relation_verb

__all__ = ["Address", "arrowheads", "drawing"]

Address = Callable[[str], str]
"""Entity id -> where it is shown."""

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
Curve = tuple[Point, Point, Point, Point]
"""Beginning, two points that bend it, end."""
Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def drawing(network: DrugPaths, address: Address | None = None, leads: str = f"#{anchor('{}')}") -> Html | None:
    """The picture; None where there is nothing to draw.

    Args:
        network: what to draw.
        address: where an entity is shown; nodes lead nowhere without.
        leads: where an edge leads, with `{}` for the key of what rests on it.
    """
    if not network.links:
        return None
    columns = network.columns()
    rows = max(len(column) for column in columns)
    places = _places(columns, rows)
    ordered = sorted(network.links, key=lambda link: link.cited)
    curves = [_curve(places[link.head], places[link.tail], MARGIN + rows * ROW) for link in ordered]
    lowest = max([MARGIN + rows * ROW, *(_at(curve, 0.5)[1] for curve in curves)])
    width, height = 2 * MARGIN + len(columns) * BOX + (len(columns) - 1) * GAP, round(lowest) + MARGIN
    labels = _labels(ordered, curves, places) if len(ordered) <= MOST_LABELLED else {}
    return tag(
        "svg",
        *(_edge(link, curves[at], network, labels.get(at), leads) for at, link in enumerate(ordered)),
        *(_node(node, place, network, address) for node, place in places.items()),
        viewBox=f"0 0 {width} {height}",
        style=f"max-width:{width}px",
        role="group",
        aria_label=f"Paths in the graph from {_name(network, network.start)} to {_name(network, network.end)}",
    )


def _places(columns: list[list[str]], rows: int) -> dict[str, Point]:
    """Upper left corner of each node."""
    places: dict[str, Point] = {}
    for at, column in enumerate(columns):
        top = MARGIN + (rows - len(column)) * ROW / 2 + (ROW - TALL) / 2
        for row, node in enumerate(column):
            places[node] = (MARGIN + at * (BOX + GAP), top + row * ROW)
    return places


def _node(node: str, place: Point, network: DrugPaths, address: Address | None) -> Html:
    x, y = place
    name, kind = _name(network, node), node.partition("::")[0]
    ends = " end" if node in (network.start, network.end) else ""
    leads = {"href": address(node)} if address else {}
    cut = name if len(name) <= LETTERS else join(name[: LETTERS - 1].rstrip(), "…")
    slug = "".join(letter if letter.isalnum() else "-" for letter in kind.lower())
    return tag(
        "a" if address else "g",
        tag("title", f"{name} ({node})"),
        tag("rect", x=x, y=y, width=BOX, height=TALL, rx=7),
        tag("text", cut, x=x + BOX / 2, y=y + TALL / 2 + 4),
        class_=f"node {slug}{ends}",
        **leads,
    )


def _edge(link: DrawnEdge, curve: Curve, network: DrugPaths, label_at: Point | None, leads: str) -> Html:
    (x, y), *turns = curve
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
        href=leads.format(link.keys[0]),
        class_=f"edge {look}",
        data_keys=" ".join(link.keys),
    )


def _curve(head: Point, tail: Point, bottom: float) -> Curve:
    """From one box to another; an edge that would run behind a column of boxes goes below all of them."""
    (x1, y1), (x2, y2) = head, tail
    if y1 == y2 and abs(x1 - x2) > 1.5 * (BOX + GAP):
        return _below(head, tail, bottom)
    y1, y2 = y1 + TALL / 2, y2 + TALL / 2
    if x1 == x2:
        bow = x1 + BOX + GAP / 2
        x1, x2 = x1 + BOX, x2 + BOX + 2
    else:
        x1, x2 = (x1 + BOX, x2 - 2) if x1 < x2 else (x1, x2 + BOX + 2)
        bow = (x1 + x2) / 2
    return (x1, y1), (bow, y1), (bow, y2), (x2, y2)


def _below(head: Point, tail: Point, bottom: float) -> Curve:
    """From the lower side of a box to that of another, at a quarter of the way below the bottom of all boxes."""
    (x1, y1), (x2, y2) = head, tail
    x1, x2 = x1 + BOX * 0.8 if x1 < x2 else x1 + BOX * 0.2, x2 + BOX * 0.2 if x1 < x2 else x2 + BOX * 0.8
    deep = round((bottom - 0.4375 * (y1 + TALL)) / 0.5625, 1)
    return (x1, y1 + TALL), (x1, deep), (x2, deep), (x2, y2 + TALL + 2)


def _labels(links: Sequence[DrawnEdge], curves: Sequence[Curve], places: dict[str, Point]) -> dict[int, Point]:
    """Where the words of each edge stand: on its curve, clear of all boxes and other words; those cited choose first.

    An edge without such a place is missing; the pointer tells what it says.
    """
    taken = [(x, y, x + BOX, y + TALL) for x, y in places.values()]
    found: dict[int, Point] = {}
    for at in sorted(range(len(links)), key=lambda at: not links[at].cited):
        for share in ALONG:
            x, y = _at(curves[at], share)
            # What words take up that stand just above a point.
            half = len(relation_verb(links[at].relation)) * LETTER / 2 + 2
            area = x - half, y - 15, x + half, y
            if not any(_meet(area, other) for other in taken):
                taken.append(area)
                found[at] = (round(x, 1), round(y - 4, 1))
                break
    return found


def _at(curve: Curve, share: float) -> Point:
    """The point of a curve at a share of its way."""
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    x, y = (sum(weight * point[side] for weight, point in zip(weights, curve, strict=True)) for side in (0, 1))
    return x, y


def _meet(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


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
