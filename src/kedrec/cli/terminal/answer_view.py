"""Recommendations, rankings and replies for people, on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kedrec.agents.offline.roles.weighed import NAMING_BOTH
from kedrec.agents.prompting.answer_format import KINDS, NO_EVIDENCE
from kedrec.agents.prompting.domain_questions import QUESTION_TITLES
from kedrec.characters import shortened
from kedrec.graphdb.groups import TAKEN_AS_ONE
from kedrec.records import Answer, Evidence, Match, Recommendation, Sentence, in_brackets

if TYPE_CHECKING:
    from rich.console import Console

    from kedrec.agents.chat.conversation import Reply
    from kedrec.agents.recommend import Ranking

__all__ = ["SHOWN", "print_ranking", "print_recommendation", "print_reply"]

SHOWN = 280
"""Characters of a piece of evidence that are printed."""


def print_recommendation(recommendation: Recommendation, *, brief: bool = False) -> None:
    """What failed, how names were understood, the choice, why, on what evidence, and what was not found.

    Args:
        recommendation: the outcome.
        brief: leave out the answers to the domain questions, the evidence and how it was weighed.
    """
    console = _console()
    for failure in recommendation.failed:
        console.print(f"FAILED: {failure}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    for match in recommendation.matches:
        console.print(_understood(match), style="dim", highlight=False)
    names = {drug.id: drug.name for drug in recommendation.candidates}
    console.print()
    if recommendation.choice is None:
        console.print(recommendation.undecided, style="bold", markup=False, highlight=False)
    else:
        line = f"{recommendation.name_of(recommendation.choice)} {recommendation.chosen_as}"
        console.print(line, style="bold", end="", markup=False, highlight=False)
        why = ": what it was to rest on failed, as said above" if recommendation.failed else ""
        console.print(f"   {recommendation.sure}{why}", style="cyan", highlight=False)
    console.print()
    if not brief:
        _print_answers(console, recommendation.answers, names)
    _print_sentences(console, recommendation.sentences)
    told = list(recommendation.sentences)
    if recommendation.choice is None:
        told += _print_found(console, recommendation)
    if not brief or recommendation.choice is None:
        _print_evidence(console, told, recommendation.evidence)
        _print_weights(console, recommendation, names)
    _print_not_found(console, recommendation.not_found)
    _print_notes(console, "Struck out by the check:", recommendation.struck_out)
    console.print(_closing(recommendation), style="dim", markup=False, highlight=False)


def print_reply(reply: Reply, *, brief: bool = False) -> None:
    """What is said to a message: an answer, sides of one, and what was looked up beside it, with its evidence.

    Args:
        reply: what is said.
        brief: of a whole answer, only the choice, its reasons and what was not found.
    """
    console = _console()
    if reply.kind == "recommendation" and reply.recommendation is not None:
        print_recommendation(reply.recommendation, brief=brief)
    for topic in reply.topics:
        if topic.title:
            console.print(f"\n{topic.heading}", style="bold", markup=False, highlight=False)
        _print_sentences(console, [Sentence(text=topic.answer.text, citations=topic.answer.citations)])
    cited = [Sentence(text="", citations=topic.answer.citations) for topic in reply.topics]
    _print_evidence(console, cited, reply.cited, count=False)
    if reply.kind == "topic":
        trace = f"from trace {reply.trace_id}. " if reply.trace_id else ""
        console.print(f"\n{trace}Not medical advice.", style="dim", markup=False, highlight=False)


def print_ranking(ranking: Ranking) -> None:
    """Drugs for a disease, best first, with what speaks for each."""
    console = _console()
    console.print(f"{ranking.disease.name} ({ranking.disease.id})", style="bold", markup=False, highlight=False)
    for place, drug in enumerate(ranking.drugs, 1):
        doubt = "" if drug.use_told else "   (by likeness: nothing found tells of a use of it in this disease)"
        console.print(f"{place:3}. {drug.name}   {drug.score:+.2f}{doubt}", markup=False, highlight=False)
        _print_sentences(console, drug.sentences, indent=6)
    if ranking.set_aside:
        console.print("\nLeft out, as no treatment:", style="bold")
    aside = [one.sentence for one in ranking.set_aside]
    _print_sentences(console, aside, indent=2)
    sentences = [sentence for drug in ranking.drugs for sentence in drug.sentences] + aside
    _print_evidence(console, sentences, ranking.evidence)
    _print_not_found(console, ranking.not_found)
    console.print("Ranked by rule from the graph and the literature; not medical advice.", style="dim")


def _console() -> Console:
    from rich.console import Console

    return Console()


def _understood(match: Match) -> str:
    if match.entity is None:
        return f"{match.query}: {match.match}"
    how = "" if match.match == "exact" else f", {match.match}"
    return f"{match.query} = {match.entity.name} ({match.entity.id}{how})"


def _print_sentences(console: Console, sentences: Iterable[Sentence], indent: int = 2) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for sentence in sentences:
        text = Text(sentence.text + " ")
        text.append(in_brackets(sentence.citations), style="green")
        console.print(Padding(text, (0, 0, 0, indent)))


def _print_evidence(
    console: Console, sentences: Iterable[Sentence], evidence: Mapping[str, Evidence], *, count: bool = True
) -> None:
    from rich.table import Table

    cited = dict.fromkeys(key for sentence in sentences for key in sentence.citations)
    if not cited:
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(style="green", no_wrap=True)
    table.add_column()
    for key in cited:
        table.add_row(_plain(f"[{key}]"), _plain(f"{shortened(evidence[key].text, SHOWN)}\n{_source(evidence[key])}"))
    console.print("\nEvidence", style="bold")
    console.print(table)
    more = len(evidence) - len(cited)
    if count and more > 0:
        console.print(f"and {more} more found, not cited", style="dim", highlight=False)


def _print_answers(console: Console, answers: Iterable[Answer], names: Mapping[str, str]) -> None:
    """Which way the answer to each domain question speaks, and where it stands, drugs side by side."""
    from rich.padding import Padding
    from rich.table import Table

    told = {(one.question.key, one.question.drug): one for one in answers if one.text != NO_EVIDENCE}
    if not told:
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("", *(_plain(name) for name in names.values()), style="dim")
    for key in dict.fromkeys(question for question, _ in told):
        cells = [_plain(_stance(told.get((key, drug)))) for drug in names]
        table.add_row(_plain(QUESTION_TITLES.get(key, key)), *cells)
    console.print(Padding(table, (0, 0, 1, 2)))


def _print_found(console: Console, recommendation: Recommendation) -> list[Sentence]:
    """What was found on each domain question where nothing is chosen: an abstention hides none of it."""
    shown = list[Sentence]()
    for drug in recommendation.candidates:
        own = [one for one in recommendation.answers if one.question.drug == drug.id and one.text != NO_EVIDENCE]
        for answer in own:
            title = QUESTION_TITLES.get(answer.question.key, answer.question.key)
            console.print(f"{title}: {drug.name} ({answer.stance})", style="bold", markup=False, highlight=False)
            shown.append(Sentence(text=answer.text, citations=answer.citations))
            _print_sentences(console, shown[-1:])
    return shown


def _stance(answer: Answer | None) -> str:
    """`supports [K1][P2]`; a dash where nothing was found."""
    return f"{answer.stance} {in_brackets(answer.citations)}" if answer else "–"


def _print_weights(console: Console, recommendation: Recommendation, names: Mapping[str, str]) -> None:
    """What each group of evidence adds to each candidate's score, drugs side by side."""
    from rich.table import Table

    groups = dict.fromkeys(factor.group for score in recommendation.scores for factor in score.factors)
    if not groups:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column()
    for _ in recommendation.scores:
        table.add_column(justify="right")
    table.add_row("", *(_plain(names.get(score.id, score.id)) for score in recommendation.scores))
    for group in groups:
        shares = [sum(f.share for f in score.factors if f.group == group) for score in recommendation.scores]
        table.add_row(_plain(group), *(f"{share:+.2f}" for share in shares))
    console.print("\nHow it was weighed", style="bold", end="")
    console.print(" (by rule, no language model; log-odds against the other candidates)", style="dim", highlight=False)
    console.print(table)


