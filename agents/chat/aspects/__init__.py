"""What graph and literature say of a drug in a group of people, of one harm, or of two drugs taken together."""

from __future__ import annotations

from kedrec.agents.chat.aspects.likelier import effect_asked, told_of_harm
from kedrec.agents.chat.aspects.listed import LISTED
from kedrec.agents.chat.aspects.look_up import NOT_FOUND, Looked, limits_of, look_up
from kedrec.agents.chat.aspects.new_evidence import ASPECT
from kedrec.agents.offline.harms.weigher import NOTE as NOT_RULED_OUT

__all__ = [
    "ASPECT",
    "LISTED",
    "NOT_FOUND",
    "NOT_RULED_OUT",
    "Looked",
    "effect_asked",
    "limits_of",
    "look_up",
    "told_of_harm",
]
