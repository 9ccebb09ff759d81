"""What graph and literature say of a drug in a group of people, of one harm, or of two drugs taken together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kedrec.agents.chat.aspects.book import Book, answered
from kedrec.agents.chat.aspects.cautions import cautions
from kedrec.agents.chat.follow_ups import TopicAnswer
from kedrec.agents.chat.intents.cues import GROUPS
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Corpora, Entity, Evidence, Finding, edge_source
from kedrec.tools.graph_tools import HARMS
from kedrec.tools.harm_toolbox import RISKY, harm_worth, own_sentences
from kedrec.tools.literature_tools import is_retracted, mentions, record_finding

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.tools.library.writer import CorpusGroup

__all__ = ["NOT_FOUND", "Looked", "limits_of", "look_up"]

_COMPARES = re.compile(
    r"\b(?:which|fewer|less|more|safer|better|than|lower|higher|both|either|differ\w*)\b", re.IGNORECASE
)
NOT_COMPARED = "What is said of each stands side by side; no sentence quoted here compares them on this."
NOT_FOUND = "Where nothing was found, that does not mean it is safe: the literature here may lack it."
MOST_ASPECTS = 3
"""Aspects of one message that are looked up."""
HITS = 8
"""Passages looked through for one drug and aspect in a corpus."""
QUOTES = 2
"""Sentences quoted for one drug and aspect."""
EDGES = 500
"""Side effects of one drug that are looked at."""
_OTHERWISE = {
    "bleed": r"ha?emorrhag", "hair loss": r"alopecia", "heart attack": r"myocardial infarct",
    "stroke": r"cerebrovascular", "liver": r"hepat|transaminase", "kidney": r"renal|nephr", "clot": r"thromb",
    "swelling": r"o?edema", "shingles": r"zoster", "cancer": r"malignan|lymphoma|neoplas",
    "death": r"mortal|fatal|died", "infection": r"pneumonia|sepsis|tubercul|zoster",
}  # fmt: skip
"""Beginning of a word of harm -> how texts say it otherwise."""
_BETWEEN = re.compile(
    r"interact|concentration|plasma level|exposure|potentiat|\bauc\b|toxicit|\brisk|concomitant|co-?administ"
    r"|co-?medic"
    r"|combin|bleed|ha?emorrhag|rhabdomyolysis|together|concurrent|inhibit",
    re.IGNORECASE,
)
"""Words of what two drugs do to each other."""
_DOES = re.compile(r"interact|bleed|increas|risk|toxic|potentiat", re.IGNORECASE)
"""Those that tell most."""


class Aspect(NamedTuple):
    """What is asked about, as it is looked for."""

    name: str
    """As people word it."""
    words: tuple[str, ...]
    """Words of which a passage has to hold one."""
    pattern: re.Pattern[str]
    """Matches a sentence that speaks of it."""


class Looked(NamedTuple):
    """What a look-up came to."""

    topics: tuple[TopicAnswer, ...] = ()
    """An answer for each drug and aspect, where nothing was found as well."""
    evidence: dict[str, Evidence] = {}  # noqa: RUF012 - never changed
    """What they cite beyond what was known."""


def look_up(
    agent: Agent,
    setting: Corpora,
    drugs: Sequence[Entity],
    about: Sequence[str],
    *,
    disease: Entity | None = None,
    together: bool = False,
    harmful: Entity | None = None,
    known: Mapping[str, Evidence] | None = None,
) -> Looked:
    """Look up what is said of drugs in groups of people, of harms, or of two drugs taken together.

    Args:
        agent: its resources are asked.
        setting: which corpora are used.
        drugs: the drugs.
        about: groups of people and harms, as the message words them.
        disease: what the drugs are given for; sentences that name it come first.
        together: whether the question is about the drugs taken together.
        harmful: a disease in which harm of the drugs is asked about; only sentences of harm or safety are quoted.
        known: evidence that has keys already.
    """
    book, topics = Book(agent, setting, dict(known or {})), list[TopicAnswer]()
    for aspect in [_aspect(word) for word in dict.fromkeys(about)][:MOST_ASPECTS]:
        topics += [_one(book, drug, aspect, disease, risky=aspect.name not in GROUPS) for drug in drugs]
    if harmful:
        topics += [one for drug in drugs for one in _harm_in(book, drug, harmful)]
    if together and len(drugs) > 1:
        topics.append(_both(book, drugs[0], drugs[1]))
    return Looked(tuple(topics), book.new)


def limits_of(looked: Looked, drugs: Sequence[Entity], text: str) -> tuple[str, ...]:
    """Return what has to be said of what was looked up: that nothing compares the drugs, or that nothing was found.

    Args:
        looked: what was looked up.
        drugs: the drugs.
        text: the message.
    """
    answers = [topic.answer for topic in looked.topics]
    quoted = [f"{answer.text}" for answer in answers if answer.citations]
    compares = len(drugs) > 1 and quoted and _COMPARES.search(text)
    apart = compares and not any(all(mentions(one, drug) for drug in drugs) for one in quoted)
    missing = any(not answer.citations for answer in answers)
    return (*((NOT_COMPARED,) if apart else ()), *((NOT_FOUND,) if missing else ()))


def _harm_in(book: Book, drug: Entity, disease: Entity) -> Iterator[TopicAnswer]:
    """Yield what speaks of harm of a drug in a disease, and sentences that name both and speak of risk."""
    told = cautions(book, drug, disease)
    if told is not None:
        yield told
    named = _one(book, drug, _of_disease(disease), None, risky=True)
    if named.answer.citations and not (told and set(named.answer.citations) <= set(told.answer.citations)):
        yield named


def _aspect(word: str) -> Aspect:
    if word in GROUPS:
        return Aspect(word, _GROUP_WORDS[word], re.compile(rf"\b(?:{GROUPS[word]}|{_GROUP_MORE[word]})", re.IGNORECASE))
    plain = word.lower()
    stem = re.sub(r"(?:ies|es|s|ing)$", "", plain) if len(plain) > 5 else plain
    other = next((more for begun, more in _OTHERWISE.items() if plain.startswith(begun)), None)
    pattern = rf"\b(?:{re.escape(stem)}\w*{f'|{other}' if other else ''})"
    return Aspect(word, tuple(dict.fromkeys((plain, stem))), re.compile(pattern, re.IGNORECASE))


def _of_disease(ill: Entity) -> Aspect:
    """A disease as an aspect: any of its names."""
    names = [re.escape(name) for name in _names(ill)]
    return Aspect(ill.name, _names(ill), re.compile(rf"\b(?:{'|'.join(names)})", re.IGNORECASE))


_GROUP_WORDS: dict[str, tuple[str, ...]] = {
    "pregnancy": ("pregnancy", "pregnant"),
    "breastfeeding": ("breastfeeding", "lactation", "breast milk"),
    "children": ("children", "pediatric", "paediatric", "adolescents"),
    "older people": ("elderly", "older patients", "older adults", "geriatric"),
    "kidney failure": ("renal failure", "renal impairment", "kidney disease", "dialysis", "renal insufficiency"),
    "liver failure": ("hepatic impairment", "cirrhosis", "liver disease", "liver failure"),
    "alcohol": ("alcohol", "ethanol"),
    "driving": ("driving",),
    "surgery": ("surgery", "perioperative"),
    "vaccination": ("vaccination", "vaccine"),
}
"""Group -> words by which passages about it are found."""
_GROUP_MORE = dict.fromkeys(GROUPS, "(?!)") | {
    "pregnancy": r"f(?:o)?etus|embryo\w*|congenital|malformation\w*|birth defects?|abortion|trimester",
    "breastfeeding": r"breast milk|human milk",
    "kidney failure": r"creatinine|end[- ]stage renal",
    "liver failure": r"hepat\w+|child[- ]pugh",
}
"""Group -> how texts say it otherwise, as a pattern."""


def _one(book: Book, drug: Entity, aspect: Aspect, disease: Entity | None, *, risky: bool = False) -> TopicAnswer:
    """What is said of a drug on one aspect: the graph's side effect first, then sentences that name both."""
    told = list(_stated(book.agent, drug, aspect))
    words = " ".join(filter(None, (drug.name, disease.name if disease else "", aspect.name, "risk" if risky else "")))
    found = [
        (finding, sentence)
        for finding in _documents(book, words, drug, aspect.words)
        for sentence in _own_sentences(finding)
        if aspect.pattern.search(sentence) and mentions(sentence, drug) and (RISKY.search(sentence) or not risky)
    ]
    articles = [one for one in found if one[0].kind == "article"]
    told += _best(articles or found, lambda sentence: _worth(sentence, disease))
    name = f"{aspect.name[:1].upper()}{aspect.name[1:]}"
    within = f" in {disease.name}" if disease and not aspect.pattern.search(disease.name) else ""
    title = f"{name}{', harm or safety' if risky and disease is None else ''}: {drug.name}{within}"
    return answered(book, title, told, drug, disease.id if disease else "")


