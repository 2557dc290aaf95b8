"""The subject of the checks: the settings, and the servers that answer."""

from typing import Any

import msgspec

from schema.settings import Settings


class Patient(msgspec.Struct, frozen=True):
    """`log` and `board` are clients, `database` is a connection that commits by itself; None: it is away, and
    `why` says why. `answered_ms` holds how long each took to answer."""

    settings: Settings
    log: Any
    board: Any
    database: Any
    why: dict[str, str]
    answered_ms: dict[str, float]
