"""A role for each kind of process: what it may do on PostgreSQL (`database`) and on log and board (`valkey`).

Invariant: a process whose code is somebody else's can do no more than the tables here say. They are the one
source of the grants, the access lists, the matrix in ops/roles.md and its tests.
"""

from typing import Final

from schema import keys

NODE: Final = "node"
PROJECTOR: Final = keys.PROJECTOR
PUSHER: Final = keys.PUSHER
RETENTION: Final = keys.RETENTION
RATE_LIMITER: Final = keys.RATE_LIMITER
AUDITOR: Final = "auditor"
"""`sealstream replay`, as far as it only reads."""
OPERATOR: Final = "operator"
"""The other commands of a running relay: `doctor`, `users`, `limits`, `quarantine`, `streams`, `keys`."""
ADMIN: Final = "admin"
"""Migrates, installs functions, repairs: everything. On PostgreSQL it is the owner of the tables."""

WORKERS: Final = (PROJECTOR, PUSHER, RETENTION, RATE_LIMITER)
ROLES: Final = (NODE, *WORKERS, AUDITOR, OPERATOR)
"""All but the administrator's, in the order of the matrix."""


def on_postgres(role: str) -> str:
    """The role's name in PostgreSQL."""
    return f"sealstream_{role.replace('-', '_')}"


def on_valkey(role: str) -> str:
    """The role's user on log and board."""
    return f"sealstream-{role}"