def _source(entry: Evidence) -> str:
    return f"{KINDS[entry.key[0]]}: {entry.source_id}"


def _print_not_found(console: Console, notes: Iterable[str]) -> None:
    """Print which ids were joined, how much was found, and apart from that what was not found."""
    kept = list(dict.fromkeys(notes))
    joined = [note for note in kept if note.startswith(TAKEN_AS_ONE)]
    counted = [note for note in kept if note.startswith(NAMING_BOTH)]
    _print_notes(console, "Several ids:", joined)
    _print_notes(console, "How much was found:", counted)
    _print_notes(console, "Not found:", (note for note in kept if note not in (*joined, *counted)))


def _print_notes(console: Console, title: str, notes: Iterable[str]) -> None:
    lines = list(notes)
    if lines:
        console.print(f"\n{title}", style="bold")
    for line in lines:
        console.print(f"  {shortened(line, SHOWN)}", markup=False, highlight=False)


def _closing(recommendation: Recommendation) -> str:
    by_rule = "; weighed by rule, no language model" if recommendation.model == "offline" else ""
    trace = f"; trace {recommendation.trace_id}" if recommendation.trace_id else ""
    return f"\nsetting {recommendation.setting}, model {recommendation.model}{by_rule}{trace}. Not medical advice."


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)
