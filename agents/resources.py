"""What an agent works on: the graph at once, the literature and the weigher when they are first needed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kedrec.config import Settings
from kedrec.errors import NotReady, UserError
from kedrec.graphdb.open_store import open_store
from kedrec.graphdb.store import GraphStore, HiddenPairs
from kedrec.graphdb.vocabularies.side_effects import is_side_effect
from kedrec.records import Corpora, Entity
from kedrec.tools.harm_toolbox import HarmToolbox
from kedrec.tools.toolbox import Toolbox, Weighs

if TYPE_CHECKING:
    from kedrec.agents.offline.roles.reader import RoleReader
    from kedrec.agents.offline.weigher import Weigher
    from kedrec.graphdb.embedded.store import EmbeddedStore
    from kedrec.tools.literature import Literature
    from kedrec.tools.live import OnDemand

__all__ = ["Resources"]


class _WeighsWhenAsked:
    """The weigher, opened by the first question that comes so far."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def weigh(self, disease: Entity, candidates: Sequence[Entity], setting: Corpora, hidden: HiddenPairs) -> Any:
        if any(self._resources.store.get(one.id) is None for one in (disease, *candidates)):
            from kedrec.agents.offline.weigh_by_name import weigh_by_name

            return weigh_by_name(self._resources.literature(), disease, candidates, setting)
        ids = [drug.id for drug in candidates]
        weighing = self._resources.weigher().weigh(disease.id, ids, setting, hidden)
        return self._resources.role_reader(setting).told(weighing, disease.id, ids)


