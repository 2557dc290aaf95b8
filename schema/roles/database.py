"""What each role may do with each table. A cell is written as in GRANT; a verb may name its columns.

- The projections are the projector's to write. A node takes one-time prekeys out (`schema.tables`).
- `log_identity`: the first process to start proposes the id; none can change it afterwards.
- The rate-limiter holds `overrides` still while it copies them: LOCK TABLE asks for UPDATE.
- Rows that follow a foreign key are deleted by the owner's right.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from schema.roles import AUDITOR, NODE, OPERATOR, PROJECTOR, PUSHER, RATE_LIMITER, RETENTION, ROLES

ALL: Final = "SELECT INSERT UPDATE DELETE"
READ: Final = "SELECT"
_PROPOSE: Final = "SELECT INSERT UPDATE(settled)"
_PROJECTION: Final = {NODE: READ, PROJECTOR: ALL, AUDITOR: READ, OPERATOR: ALL}

GRANTS: Final[dict[str, dict[str, str]]] = {
    "users": {NODE: ALL, AUDITOR: "SELECT(user_id)", OPERATOR: ALL},
    "overrides": {RATE_LIMITER: "SELECT UPDATE", OPERATOR: ALL},
    "login_sessions": {
        NODE: "SELECT INSERT UPDATE", RETENTION: "SELECT DELETE", OPERATOR: "SELECT INSERT UPDATE",
    },
    "refresh_tokens": {NODE: ALL, RETENTION: "SELECT DELETE", OPERATOR: READ},
    "signing_keys": {NODE: ALL, OPERATOR: ALL},
    "relay_keys": {
        NODE: "SELECT INSERT", RETENTION: "SELECT INSERT", AUDITOR: READ, OPERATOR: READ,
    },
    "log_identity": {
        NODE: _PROPOSE, PROJECTOR: _PROPOSE, PUSHER: _PROPOSE, RETENTION: _PROPOSE, RATE_LIMITER: _PROPOSE,
        AUDITOR: READ, OPERATOR: READ,
    },
    "archive_heads": {RETENTION: "SELECT INSERT UPDATE", AUDITOR: READ, OPERATOR: READ},
    "devices": {**_PROJECTION, RETENTION: READ},
    "identities": _PROJECTION,
    "one_time_prekeys": {**_PROJECTION, NODE: "SELECT UPDATE DELETE"},
    "used_prekeys": {**_PROJECTION, NODE: "SELECT INSERT", RETENTION: "SELECT DELETE"},
    "kem_prekeys": {**_PROJECTION, NODE: "SELECT UPDATE DELETE"},
    "used_kem_prekeys": {**_PROJECTION, NODE: "SELECT INSERT", RETENTION: "SELECT DELETE"},
    "blobs": {**_PROJECTION, NODE: ALL, RETENTION: "SELECT UPDATE DELETE"},
    "mailboxes": {**_PROJECTION, RETENTION: READ},
    "envelopes": {**_PROJECTION, RETENTION: READ},
    "checkpoints": {**_PROJECTION, PUSHER: READ, RETENTION: READ, RATE_LIMITER: READ},
    "entry_digests": {
        PROJECTOR: ALL, RETENTION: "SELECT DELETE", AUDITOR: READ, OPERATOR: "SELECT UPDATE",
    },
    "alembic_version": {AUDITOR: READ, OPERATOR: READ},
}  # fmt: skip

_VERB: Final = re.compile(r"([A-Z]+)(?:\((\w+)\))?")


class Right(NamedTuple):
    """`column` is empty for the whole table."""

    role: str
    table: str
    verb: str
    column: str


def rights() -> Iterator[Right]:
    """All of GRANTS."""
    for table, cells in GRANTS.items():
        for role in ROLES:
            for verb, column in _VERB.findall(cells.get(role, "")):
                yield Right(role, table, verb, column)
