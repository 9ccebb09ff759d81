"""What is known beside the documents that name a drug and a disease: of its class, by signs, whom trials leave out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from kedrec.agents.offline.roles.role import PLAIN, USES, RoleSource, decide
from kedrec.agents.offline.roles.wordings import classes_of, signs_of
from kedrec.records import Corpora, Document, Entity
from kedrec.tools.literature_tools import names_for_search
from kedrec.tools.text.role_sentences import Claim, claims_of, left_out_of

if TYPE_CHECKING:
    from kedrec.tools.library.writer import CorpusGroup
    from kedrec.tools.search.two_step import SearchResult

__all__ = ["OF_A_CLASS", "Beside", "HeldDocuments", "source_of", "with_left_out"]

READ = 24
"""Documents of one corpus that are read for a class, or a drug and a sign."""
MOST = 4
"""Statements of a class that count."""
OF_A_CLASS = 0.7
"""What a plain statement of a class counts as against each of its members; two speak against a drug of which nothing is
told, three against an edge that no text bears out."""
KEPT = 4_000
"""Pairs of a class and a disease that are remembered."""


class HeldDocuments(Protocol):
    """Holds the documents."""

    def document(self, identifier: str) -> Document | None:
        """One document."""
        ...

    def search(
        self,
        query: str,
        corpus: CorpusGroup | None = None,
        limit: int = 10,
        require_all_of: Sequence[Sequence[str]] = (),
    ) -> SearchResult:
        """The passages that hold names of all groups."""
        ...


class Beside:
    """Reads what documents say of a drug's class, and of a disease by its signs.

    Args:
        literature: holds the documents; None where none may be used.
        setting: which corpora may be used.
    """

    def __init__(self, literature: HeldDocuments | None, setting: Corpora) -> None:
        self._literature, self._setting = literature, setting
        self._classes: dict[tuple[str, str], tuple[RoleSource, ...]] = {}

    def of_class(self, drug: Entity, disease: Entity) -> list[RoleSource]:
        """Return what is cited against a drug from documents on its classes: nothing where a class is of use.

        Args:
            drug: the drug.
            disease: the disease.
        """
        return [source for group in classes_of(drug) for source in self._of(group, disease)]

    def by_signs(self, drug: Entity, disease: Entity) -> list[RoleSource]:
        """Return the statements that a drug brings about signs of a disease, and those that it relieves them.

        Args:
            drug: the drug.
            disease: the disease.
        """
        signs = signs_of(disease)
        found = self._documents(drug, signs) if signs else ()
        return [
            source_of(document.id, claim)
            for document in found
            for claim in (claims_of(_text(document), drug, signs) if signs else ())
            if claim.role in (*PLAIN, *USES)
        ]

    def left_out(self, drug: Entity, disease: Entity) -> list[RoleSource]:
        """Return the criteria by which trials of a drug leave out people with a disease, which tells caution only.

        Args:
            drug: the drug.
            disease: the disease.
        """
        trials = self._documents(drug, disease, corpora=("trials",))
        claims = ((document.id, left_out_of(_text(document), drug, disease)) for document in trials)
        return [source_of(name, claim) for name, claim in claims if claim is not None]

    def _of(self, group: Entity, disease: Entity) -> tuple[RoleSource, ...]:
        key = (group.id, disease.id)
        if key not in self._classes:
            self._classes[key] = tuple(self._read(group, disease))
        while len(self._classes) > KEPT:
            self._classes.pop(next(iter(self._classes)), None)
        return self._classes.get(key, ())

    def _read(self, group: Entity, disease: Entity) -> Iterator[RoleSource]:
        """Yield the statements against a class, weighed as such, where they outweigh those for it."""
        found = list(self._claims(group, disease))
        signs = signs_of(disease)
        found += self._claims(group, signs) if signs else []
        if not decide(found).is_harmful:
            return
        plain = sorted((one for one in found if one.role in PLAIN), key=lambda one: (one.weight, one.source_id))
        plainest = {one.source_id: one for one in plain}
        for one in sorted(plainest.values(), key=lambda one: (-one.weight, one.source_id))[:MOST]:
            yield one.model_copy(update={"weight": one.weight * OF_A_CLASS, "member": group.name})

    def _claims(self, drug: Entity, disease: Entity) -> Iterator[RoleSource]:
        for document in self._documents(drug, disease):
            for claim in claims_of(_text(document), drug, disease):
                if claim.names_both and (claim.role in PLAIN or (claim.role in USES and claim.weight >= 1)):
                    yield source_of(document.id, claim)

    def _documents(
        self, drug: Entity, disease: Entity, corpora: Sequence[CorpusGroup] = ("articles", "trials")
    ) -> Iterable[Document]:
        """Yield documents that hold a name of each, those of allowed corpora; retracted ones are left out."""
        if self._literature is None:
            return
        names = [names_for_search(one) for one in (drug, disease)]
        for corpus in corpora:
            if self._setting in {corpus, "both"}:
                hits = self._literature.search(
                    f"{drug.name} {disease.name} induced", corpus, READ, require_all_of=names
                )
                read = (self._literature.document(hit.document_id) for hit in hits.hits)
                yield from (document for document in read if document is not None and not document.retracted)


def source_of(identifier: str, claim: Claim) -> RoleSource:
    """A claim of a document as the source of a role."""
    return RoleSource(
        source_id=identifier, role=claim.role, weight=claim.weight, sentence=claim.sentence, names_both=claim.names_both
    )


def with_left_out(said: Sequence[RoleSource], left_out: Sequence[RoleSource]) -> list[RoleSource]:
    """Return what documents say, and whom trials leave out where next to nothing tells a use.

    A drug for one disease of two that go together is tried in many trials that leave out those treated for the other.

    Args:
        said: what documents say of the drug in the disease.
        left_out: the criteria by which trials of the drug leave out people with the disease.
    """
    used = sum(one.weight for one in said if one.role in USES) >= 1
    return list(said) if used else [*said, *left_out]


def _text(document: Document) -> str:
    return f"{document.title}.\n{document.text}"