class Resources:
    """Opens the stores of one home, each once.

    Args:
        settings: home and limits.
        store: the graph, nothing hidden.
        hidden: pairs whose direct edges are hidden from every tool and from the weigher.
        given: names that came with ids; one whose id the graph lacks is asked about by its name.
    """

    def __init__(
        self,
        settings: Settings,
        store: GraphStore,
        hidden: HiddenPairs = frozenset(),
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._settings, self.store, self.hidden, self._given = settings, store, hidden, given or {}
        self._lock = threading.RLock()
        self._literature: Literature | None = None
        self._weigher: Weigher | None = None
        self._live: OnDemand | None = None
        self._toolboxes: dict[tuple[Corpora, bool, bool], Toolbox] = {}
        self._role_readers: dict[Corpora, RoleReader] = {}

    @classmethod
    def open(
        cls, settings: Settings, hidden: HiddenPairs = frozenset(), given: Mapping[str, str] | None = None
    ) -> Resources:
        """Open the graph that the settings name.

        Raises:
            NotReady: where none is loaded, or no Neo4j server answers.
        """
        return cls(settings, open_store(settings), hidden, given)

    def hiding(self, hidden: HiddenPairs) -> Resources:
        """The same with the direct edges of other pairs hidden; what is open already is shared."""
        other = Resources(self._settings, self.store, hidden, self._given)
        with self._lock:
            other._literature, other._weigher = self._literature, self._weigher
        return other

    def embedded(self) -> EmbeddedStore:
        """The graph as arrays, which weighing by rule needs wherever else the graph is kept.

        Raises:
            NotReady: none is loaded in the home, or another one than in Neo4j.
        """
        from kedrec.graphdb.embedded.store import EmbeddedStore

        if isinstance(self.store, EmbeddedStore):
            return self.store
        needed = "The offline model weighs over the embedded graph, also with KEDREC_STORE=neo4j"
        advice = "Load the same files with --store embedded, or name another model with KEDREC_MODEL"
        try:
            found = EmbeddedStore.open(self._settings.home / "graph")
        except NotReady as error:
            raise NotReady(f"{needed}, and none is in {self._settings.home}. {advice}.") from error
        if found.source_sha256 != self.store.source_sha256:
            raise NotReady(f"{needed}, and the one in {self._settings.home} is another graph than Neo4j's. {advice}.")
        return found

    def literature(self) -> Literature:
        """The literature of the home; an empty one where nothing was added."""
        with self._lock:
            if self._literature is None:
                from kedrec.tools.literature import Literature

                self._literature = Literature.open(self._settings.home / "literature", self._settings)
            return self._literature

    def refuse_other_version(self) -> None:
        """Refuse to weigh without what was derived from the literature, where it is there but cannot be read.

        Raises:
            NotReady: where another version of KEDRec derived it, in another format.
        """
        from kedrec.agents.offline.literature_stats import is_of_another_version

        folder = self._settings.home / "derived"
        if is_of_another_version(folder):
            told = f"What is weighed with, in {folder}, was derived by another version of KEDRec and is not read"
            raise NotReady(f"{told}; without it answers would be worse. Derive it anew (minutes): kedrec model derive")

    def weigher(self) -> Weigher:
        """What weighs the evidence by rule."""
        with self._lock:
            if self._weigher is None:
                from kedrec.agents.offline.weigher import Weigher

                folder = self._settings.home / "derived"
                self._weigher = Weigher.open(self.embedded(), self.literature(), folder, self._settings.weights)
            return self._weigher

    @property
    def visible(self) -> GraphStore:
        """The graph with what is hidden hidden."""
        return self.store.hiding(self.hidden) if self.hidden else self.store

    def role_reader(self, setting: Corpora) -> RoleReader:
        """What reads the roles of drugs, with what is hidden hidden; kept, as it remembers what it read of classes."""
        from kedrec.agents.offline.roles.reader import RoleReader

        with self._lock:
            if setting not in self._role_readers:
                literature = self.literature() if setting != "none" else None
                self._role_readers[setting] = RoleReader(self.visible, literature, self.weigher(), setting, self.hidden)
            return self._role_readers[setting]

    def toolbox(self, setting: Corpora, *, weigh: bool = False, about: str = "") -> Toolbox:
        """The tools of a setting; kept, so that a question costs nothing to set up.

        Args:
            setting: which corpora are used.
            weigh: whether `weigh_evidence` is among them.
            about: id of what is asked about; where it is a side effect, the tools are those of harm.

        Raises:
            UserError: a side effect is asked about and the model does not weigh by rule.
        """
        harms = is_side_effect(about)
        if harms and not weigh:
            raise UserError("Which drug is more likely to have a side effect is answered by --model offline alone.")
        with self._lock:
            if (setting, weigh, harms) not in self._toolboxes:
                # What reads Neo4j by the model's own Cypher, where the settings allow that and no pairs are hidden.
                if not self._settings.model_cypher or self._settings.store != "neo4j" or self.hidden:
                    reader = None
                else:
                    from kedrec.graphdb.neo4j.user_query import Reader

                    reader = Reader(self._settings)
                made = HarmToolbox if harms else Toolbox
                self._toolboxes[setting, weigh, harms] = made(
                    self.store,
                    self.literature() if setting != "none" or weigh else None,
                    self._weighs(harms=harms) if weigh else None,
                    setting,
                    self.hidden,
                    passages=self._settings.passages,
                    hub_limit=self._settings.hub_limit,
                    reader=reader,
                    live=self._live_sources() if setting != "none" else None,
                    given=self._given,
                )
            return self._toolboxes[setting, weigh, harms]

    def _weighs(self, *, harms: bool) -> Weighs:
        """What weighs by rule: for a side effect, else for a disease."""
        if not harms:
            return _WeighsWhenAsked(self)
        from kedrec.agents.offline.harms.weigher import HarmWeigher

        return HarmWeigher(self.store, self.literature())

    def _live_sources(self) -> OnDemand | None:
        """What asks PubMed and ClinicalTrials.gov, where the settings allow that."""
        if self._settings.live and self._live is None:
            from kedrec.tools.live import Fetcher, OnDemand

            fetcher = Fetcher(self._settings, self.store, self.literature())
            self._live = OnDemand(fetcher, self._settings.live_most, self._settings.until)
        return self._live

    def fingerprints(self, setting: Corpora) -> dict[str, Any]:
        """Hashes of what was used, for the trace."""
        literature = self._literature.content_sha256 if self._literature is not None and setting != "none" else None
        return {
            "graph_sha256": self.store.source_sha256,
            **({"literature_sha256": literature} if literature else {}),
            **({"hidden_pairs": len(self.hidden)} if self.hidden else {}),
        }
