"""Which process articles name that a drug acts on: known of its targets, and named of the disease or the drug.

The graph says little of what a target does. Articles on the disease say what goes on in it; of that, what has to do
with the drug's targets by `kedrec.graphdb.vocabularies.gene_families` is told, as the articles call it, and no more
than that they name it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.rationale.likeness import listed
from kedrec.records import Entity, Evidence
from kedrec.tools.findings.process_terms import known_processes, process_key, process_terms
from kedrec.tools.literature_tools import is_retracted, mentions
from kedrec.tools.text.sentence_cues import sentences_of

__all__ = ["named_processes", "with_processes"]

MOST = 2
"""Processes that are told of one drug."""
ARTICLES = 2
"""Articles that are cited where one process is told."""


class _Named(NamedTuple):
    """A process in a sentence."""

    term: str
    """As the sentence writes it."""
    key: str
    """Key of the article."""
    drug: bool
    """Whether the sentence names the drug."""
    disease: bool
    """Whether it names the disease."""
    of_disease: bool
    """Whether the article does."""

    @property
    def closeness(self) -> int:
        """How closely the sentence ties the process to what was asked."""
        return 2 * self.disease + self.drug


def named_processes(
    task: Task, drug: Entity, words: Collection[str], said: Iterable[str] = ()
) -> tuple[str, tuple[str, ...]] | None:
    """Return a clause on the processes that articles name, and where; None where they name none that is known of it.

    Args:
        task: the question with its evidence.
        drug: the drug.
        words: beginnings of words for what the drug's targets have to do with, in lower case.
        said: what is told of the drug beside it; a process that stands there is not told again.
    """
    known = {process_key(term) for text in said for term in process_terms(text)}
    ranked = [named for key, named in _processes(task, drug, words).items() if key not in known]
    ranked.sort(key=lambda named: (named[0].closeness, len(named)), reverse=True)
    alike = [named for named in ranked if named[0].of_disease == ranked[0][0].of_disease][:MOST]
    if not alike:
        return None
    keys = tuple(dict.fromkeys(one.key for named in alike for one in named[: 1 if len(alike) > 1 else ARTICLES]))
    subject = task.disease if alike[0][0].of_disease else drug
    speaking = f"articles on {subject.name} speak" if len(keys) > 1 else f"an article on {subject.name} speaks"
    return f"{speaking} of {listed([named[0].term for named in alike], ' and ')}", keys


def with_processes(
    mechanism: tuple[str, tuple[str, ...]], named: tuple[str, tuple[str, ...]] | None
) -> tuple[str, tuple[str, ...]]:
    """Return a sentence on a drug's targets with what articles name, and where both stand.

    Args:
        mechanism: the sentence and its keys.
        named: the clause on processes and its keys; None where there is none.
    """
    if named is None:
        return mechanism
    return f"{mechanism[0].removesuffix('.')}; {named[0]}.", tuple(dict.fromkeys((*mechanism[1], *named[1])))


def _processes(task: Task, drug: Entity, words: Collection[str]) -> dict[str, list[_Named]]:
    """Each known process, with the closest sentence of each article on it, the closest article first.

    What is another one with something said of it (`tumor cell proliferation`) is left out beside it.
    """
    told: defaultdict[str, dict[str, _Named]] = defaultdict(dict)
    articles = [item for item in task.evidence.values() if item.key.startswith("P") and not is_retracted(item.text)]
    found = [one for item in articles for one in _named_in(item, drug, task.disease, words)]
    for one in sorted(found, key=lambda one: (-one.closeness, not one.of_disease)):
        told[process_key(one.term)].setdefault(one.key, one)
    plain = [key for key in told if not any(key.endswith(f" {other}") for other in told)]
    return {key: list(told[key].values()) for key in plain}


def _named_in(item: Evidence, drug: Entity, disease: Entity, words: Collection[str]) -> Iterator[_Named]:
    """The known processes that an article names in a sentence on the drug, or anywhere where it is on the disease."""
    of_disease = mentions(item.text, disease)
    for sentence in sentences_of(item.text):
        terms = [term for term in known_processes(sentence, words) if not mentions(term, disease)]
        by_name = (mentions(sentence, drug), mentions(sentence, disease)) if terms else (False, False)
        if of_disease or by_name[0]:
            yield from (_Named(term, item.key, *by_name, of_disease) for term in terms)
