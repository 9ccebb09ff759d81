"""The ledger of one run: every citable thing that was found gets a key, once, and the sentences of it that tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from kedrec.agents.offline.mechanism import words_of_action
from kedrec.agents.prompting.answer_format import LETTERS
from kedrec.records import Entity, Evidence, Finding
from kedrec.tools.findings.drug_actions import action_worth, course_worth
from kedrec.tools.findings.process_terms import known_processes
from kedrec.tools.literature_tools import joined_names
from kedrec.tools.text.naming import Naming, naming
from kedrec.tools.text.spans import excerpt, telling_spans, words_of

__all__ = ["Ledger"]

_KNOWN = 2.0
"""What it adds that a sentence names a process that has to do with what the drugs act on."""


class Ledger:
    """Gives keys to findings, and chooses the sentences of passages that tell something of what was asked.

    Args:
        disease: the disease in question.
        drugs: the candidates.
        entries: what it holds already: key -> evidence as plain data.
    """

    def __init__(
        self, disease: Entity, drugs: Sequence[Entity], entries: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self._disease, self._drugs = disease, drugs
        self._entries = {key: Evidence.model_validate(entry) for key, entry in (entries or {}).items()}
        self._keys = {(key[0], entry.source_id): key for key, entry in self._entries.items()}
        passages = [entry for entry in self._entries.values() if entry.passage]
        self._shown = [words_of(entry.passage[start:end]) for entry in passages for start, end in entry.spans]
        self._graph, self._words = 0, frozenset[str]()
        self._last = {letter: sum(key[0] == letter for key in self._entries) for letter in LETTERS.values()}

    def add(self, findings: Iterable[Finding]) -> list[str]:
        """Enter findings; one that is there already keeps its key and its text, and gains what it is about.

        Returns:
            Their keys, in order.
        """
        return [self._enter(finding) for finding in findings]

    def text(self, key: str) -> str:
        """What of a piece of evidence is shown."""
        return self._entries[key].text

    def plain(self) -> dict[str, dict[str, Any]]:
        """All entries as plain data, in the order in which they were found."""
        return {key: entry.model_dump(mode="json") for key, entry in self._entries.items()}

    def _enter(self, finding: Finding) -> str:
        letter = LETTERS[finding.kind]
        known = self._keys.get((letter, finding.source_id))
        if known is not None:
            entry = self._entries[known]
            if not set(finding.about) <= set(entry.about):
                merged = tuple(dict.fromkeys([*entry.about, *finding.about]))
                self._entries[known] = entry.model_copy(update={"about": merged})
            return known
        self._last[letter] += 1
        key = f"{letter}{self._last[letter]}"
        self._keys[letter, finding.source_id] = key
        self._entries[key] = self._evidence(key, finding)
        return key

    def _evidence(self, key: str, finding: Finding) -> Evidence:
        """A finding with its key; of a passage, its title and the sentences that tell."""
        made = Evidence(key=key, source_id=finding.source_id, text=finding.text, about=finding.about)
        if finding.kind == "graph":
            return made
        drugs, ill = (
            [naming(drug).within(finding.text) for drug in self._drugs],
            naming(self._disease).within(finding.text),
        )
        spans = telling_spans(
            finding.text, finding.head, [drug.is_in for drug in drugs], ill.is_in, joined_names(self._disease),
            acts=partial(_acts, drugs=drugs, disease=ill, acted_on=self._acted_on()), shown=self._shown,
        )  # fmt: skip
        self._shown += [words_of(finding.text[start:end]) for start, end in spans]
        text = f"{finding.text[: finding.head]}{excerpt(finding.text, spans)}".strip()
        return made.model_copy(update={"text": text, "passage": finding.text, "spans": spans})

    def _acted_on(self) -> frozenset[str]:
        """Words for what the drugs act on, as far as the graph has been asked."""
        graph = [entry for key, entry in self._entries.items() if key.startswith("K")]
        if len(graph) != self._graph:
            self._graph = len(graph)
            self._words = frozenset().union(*(words_of_action(graph, drug) for drug in self._drugs))
        return self._words


def _acts(sentence: str, drugs: Sequence[Naming], disease: Naming, acted_on: Collection[str]) -> float:
    """How much a sentence explains how one of the drugs acts, or how the disease arises; names what they act on."""
    acting = max(action_worth(sentence, drug.places(sentence)) for drug in drugs)
    told = acting or course_worth(sentence, disease.places(sentence))
    return told + _KNOWN * bool(known_processes(sentence, acted_on))
