"""Whether questions can be answered now, and what is missing where they cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kedrec.errors import KedrecError
from kedrec.records import Record
from kedrec.serve.service import Service
from kedrec.tools.library.writer import GROUPS

__all__ = ["Readiness", "readiness"]


class Readiness(Record):
    """Whether questions can be answered, by what was opened."""

    ready: bool
    """Whether a question can be answered."""
    opened: tuple[str, ...]
    """Stores that were opened and hold something."""
    missing: tuple[str, ...]
    """What keeps questions from being answered."""
    lacking: tuple[str, ...]
    """What answers go without, and say so."""


def readiness(service: Service) -> Readiness:
    """Look at the graph, the literature and the weigher; their places are kept out of the answer."""
    opened, missing = list[str](), list[str]()
    for name, check in _CHECKS.items():
        try:
            opened += [name] if check(service) else []
        except (KedrecError, OSError) as error:
            missing.append(f"{name}: {type(error).__name__}")
    missing += [] if "graph" in opened or missing else ["graph: empty"]
    return Readiness(ready=not missing, opened=tuple(opened), missing=tuple(missing), lacking=tuple(_lacking(service)))


def _graph(service: Service) -> bool:
    return service.agent.resources.store.stats().entities > 0


def _literature(service: Service) -> bool:
    return any(service.agent.resources.literature().library.counts("documents").values())


def _weigher(service: Service) -> bool:
    if service.agent.reads_weighing:
        service.agent.resources.weigher()
    return service.agent.reads_weighing


_CHECKS: dict[str, Callable[[Service], bool]] = {"graph": _graph, "literature": _literature, "weigher": _weigher}
"""What is opened, and how."""


def _lacking(service: Service) -> Iterator[str]:
    """Corpora that the setting uses and the home does not have."""
    try:
        held = service.agent.resources.literature().library.counts("documents")
    except (KedrecError, OSError):
        return
    for group, corpora in GROUPS.items():
        if service.settings.setting in (group, "both") and not any(held.get(corpus) for corpus in corpora):
            yield f"no {group}: kedrec literature add FILE"
