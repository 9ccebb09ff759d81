"""What graph and literature say of a drug in a group of people, of one harm, or of two drugs taken together."""

from __future__ import annotations

from kedrec.agents.chat.aspects.look_up import Looked, look_up
from kedrec.agents.chat.aspects.new_evidence import ASPECT

__all__ = ["ASPECT", "Looked", "look_up"]
