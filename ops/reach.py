"""The servers for one command: opened, handed to it, closed; what they raise becomes one sentence.

Promise: a command that fails because a server is away names that server and why, and never shows an address.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from ops.errors import OperatorError
from schema.roles import OPERATOR
from schema.settings import Settings

T = TypeVar("T")


class Reached:
    """The servers of one command. Each is opened on first use."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self.settings = settings
        self._stack = stack

    async def log(self) -> Any:
        """A client of the log, which answers. Raises OperatorError."""
        return await self._client("log", self.settings.log_url)

    async def board(self) -> Any:
        """A client of the board, which answers. Raises OperatorError."""
        return await self._client("board", self.settings.board_url)

    async def database(self) -> Any:
        """A connection to the database that commits by itself."""
        import psycopg  # noqa: PLC0415 - as every command's imports: `--help` is quick

        assert self.settings.database_url
        connection = await psycopg.AsyncConnection.connect(
            self.settings.database_url, autocommit=True, connect_timeout=5
        )
        self._stack.push_async_callback(connection.close)
        return connection

    async def _client(self, name: str, url: str | None) -> Any:
        from ops.trouble import valkey_in_words  # noqa: PLC0415
        from schema import servers  # noqa: PLC0415

        assert url
        client = servers.client(url)
        self._stack.push_async_callback(client.aclose)
        with valkey_in_words(f"The {name} is"):
            await client.ping()
        return client


def run(do: Callable[[Reached], Awaitable[T]]) -> T:
    """Returns the result of `do`. Raises OperatorError when no server is named or running, or one is away."""
    from ops.addresses import resolved  # noqa: PLC0415
    from ops.streams.groups import NeverStarted  # noqa: PLC0415
    from ops.trouble import database_in_words, valkey_in_words  # noqa: PLC0415

    settings = resolved(Settings.from_env(os.environ), OPERATOR)

    async def within() -> T:
        async with AsyncExitStack() as stack:
            return await do(Reached(settings, stack))

    try:
        with database_in_words(), valkey_in_words("The log or the board is"):
            return asyncio.run(within())
    except NeverStarted as error:
        raise OperatorError(
            "No relay has used this log yet. Start one, or check SEALSTREAM_LOG_URL."
        ) from error
