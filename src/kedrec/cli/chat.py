"""`kedrec chat`, on the terminal or on a pipe: reads messages, shows answers while they come, obeys commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kedrec.cli.terminal.console import say, settings
from kedrec.cli.terminal.options import Model, SettingOption
from kedrec.errors import KedrecError

if TYPE_CHECKING:
    from rich.live import Live

    from kedrec.agents.chat.conversation import Conversation
    from kedrec.agents.chat.saved_conversations import ChatHistory
    from kedrec.agents.workflow.events import Event

__all__ = ["chat"]

PROMPT = "\n> "
WELCOME = "Ask about drugs for a disease, for instance: Why baricitinib rather than sulfasalazine for alopecia areata?"
HELP = """\
Ask in plain words, and follow up: "and compared with methotrexate?", "what about its safety?", "and for psoriasis?",
"why?", "in plain words", "show me P1", "which has fewer infections?", "in pregnancy?", "no, I meant …", "start over"
/evidence  all evidence of the last answer     /new   forget what this is about
/help      this                                /quit  leave (or Ctrl-D; Ctrl-C stops an answer)"""
LINES_SHOWN = 8


def chat(
    setting: SettingOption = None,
    model: Model = None,
    go_on: Annotated[bool, typer.Option("--continue", help="Go on with the last conversation.")] = False,
) -> None:
    """Type:  kedrec chat

    Talk about drugs for diseases. Follow-ups such as "and compared with methotrexate?", "what about its safety?" and
    "and for psoriasis?" are understood. Ctrl-C stops an answer, and at the prompt the chat; /help lists the commands.
    """
    resolved = settings(setting=setting, model=model)
    from kedrec.agents.agent import Agent, new_trace_id
    from kedrec.agents.chat.conversation import Conversation
    from kedrec.agents.chat.saved_conversations import ChatHistory

    with Agent.open(resolved) as agent:
        history = ChatHistory(resolved.home / "chat", None if go_on else new_trace_id())
        if not history.conversation:
            history.begin(new_trace_id())
        conversation = Conversation(agent, resolved.setting, history.topic())
        try:
            Talk(conversation, history).run()
        finally:
            history.close()


class Talk:
    """Reads and answers until the user leaves.

    Args:
        conversation: answers.
        history: keeps what was said.
    """

    def __init__(self, conversation: Conversation, history: ChatHistory) -> None:
        from rich.console import Console

        self._conversation, self._history = conversation, history
        self._console = Console()
        self._typed = sys.stdin.isatty()
        self._commands: dict[str, Callable[[], None]] = {
            "/help": self._help,
            "/new": self._new,
            "/evidence": self._evidence,
        }

    def run(self) -> None:
        """Talk until `/quit` or the end of the input.

        Raises:
            KeyboardInterrupt: on Ctrl-C at the prompt.
        """
        if self._typed:
            import readline  # noqa: F401 - gives the prompt its line editing

            topic = self._conversation.topic
            going_on = f"Going on about {topic.disease.query}. " if topic.disease else ""
            say(f"{going_on}{WELCOME}  /help for more.")
        while (line := self._read()) is not None and line not in ("/quit", "/exit"):
            if line.startswith("/"):
                self._commands.get(line, self._unknown)()
            elif line:
                self._answer(line)

    def _read(self) -> str | None:
        """The next message; None at the end of the input."""
        if self._typed:
            try:
                return input(PROMPT).strip()
            except EOFError:
                return None
        line = sys.stdin.readline()
        return line.strip() if line else None

    def _answer(self, line: str) -> None:
        """Answer a message; Ctrl-C stops this answer and nothing else, a mistake is one line."""
        try:
            with Watching() as watching:
                reply = self._conversation.reply(line, watching.told if watching.shown else None)
            self._history.add(line, reply, self._conversation.topic)
            for note in reply.notes:
                self._print(note, style="dim")
            if reply.kind == "question":
                self._print(reply.text)
            else:
                from kedrec.cli.terminal.answer_view import print_reply

                print_reply(reply)
        except KeyboardInterrupt:
            say("stopped; the chat goes on. Ctrl-C again or /quit leaves it.")
        except KedrecError as error:
            say(f"kedrec: {error}")

    def _print(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, highlight=False)

    def _help(self) -> None:
        self._print(HELP)

    def _new(self) -> None:
        from kedrec.agents.agent import new_trace_id
        from kedrec.agents.chat.conversation import Topic

        self._conversation.topic = Topic()
        self._history.begin(new_trace_id())
        self._print("A new conversation.")

    def _evidence(self) -> None:
        evidence = self._conversation.topic.evidence
        if not evidence:
            self._print("There is no evidence yet: ask something first.")
        else:
            for key, entry in evidence.items():
                self._print(f"  [{key}] {entry.text}")
                self._print(f"       {entry.source_id}", style="dim")

    def _unknown(self) -> None:
        say("No such command. /help lists them.")


class Watching(AbstractContextManager["Watching"]):
    """Shows on a terminal, while an answer is made, the step that is on and the end of what the model has written.

    What is shown here is the model's draft and goes away; the answer that passed the check comes after it.
    """

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self.shown = self._console.is_terminal
        self._step, self._text = "", ""
        self._live: Live | None = None

    def __enter__(self) -> Watching:
        if self.shown:
            from rich.live import Live

            self._live = Live(console=self._console, transient=True, refresh_per_second=12)
            self._live.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._live is not None:
            self._live.stop()

    def told(self, event: Event) -> None:
        """Take in an event of the run."""
        from kedrec.agents.workflow.events import STEPS

        if event.kind == "step_started":
            self._step, self._text = STEPS.get(event.step, event.step), ""
        elif event.kind == "token":
            self._text += event.text
        if self._live is not None:
            from rich.text import Text

            lines = [f"{self._step} …", *self._text.splitlines()[-LINES_SHOWN:]]
            self._live.update(Text("\n".join(lines), style="dim"))
