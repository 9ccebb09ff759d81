"""What a drug is to a disease, by the graph and the literature, with what is cited for it: treatment, cause, test."""

from __future__ import annotations

from kedrec.agents.offline.roles.found import by_keys, is_no_drug, role_in, roles_of
from kedrec.agents.offline.roles.reader import RoleReader
from kedrec.agents.offline.roles.role import HARMFUL, ROLES, Role, RoleName, RoleSource, decide

__all__ = [
    "HARMFUL",
    "ROLES",
    "Role",
    "RoleName",
    "RoleReader",
    "RoleSource",
    "by_keys",
    "decide",
    "is_no_drug",
    "role_in",
    "roles_of",
]
