"""Names in a pairs file, looked up in the graph before anything is asked; what is not found is reported all at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from kedrec.graphdb.names.normalize import fold
from kedrec.graphdb.store import GraphStore
from kedrec.records import Alternative, Entity, Match

__all__ = ["OpenGraph", "PairNames", "names_something", "with_ids"]

OpenGraph = Callable[[], GraphStore]
"""Opens the graph, when the first name is looked up."""

NEAR = 60.0
"""Similarity of names, 0 to 100, from which one is suggested."""
SUGGESTIONS = 3
LINES = 5
"""Lines that are listed of a name that stands on many."""
_ID = re.compile(r"(?:Compound|Disease)::\S+")
_WORDS = {"Disease": "disease", "Compound": "drug"}


def names_something(item: dict[str, Any]) -> bool:
    """Whether a line names its disease or a drug by name alone."""
    return any(_name_of(thing) is not None for thing in [item.get("disease"), *_drugs_of(item)])


def with_ids(item: dict[str, Any]) -> dict[str, Any]:
    """The same line with what is written as a mere id in the form of JSON lines."""
    drugs, disease = [_by_id(drug) for drug in _drugs_of(item)], item.get("disease")
    return {**item, **({"disease": _by_id(disease)} if disease else {}), **({"candidates": drugs} if drugs else {})}


class PairNames:
    """Looks up names, each once, and remembers those that it did not find.

    Args:
        open_graph: opens the graph; None if there is none to look into.
    """

    def __init__(self, open_graph: OpenGraph | None) -> None:
        self._open_graph = open_graph
        self._known: dict[tuple[str, str], Match] = {}
        self._missing: dict[tuple[str, str], list[int]] = {}

    @property
    def can_look(self) -> bool:
        """Whether there is a graph to look into."""
        return self._open_graph is not None

    @cached_property
    def _store(self) -> GraphStore:
        assert self._open_graph is not None
        return self._open_graph()

    def resolved(self, item: dict[str, Any], line: int) -> dict[str, Any] | None:
        """A line with ids for its names; None where one of them is not found or ambiguous."""
        disease = self._thing(item.get("disease"), "Disease", line)
        drugs = [self._thing(drug, "Compound", line) for drug in _drugs_of(item)]
        if disease is None or None in drugs:
            return None
        named = {"candidates": drugs, **self._answer(item, drugs)} if drugs else {}
        return {**item, "disease": disease, **named}

    def problems(self) -> list[str]:
        """What was not found, one line each: where it stands, and what it may have meant."""
        return [self._told(kind, name, lines) for (kind, name), lines in self._missing.items()]

    def close(self) -> None:
        """Close the graph, where it was opened and can be."""
        if "_store" in self.__dict__ and hasattr(self._store, "close"):
            self._store.close()

    def _thing(self, thing: Any, kind: str, line: int) -> Any:
        name = _name_of(thing)
        if name is None:
            return thing
        entity = self._found(kind, name).entity
        if entity is None:
            self._missing.setdefault((kind, name), []).append(line)
            return None
        return {"id": entity.id, "name": entity.name}

    def _found(self, kind: str, name: str) -> Match:
        if (kind, name) not in self._known:
            self._known[kind, name] = self._store.search(name, kinds=(kind,), limit=SUGGESTIONS)
        return self._known[kind, name]

    def _answer(self, item: dict[str, Any], drugs: list[Any]) -> dict[str, str]:
        """The answer as an id, where it is one of the candidates by any name; otherwise it is left to be refused."""
        answer = item.get("answer")
        if not isinstance(answer, str):
            return {}
        for asked, drug in zip(item["candidates"], drugs, strict=True):
            if fold(answer) and fold(answer) == fold(_name_of(asked) or ""):
                return {"answer": drug["id"]}
        meant: Entity | None = self._found("Compound", answer).entity
        return {"answer": meant.id} if meant else {}

    def _told(self, kind: str, name: str, lines: list[int]) -> str:
        match = self._found(kind, name)
        different = list(dict.fromkeys(lines))
        listed = ", ".join(map(str, different[:LINES]))
        more = f" and {len(different) - LINES} more" if len(different) > LINES else ""
        places = f"line{'s' if len(different) > 1 else ''} {listed}{more}"
        if match.match == "ambiguous":
            why = f"may mean {_listed(match.alternatives)}"
        else:
            near = tuple(one for one in match.alternatives if one.score >= NEAR)
            why = f"is not in the graph; near it: {_listed(near)}" if near else "is not in the graph"
        return f"{places}: {_WORDS[kind]} “{name}” {why}"


def _drugs_of(item: dict[str, Any]) -> list[Any]:
    drugs = item.get("candidates")
    return drugs if isinstance(drugs, list) else []


def _name_of(thing: Any) -> str | None:
    """What a thing is called, where no id is given."""
    if isinstance(thing, dict):
        name = thing.get("name")
        return name if not thing.get("id") and isinstance(name, str) and name.strip() else None
    return thing if isinstance(thing, str) and thing.strip() and not _ID.fullmatch(thing.strip()) else None


def _by_id(thing: Any) -> Any:
    return {"id": thing.strip()} if isinstance(thing, str) and _ID.fullmatch(thing.strip()) else thing


def _listed(alternatives: tuple[Alternative, ...]) -> str:
    return ", ".join(f"{one.name} ({one.id})" for one in alternatives[:SUGGESTIONS])
