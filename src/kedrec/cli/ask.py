"""`kedrec ask`: one question in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.compare import show_outcome, step_bar
from kedrec.cli.terminal.console import Json, emit_json, progress, say, settings
from kedrec.cli.terminal.options import Brief, Model, SettingOption
from kedrec.errors import UserError

if TYPE_CHECKING:
    from kedrec.agents.chat.conversation import Reply
    from kedrec.agents.chat.question_parser import Understanding

__all__ = ["ask"]


def ask(
    question: Annotated[str, typer.Argument(help="A question about drugs for a disease, in plain words.")],
    setting: SettingOption = None,
    model: Model = None,
    json_output: Json = False,
    brief: Brief = False,
) -> None:
    """Type:  kedrec ask "Why baricitinib rather than sulfasalazine for alopecia areata?"

    Answer a question in plain words. One drug is looked at alone, unless the question is what is better; with none, the
    three best-ranked are weighed. Asks back, with exit code 2, where a name is ambiguous or the disease is missing.
    """
    resolved = settings(setting=setting, model=model)
    from kedrec.agents.prompting.answer_format import LONGEST_QUESTION, refuse_too_long

    refuse_too_long(question, LONGEST_QUESTION, "The question")
    from kedrec.agents.agent import Agent
    from kedrec.agents.chat.conversation import Conversation

    with Agent.open(resolved) as agent, progress() as bar:
        conversation = Conversation(agent, resolved.setting)
        reply = conversation.reply(question, step_bar(bar))
    if reply.kind == "question" and conversation.understood is not None:
        _ask_back(conversation.understood, reply.text, json_output)
    for note in reply.notes:
        say(note)
    _show(reply, json_output, brief=brief)


def _show(reply: Reply, json_output: bool, *, brief: bool) -> None:
    """Print an answer; what the question is about comes first, and with `--brief` alone."""
    if reply.kind == "recommendation" and reply.recommendation is not None and not reply.topics:
        show_outcome(reply.recommendation, json_output, brief=brief)
    elif json_output:
        emit_json(reply.recommendation or reply)
    else:
        from kedrec.cli.terminal.answer_view import print_reply

        print_reply(reply, brief=brief)


def _ask_back(understood: Understanding, text: str, json_output: bool) -> None:
    """Say what is missing; as JSON, what was understood is on stdout all the same."""
    if json_output:
        emit_json(understood)
    else:
        from kedrec.agents.chat.question_parser import said_how

        for match in ([understood.disease] if understood.disease else []) + list(understood.drugs):
            say(f"Understood {said_how(match)}.")
    raise UserError(text)
