"""Whether log and database belong together, asked by commands that start the relay."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from ops.errors import OperatorError
from schema import durability, log_identity, servers
from schema.log_identity import Begin, LogUnfit
from schema.partitions import PartitionsDiffer
from schema.settings import Settings

CONNECT_SECONDS = 5


def check_log(settings: Settings, tell: Callable[[str], None]) -> None:
    """Returns when the two belong together (the first start makes them), and the log loses nothing or may.

    Raises OperatorError."""

    async def settle() -> None:
        assert settings.log_url
        assert settings.database_url
        client = servers.client(settings.log_url)
        try:
            for words in await durability.check(client, unsafe_is_taken=settings.log_unsafe):
                tell(f"MESSAGES CAN BE LOST, as SEALSTREAM_LOG_UNSAFE allows: {words}")
            await log_identity.settle(client, begin_on(settings.database_url), settings.partitions)
        finally:
            await client.aclose()

    try:
        asyncio.run(settle())
    except LogUnfit as error:
        raise OperatorError(str(error)) from error
    except PartitionsDiffer as error:
        raise OperatorError(f"{str(error).capitalize()} (SEALSTREAM_PARTITIONS).") from error


def begin_on(database_url: str) -> Begin:
    """Transactions on the database, each on a connection of its own."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Any]:
        async with await psycopg.AsyncConnection.connect(
            database_url, connect_timeout=CONNECT_SECONDS, target_session_attrs="read-write"
        ) as connection:
            yield connection

    return begin
