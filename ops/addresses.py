"""Where the servers are, for every command but `up`: named by the operator, or embedded and running."""

from typing import Final

import msgspec

from ops.embedded import postgres, valkey
from ops.embedded.layout import Layout, layout
from ops.errors import OperatorError
from ops.roles.users import key_in, login
from ops.supervisor import instance
from schema.roles import ADMIN, on_postgres
from schema.settings import Settings

VARIABLES: Final = {
    valkey.LOG: "SEALSTREAM_LOG_URL",
    valkey.BOARD: "SEALSTREAM_BOARD_URL",
    postgres.NAME: "SEALSTREAM_DATABASE_URL",
}


def resolved(settings: Settings, role: str) -> Settings:
    """`settings` with all three addresses; those of embedded servers are the role's.

    Raises OperatorError if one is neither named nor running."""
    return msgspec.structs.replace(
        settings,
        log_url=log(settings, role),
        board_url=board(settings, role),
        database_url=database(settings, role),
    )


def log(settings: Settings, role: str) -> str:
    """The log's address alone."""
    return settings.log_url or _embedded(settings, valkey.LOG, role)


def database(settings: Settings, role: str) -> str:
    """The database's address alone."""
    return settings.database_url or _embedded(settings, postgres.NAME, role)


def board(settings: Settings, role: str) -> str:
    """The board's address alone."""
    return settings.board_url or _embedded(settings, valkey.BOARD, role)


def _embedded(settings: Settings, name: str, role: str) -> str:
    places = layout(settings.data)
    if not instance.is_held(places):
        raise OperatorError(
            f"No Sealstream runs in {settings.data}, and {VARIABLES[name]} names no server. "
            "Start `sealstream up`, or set SEALSTREAM_DATA to the directory of the running one "
            "(with `make run`: .sealstream)."
        )
    return address(name, places, role)


def address(name: str, places: Layout, role: str) -> str:
    """The role's address of an embedded server."""
    if name != postgres.NAME:
        return valkey.url(name, places, login(key_in(places.data), name, role))
    return postgres.url(places) if role == ADMIN else postgres.url(places, role=on_postgres(role))