def _both(book: Book, one: Entity, other: Entity) -> TopicAnswer:
    """What is said of two drugs taken together: sentences that name both and tell what one does to the other."""
    found = (
        (finding, sentence)
        for finding in _documents(book, f"{one.name} {other.name} interaction", one, _names(other))
        for sentence in _own_sentences(finding)
        if finding.kind == "article"
        and mentions(sentence, one)
        and mentions(sentence, other)
        and _BETWEEN.search(sentence)
    )
    told = _best(found, lambda sentence: 2.0 * bool(_DOES.search(sentence)) + _worth(sentence, None))
    title = f"{one.name} together with {other.name}"
    return answered(book, title, told, one)


def _stated(agent: Agent, drug: Entity, aspect: Aspect) -> Iterator[tuple[Finding, str]]:
    """Yield the side effect of the graph that the aspect is."""
    resources = agent.resources
    store = resources.store.hiding(resources.hidden) if resources.hidden else resources.store
    toolbox = resources.toolbox("none")
    for edge in store.neighbours(drug.id, relation=HARMS, limit=EDGES):
        if is_therapeutic(edge.relation):
            continue
        effect = store.get(edge.tail if edge.head in drug.ids else edge.head)
        if effect is not None and aspect.pattern.match(effect.name):
            finding = toolbox.graph.edges_of(edge_source(edge.head, edge.relation, edge.tail))
            if finding is not None:
                yield finding, finding.text
                return


