"""Whether log and database belong together, asked by commands that start the relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from ops.errors import OperatorError
from schema import log_identity, servers
from schema.log_identity import Begin, LogUnfit
from schema.partitions import PartitionsDiffer
from schema.settings import Settings

CONNECT_SECONDS = 5


def check_log(settings: Settings) -> None:
    """Returns when the two belong together; the first start makes them. Raises OperatorError."""

    async def settle() -> None:
        assert settings.log_url
        assert settings.database_url
        client = servers.client(settings.log_url)
        try:
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
            database_url, connect_timeout=CONNECT_SECONDS
        ) as connection:
            yield connection

    return begin
