"""Where the servers are, for every command but `up`: named by the operator, or embedded and running."""

import msgspec

from ops.embedded import postgres, valkey
from ops.embedded.layout import layout
from ops.errors import OperatorError
from ops.supervisor import instance
from schema.settings import Settings


def resolved(settings: Settings) -> Settings:
    """`settings` with all three addresses. Raises OperatorError if one is neither named nor running."""
    return msgspec.structs.replace(
        settings,
        log_url=log(settings),
        board_url=settings.board_url or _embedded(settings, valkey.BOARD),
        database_url=database(settings),
    )


def log(settings: Settings) -> str:
    """The log's address alone."""
    return settings.log_url or _embedded(settings, valkey.LOG)


def database(settings: Settings) -> str:
    """The database's address alone."""
    return settings.database_url or _embedded(settings, postgres.NAME)


def board(settings: Settings) -> str:
    """The board's address alone."""
    return settings.board_url or _embedded(settings, valkey.BOARD)


def _embedded(settings: Settings, name: str) -> str:
    places = layout(settings.data)
    if not instance.is_held(places):
        variable = {valkey.LOG: "LOG", valkey.BOARD: "BOARD", postgres.NAME: "DATABASE"}[name]
        raise OperatorError(
            f"No Sealstream runs in {settings.data}, and SEALSTREAM_{variable}_URL names no server. "
            "Start `sealstream up`, or set SEALSTREAM_DATA to the directory of the running one "
            "(with `make run`: .sealstream)."
        )
    return postgres.url(places) if name == postgres.NAME else valkey.url(name, places)
