"""A network of graph paths as inline SVG."""

from __future__ import annotations

from kedrec.agents.trace_page.citations import anchor
from kedrec.agents.trace_page.graph_paths import Link, Network
from kedrec.agents.trace_page.html import Html, join, tag
from kedrec.tools.text.graph_sentences import relation_verb

__all__ = ["arrowheads", "drawing"]

BOX, TALL, GAP, ROW, MARGIN = 172, 30, 118, 46, 12
"""Width and height of a node, room between columns and from row to row, margin; all in pixels."""
LETTERS = 24
"""Of a name that are shown."""
MOST_LABELLED = 16
"""Edges up to which each one says its relation; with more the pointer tells."""

Point = tuple[float, float]


def drawing(network: Network) -> Html | None:
    """The picture; None where there is nothing to draw."""
    if not network.links:
        return None
    columns = network.columns()
    rows = max(len(column) for column in columns)
    places = _places(columns, rows)
    width, height = 2 * MARGIN + len(columns) * BOX + (len(columns) - 1) * GAP, 2 * MARGIN + rows * ROW
    said = len(network.links) <= MOST_LABELLED
    return tag(
        "svg",
        *(_edge(link, places, network, said=said) for link in sorted(network.links, key=lambda link: link.cited)),
        *(_node(node, place, network) for node, place in places.items()),
        viewBox=f"0 0 {width} {height}",
        style=f"max-width:{width}px",
        role="img",
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


def _node(node: str, place: Point, network: Network) -> Html:
    x, y = place
    name, kind = _name(network, node), node.partition("::")[0]
    ends = " end" if node in (network.start, network.end) else ""
    return tag(
        "g",
        tag("title", f"{name} ({node})"),
        tag("rect", x=x, y=y, width=BOX, height=TALL, rx=7),
        tag("text", _cut(name), x=x + BOX / 2, y=y + TALL / 2 + 4),
        class_=f"node {_slug(kind)}{ends}",
    )


def _edge(link: Link, places: dict[str, Point], network: Network, *, said: bool) -> Html:
    line, middle = _curve(places[link.head], places[link.tail])
    verb = relation_verb(link.relation)
    told = f"{_name(network, link.head)} {verb} {_name(network, link.tail)}; {', '.join(link.keys)}"
    label = tag("text", verb, x=round(middle[0], 1), y=round(middle[1] - 4, 1)) if said else None
    look = "cited" if link.cited else "more"
    return tag(
        "a",
        tag("title", told),
        tag("path", d=line, marker_end=f"url(#{look}-tip)"),
        label,
        href=f"#{anchor(link.keys[0])}",
        class_=f"edge {look}",
    )


def _curve(head: Point, tail: Point) -> tuple[str, Point]:
    """From one box to another, and the curve's middle."""
    (x1, y1), (x2, y2) = head, tail
    y1, y2 = y1 + TALL / 2, y2 + TALL / 2
    if x1 == x2:
        bow = x1 + BOX + GAP / 2
        x1, x2 = x1 + BOX, x2 + BOX + 2
        return f"M{x1} {y1} C{bow} {y1} {bow} {y2} {x2} {y2}", (bow - 14, (y1 + y2) / 2)
    rightwards = x1 < x2
    x1, x2 = (x1 + BOX, x2 - 2) if rightwards else (x1, x2 + BOX + 2)
    bend = (x1 + x2) / 2
    return f"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}", (bend, (y1 + y2) / 2)


def arrowheads() -> Html:
    """What the pictures of a page share; once on it."""
    tips = tag("defs", *(_arrowhead(look) for look in ("cited", "more")))
    return tag("svg", tips, width=0, height=0, style="position:absolute", aria_hidden="true")


def _arrowhead(look: str) -> Html:
    tip = tag("path", d="M0 0L8 4L0 8z", class_=f"tip {look}")
    size = {"markerWidth": 9, "markerHeight": 9, "refX": 7, "refY": 4}
    return tag("marker", tip, id=f"{look}-tip", viewBox="0 0 8 8", orient="auto", markerUnits="userSpaceOnUse", **size)


def _name(network: Network, node: str) -> str:
    return network.names.get(node, node)


def _cut(name: str) -> str:
    return name if len(name) <= LETTERS else join(name[: LETTERS - 1].rstrip(), "…")


def _slug(kind: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in kind.lower())
