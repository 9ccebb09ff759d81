"""A recorded answer as Markdown that keeps citations, hashes and date."""

from __future__ import annotations

from kedrec.agents.answer_html.citations import cited_keys, source_address
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.prompting.domain_questions import QUESTION_TITLES
from kedrec.agents.traces.labels import asked
from kedrec.records import Answer, Recommendation, Trace, in_brackets
from kedrec.records.verdict import CANNOT_TELL, NO_CHOICE

__all__ = ["markdown_of"]


def markdown_of(trace: Trace) -> str:
    """Question, choice, reasons, the drugs side by side, the cited evidence whole, data and date of a run."""
    made, parts = trace.recommendation, [f"# {asked(trace)}"]
    if made is None:
        parts.append(f"**Failed:** {(trace.error or {}).get('message', 'the run came to no end')}")
    else:
        parts += [_choice(made), _sentences(made), _side_by_side(made), _evidence(made)]
    facts = {"run": trace.id, "date": trace.created, "model": trace.config.get("model"), **trace.data}
    parts += ["## Origin", "\n".join(f"- {name}: {value}" for name, value in facts.items()), "Not medical advice."]
    return "\n\n".join(part for part in parts if part) + "\n"


def _choice(made: Recommendation) -> str:
    failed = "".join(f"**Failed:** {failure}\n\n" for failure in made.failed)
    if made.choice:
        return f"{failed}**{made.name_of(made.choice)}** {made.chosen_as}, {made.sure}"
    if made.leaning:
        told = f"**{CANNOT_TELL}** for {made.disease.name}, too close to call; {made.leans}."
        return f"{failed}{told} {made.abstained or ''}".strip()
    return f"{failed}**{NO_CHOICE}:** {made.abstained}"


def _sentences(made: Recommendation) -> str:
    said = [f"{at}. {one.text} {in_brackets(one.citations)}" for at, one in enumerate(made.sentences, 1)]
    notes = [*(f"struck out by the check: {note}" for note in made.struck_out), *made.not_found]
    return "\n".join([*said, *(["", *(f"- _{note}_" for note in notes)] if notes else [])]).strip()


def _side_by_side(made: Recommendation) -> str:
    """The answers to the domain questions, a row for each question."""
    found = {(one.question.key, one.question.drug): one for one in made.answers}
    if not found:
        return ""
    rows = [["", *(drug.name for drug in made.candidates)], ["---"] * (len(made.candidates) + 1)]
    for key in dict.fromkeys(key for key, _ in found):
        cells = [_cell(found.get((key, drug.id))) for drug in made.candidates]
        rows.append([QUESTION_TITLES.get(key, key), *cells])
    return "\n".join(f"| {' | '.join(' '.join(cell.replace('|', '&#124;').split()) for cell in row)} |" for row in rows)


def _cell(answer: Answer | None) -> str:
    if answer is None or answer.text == NO_EVIDENCE:
        return NO_EVIDENCE
    return f"_{answer.stance}_: {answer.text} {in_brackets(answer.citations)}"


def _evidence(made: Recommendation) -> str:
    lines = []
    for key in cited_keys(made):
        entry = made.evidence[key]
        source = source_address(entry.source_id) or entry.source_id
        lines.append(f"- [{key}] {' '.join(entry.text.split())} ({source})")
    return "\n\n".join(["## Evidence", "\n".join(lines)]) if lines else ""
