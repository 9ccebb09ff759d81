"""What the literature says of a drug in a disease, as one vector: the mean of MiniLM's vectors of the retrieved spans.

The passages are those that the agent's own tool finds for the pair. Of each, the sentences that name the drug or the
disease are embedded, the first few where none does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from kedrec.agents.offline.question_features import corpora_of
from kedrec.arrays import Vectors
from kedrec.records import Corpora, Entity, Finding
from kedrec.tools.embedders.minilm import packaged
from kedrec.tools.literature_tools import LiteratureTools, mentions
from kedrec.tools.text.tokens import sentence_spans

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World

__all__ = ["text_vectors"]

WIDTH = 384
PASSAGES, SENTENCES, CHARACTERS = 2, 3, 400
"""Passages of a pair and corpus, sentences of a passage, and characters of these that are embedded."""
AT_ONCE = 400
"""Pairs whose vectors are kept together; what a kill costs at most."""


def text_vectors(world: World, task: Task, setting: Corpora) -> Vectors:
    """What is written on each candidate of each question, training questions first.

    Args:
        world: the stores.
        task: the questions.
        setting: which corpora are used; zeros with `none`.

    Returns:
        The vectors of each corpus side by side, and how many passages of it name both; all zeros where nothing was
        found. Shape (questions, 2, corpora * 385).
    """
    questions = task.both()
    pairs = list(dict.fromkeys((one.disease, drug) for one in questions for drug in one.drugs))
    place = {pair: row for row, pair in enumerate(pairs)}
    parts = [_of_corpus(world, corpus, pairs) for corpus in corpora_of(setting)]
    table = np.concatenate([np.zeros((len(pairs), 0), np.float32), *parts], axis=1)
    rows = np.array([[place[one.disease, drug] for drug in one.drugs] for one in questions])
    found: Vectors = table[rows]
    return found


def _of_corpus(world: World, corpus: str, pairs: Sequence[tuple[str, str]]) -> Vectors:
    """The vectors of all pairs from one corpus, a part at a time, shape (pairs, 385)."""
    parts = [pairs[start : start + AT_ONCE] for start in range(0, len(pairs), AT_ONCE)]
    names = [f"spans-{world.key(corpus, part)[:16]}.npy" for part in parts]
    return np.concatenate(
        [world.saved(name, partial(_embedded, world, corpus, part)) for name, part in zip(names, parts, strict=True)]
    )


def _embedded(world: World, corpus: str, pairs: Sequence[tuple[str, str]]) -> Vectors:
    tools = LiteratureTools(world.resources.literature(), world.resources.toolbox("none").graph, PASSAGES)
    owners, texts, both = list[int](), list[str](), np.zeros(len(pairs), np.float32)
    for row, (disease, drug) in enumerate(pairs):
        for finding in _found(tools, corpus, disease, drug):
            both[row] += disease in finding.about
            owners.append(row)
            texts.append(_spans(world, finding, disease, drug))
    means = np.zeros((len(pairs), WIDTH), np.float32)
    for numbers, vectors in packaged().rounds(texts) if texts else ():
        np.add.at(means, [owners[number] for number in numbers], vectors)
    count = np.bincount(owners, minlength=len(pairs))[:, None] if owners else np.ones((len(pairs), 1))
    return np.concatenate((means / np.maximum(count, 1), both[:, None]), axis=1).astype(np.float32)


def _found(tools: LiteratureTools, corpus: str, disease: str, drug: str) -> Sequence[Finding]:
    search = tools.search_trials if corpus == "trials" else tools.search_articles
    return search(disease, drug).findings


def _spans(world: World, finding: Finding, disease: str, drug: str) -> str:
    """The sentences of a passage that name either, cut where they are long."""
    entities = [found for name in (disease, drug) if (found := world.store.get(name)) is not None]
    sentences = [finding.text[start:end] for start, end in sentence_spans(finding.text)]
    chosen = list(_naming(sentences, entities)) or sentences
    return " ".join(chosen[:SENTENCES])[:CHARACTERS]


def _naming(sentences: Sequence[str], entities: Sequence[Entity]) -> Iterator[str]:
    return (one for one in sentences if any(mentions(one, entity) for entity in entities))