def _documents(book: Book, words: str, drug: Entity, others: Sequence[str]) -> Iterator[Finding]:
    """Yield documents that hold a name of the drug and one of the other words, articles first."""
    if book.setting == "none":
        return
    literature = book.agent.resources.literature()
    corpora: tuple[CorpusGroup, ...] = ("articles", "trials")
    for corpus in corpora:
        if book.setting in {corpus, "both"}:
            hits = literature.search(words, corpus, HITS, require_all_of=(_names(drug), tuple(others))).hits
            yield from (record_finding(literature, hit, (drug,)) for hit in hits)


def _own_sentences(finding: Finding) -> list[str]:
    """The sentences of a document that can be quoted; plans and criteria tell nothing, and a retracted article less."""
    if is_retracted(finding.text):
        return []
    return own_sentences(finding.text[finding.head :])


def _best(found: Iterable[tuple[Finding, str]], worth: Callable[[str], float]) -> list[tuple[Finding, str]]:
    """The sentences that tell most, one of each document."""
    best: dict[str, tuple[float, Finding, str]] = {}
    for finding, sentence in found:
        told = worth(sentence)
        if finding.source_id not in best or told > best[finding.source_id][0]:
            best[finding.source_id] = (told, finding, sentence)
    ranked = sorted(best.values(), key=lambda row: -row[0])
    return [(finding, sentence) for _, finding, sentence in ranked[:QUOTES]]


def _worth(sentence: str, disease: Entity | None) -> float:
    """How much a sentence tells: of the disease, of harm, in numbers, and not too long."""
    about = disease is not None and mentions(sentence, disease)
    return 2.0 * about + harm_worth(sentence)


def _names(entity: Entity) -> tuple[str, ...]:
    return (entity.name, *(name for name in entity.synonyms if len(name) > 3))
