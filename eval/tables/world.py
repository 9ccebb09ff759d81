"""What the rows work on: graph and literature of one home, opened once, and numbers that several rows use."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.literature_stats import Derived, open_derived
from kedrec.agents.offline.question_features import Transfer, question_features
from kedrec.agents.resources import Resources
from kedrec.atomic_file import staged
from kedrec.config import Settings
from kedrec.errors import NotReady
from kedrec.eval.tables.options import TablesOptions, file_hash
from kedrec.eval.tables.recorded_runs import RecordedRuns
from kedrec.eval.tables.task import Asked, Task
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts

if TYPE_CHECKING:
    from kedrec.graphdb.embedded.store import EmbeddedStore

__all__ = ["World"]

AT_ONCE = 250
"""Questions whose numbers are kept together; what a kill costs at most."""


@dataclass
class World:
    """The stores, and what was computed from them."""

    settings: Settings
    """Home and limits."""
    options: TablesOptions
    """Inputs and choices."""
    out: Path
    """Folder of the tables."""
    runs: tuple[Path, ...] = ()
    """Folders of runs whose traces are taken in place of asking again."""
    say: Callable[[str], None] = lambda line: None
    """Called with lines for people while a step is at work."""
    _links: dict[str, LinkModel] = field(default_factory=dict)
    _hidden: dict[str, Resources] = field(default_factory=dict)
    _carried: tuple[LinkModel, dict[str, Transfer]] | None = None

    @cached_property
    def resources(self) -> Resources:
        """The stores of the home, nothing hidden."""
        return Resources.open(self.settings)

    @cached_property
    def store(self) -> EmbeddedStore:
        """The graph."""
        return self.resources.embedded()

    @cached_property
    def facts(self) -> GraphFacts:
        """Drugs, diseases and their profiles."""
        return GraphFacts(self.store)

    @cached_property
    def literature_hash(self) -> str:
        """Hash of all documents; empty where there are none."""
        return self.resources.literature().content_sha256

    @cached_property
    def derived(self) -> Derived | None:
        """What was prepared from the literature.

        Raises:
            NotReady: there is literature, and nothing was prepared from it.
        """
        found = open_derived(self.settings.home / "derived", self.store, self.literature_hash)
        if self.literature_hash and (found is None or found.missing):
            raise NotReady(f"The literature of {self.settings.home} is not prepared. Run: kedrec model derive")
        return found

    @cached_property
    def recorded(self) -> RecordedRuns:
        """The runs whose traces are taken."""
        return RecordedRuns(self.runs, self.store.source_sha256, self.literature_hash)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Hashes of everything that is read."""
        own = self.options
        files = {
            "pairs/train.jsonl": own.file("pairs/train.jsonl"),
            "pairs/dev.jsonl": own.file("pairs/dev.jsonl"),
            "molecules": own.file("kg/compound_structures.tsv.gz"),
            "mechanisms": own.file("mechanisms/drugmechdb_open.jsonl"),
            "MIMIC-III": own.mimic_folder,
        }
        found = {name: file_hash(path) for name, path in files.items()}
        return {"graph": self.store.source_sha256, "literature": self.literature_hash, **found}

    def key(self, *told: Any) -> str:
        """Hash of what a step depends on besides graph and literature."""
        known = (self.store.source_sha256, self.literature_hash, self.options.seed, *told)
        return hashlib.sha256(repr(known).encode()).hexdigest()

    def row_hash(self, name: str) -> str:
        """Hash of the files that only one row reads."""
        return {"safedrug": self.hashes["molecules"], "student": self.options.student or ""}.get(name, "")

    def link(self, task: Task) -> LinkModel:
        """Link prediction over the graph with the pairs of a task hidden; the latest is kept, as it takes long."""
        known = hashlib.sha256(repr(sorted(map(sorted, task.hidden))).encode()).hexdigest()
        if known not in self._links:
            self._links = {known: LinkModel(self.facts, task.hidden)}
        return self._links[known]

    def hidden_resources(self, task: Task) -> Resources:
        """The stores with the pairs of a task hidden; the latest are kept."""
        known = task.questions_sha256
        if known not in self._hidden:
            self._hidden = {known: self.resources.hiding(task.hidden)}
        return self._hidden[known]

    def numbers(self, task: Task) -> NDArray[np.float32]:
        """All questions of a task as the offline model's numbers, columns as for `both`, shape (questions, 2, fields).

        They depend on no answer: a task with its answers drawn by lot has the same.
        """
        questions, hidden = task.both(), sorted(map(sorted, task.hidden))
        parts = [questions[start : start + AT_ONCE] for start in range(0, len(questions), AT_ONCE)]
        found = []
        for done, part in enumerate(parts):
            told = [(one.disease, one.drugs) for one in part], hidden
            make = partial(self._numbers, task, part, f"{done + 1} of {len(parts)}")
            found.append(self.saved(f"numbers-{self.key(*told)[:16]}.npy", make))
        return np.concatenate(found)

    def saved(self, name: str, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """An array that was computed before, or is now."""
        folder = self.out / "work"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            with staged(folder / name) as part, part.open("wb") as file:
                np.save(file, make())
        found: NDArray[np.float32] = np.load(folder / name)
        return found

    def _numbers(self, task: Task, questions: Sequence[Asked], part: str) -> NDArray[np.float32]:
        self.say(f"  numbers of questions, part {part}")
        link, derived = self.link(task), self.derived
        transfers = self._transfers(link)
        rows = [
            question_features(link, derived, transfers, disease=one.disease, drugs=one.drugs, setting="both")
            for one in questions
        ]
        return np.stack(rows)

    def _transfers(self, link: LinkModel) -> dict[str, Transfer]:
        """What carries over between alike drugs and diseases, by corpus; the latest are kept."""
        if self._carried is None or self._carried[0] is not link:
            derived = self.derived
            held = derived.corpora.items() if derived else ()
            found = {name: Transfer(corpus, derived.index, link) for name, corpus in held} if derived else {}
            self._carried = link, found
        return self._carried[1]
