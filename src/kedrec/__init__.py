"""KEDRec: evidence-cited drug choices from a knowledge graph and the literature.

What a notebook needs is here and imported when first used: `from kedrec import Agent, Query, Settings`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Agent",
    "Entity",
    "Evidence",
    "KedrecError",
    "Literature",
    "Passage",
    "Query",
    "Recommendation",
    "Settings",
    "Trace",
    "TraceStore",
    "__version__",
    "open_store",
]

_HOMES = {
    "Agent": "kedrec.agents.agent",
    "Entity": "kedrec.records",
    "Evidence": "kedrec.records",
    "KedrecError": "kedrec.errors",
    "Literature": "kedrec.tools.literature",
    "Passage": "kedrec.records",
    "Query": "kedrec.agents.agent",
    "Recommendation": "kedrec.records",
    "Settings": "kedrec.config",
    "Trace": "kedrec.records",
    "TraceStore": "kedrec.agents.traces.store",
    "open_store": "kedrec.graphdb.open_store",
}

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent, Query
    from kedrec.agents.traces.store import TraceStore
    from kedrec.config import Settings
    from kedrec.errors import KedrecError
    from kedrec.graphdb.open_store import open_store
    from kedrec.records import Entity, Evidence, Passage, Recommendation, Trace
    from kedrec.tools.literature import Literature


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kedrec' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
