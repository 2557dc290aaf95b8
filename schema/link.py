"""The hot path's connection to the log or the board: pipelined, written once per event-loop turn.

A command in flight is never cancelled and never repeated here. Its future ends in one of three ways:
the server's reply (a `ResponseError` is raised as itself), `NotSent` (the command never left, so it
had no effect), or `OutcomeUnknown` (it left, and the connection ended before the answer).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

import hiredis
import structlog
from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ResponseError

from schema import tasks
from schema.backoff import Backoff
from schema.failures import note_lacking
from schema.functions import connection_name
from schema.log_identity import ANOTHER_LOG, AnotherLog
from schema.primaries import NO_PRIMARY, NotPrimary, check_hello
from schema.servers import address

log = structlog.get_logger(__name__)


class NotSent(ConnectionError):
    """There is no connection; the command had no effect."""


class OutcomeUnknown(ConnectionError):
    """The connection ended while the command was in flight."""


class Commands(Protocol):
    """What the hot path asks of a server: one command, one future reply."""

    def execute(self, *command: bytes | str | int) -> "asyncio.Future[Any]":
        """The reply of `command`. The future raises ResponseError, NotSent or OutcomeUnknown."""


Execute = Callable[..., "asyncio.Future[Any]"]
Check = Callable[[Execute], Awaitable[None]]
"""Asks a new connection, before it is used, whether its server is the right one. Raises AnotherLog."""


class _Connection(asyncio.Protocol):
    """One socket; replies come in the order of the commands."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(replyError=ResponseError)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.oldest_since: float | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its bases

    def execute(self, command: tuple[bytes | str | int, ...]) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.lost.done():
            future.set_exception(NotSent("the connection is closed"))
            return future
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(hiredis.pack_command(command))  # type: ignore[arg-type]  # any length of tuple
        if not self._waiting:
            self.oldest_since = self._loop.time()
        self._waiting.append(future)
        return future

    def _flush(self) -> None:
        if self._transport is not None and self._out and not self.lost.done():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            self._waiting_reply(reply)
        self.oldest_since = self._loop.time() if self._waiting else None

    def _waiting_reply(self, reply: Any) -> None:
        future = self._waiting.popleft()
        if isinstance(reply, ResponseError) and str(reply).startswith((*NO_PRIMARY, ANOTHER_LOG)):
            self.abort()  # the address may lead to another server by now, or the server has another log
        if future.done():
            return
        if isinstance(reply, ResponseError):
            note_lacking(reply)
            future.set_exception(reply)
        else:
            future.set_result(reply)

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        error = OutcomeUnknown("the connection ended before the answer")
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(error)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Link:
    """A connection that comes back: reopened with backoff, aborted when the oldest command in flight
    has waited `stall_seconds` (a server cut off half-way must not hold answers indefinitely). A replica, and
    a server that does not pass `check`, count as away; one that stops being a primary is given up, and its
    address looked up again. `at` replaces host and port of `url`."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        stall_seconds: float = 5.0,
        check: Check | None = None,
        at: tuple[str, int] | None = None,
    ) -> None:
        self._address = address(url)
        if at is not None:
            assert isinstance(self._address, Connection)
            self._address.host, self._address.port = at
        self._name = name
        self._stall = stall_seconds
        self._check = check
        self._connection: _Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        """Opens the connection and keeps it open. Raises OSError or ResponseError if it cannot be opened."""
        self._connection = await self._open()
        self.connected.set()
        self.begin()

    def begin(self) -> None:
        """Opens the connection as soon as that is possible, and keeps it open."""
        self._task = asyncio.create_task(self._keep(), name=f"link-{self._name}")

    @property
    def host(self) -> str:
        """The server's, by which this process reaches it."""
        assert isinstance(self._address, Connection)
        return str(self._address.host)

    async def close(self) -> None:
        """Ends the connection; commands in flight end as OutcomeUnknown."""
        if self._task is not None:
            await tasks.end([self._task])
        if self._connection is not None:
            self._connection.abort()

    def drop(self) -> None:
        """Gives the present connection up; the next one is checked anew."""
        if self._connection is not None:
            self._connection.abort()

    def execute(self, *command: bytes | str | int) -> "asyncio.Future[Any]":
        """See Commands.execute."""
        if self._connection is None:
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            future.set_exception(NotSent(f"no connection to the {self._name}"))
            return future
        return self._connection.execute(command)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._connection is None:
                self._connection = await self._reopen()
                self.connected.set()
                log.info("link_back", server=self._name)
            connection = self._connection
            while not connection.lost.done():
                await asyncio.wait([connection.lost], timeout=min(1.0, self._stall / 2))
                since = connection.oldest_since
                if since is not None and loop.time() - since > self._stall:
                    log.warning("link_stalled", server=self._name)
                    connection.abort()
                    await connection.lost
            self.connected.clear()
            self._connection = None
            log.warning("link_lost", server=self._name)

    async def _reopen(self) -> _Connection:
        backoff = Backoff(first=0.05, factor=2.0, most=2.0)
        is_logged = False
        while True:
            try:
                async with asyncio.timeout(self._stall):  # wait_for can swallow a cancellation
                    return await self._open()
            except AnotherLog as error:
                if not is_logged:
                    log.error("log_is_another", reason=str(error))  # noqa: TRY400 - no bug
                is_logged = True
            except NotPrimary:
                if not is_logged:
                    log.warning("server_is_a_replica", server=self._name)
                is_logged = True
            except (OSError, ConnectionError, ResponseError, TimeoutError):
                pass
            await asyncio.sleep(backoff.next())

    async def _open(self) -> _Connection:
        at = self._address
        loop = asyncio.get_running_loop()
        if isinstance(at, UnixDomainSocketConnection):
            _, connection = await loop.create_unix_connection(_Connection, at.path)
        else:
            tls = at.ssl_context.get() if isinstance(at, SSLConnection) else None
            _, connection = await loop.create_connection(_Connection, at.host, at.port, ssl=tls)
        try:
            if at.password:
                await connection.execute(("AUTH", at.username or "default", at.password))
            if at.db:
                await connection.execute(("SELECT", at.db))
            await connection.execute(("PING",))  # a server that is still loading refuses
            await connection.execute(("CLIENT", "SETNAME", connection_name()))
            check_hello(await connection.execute(("HELLO",)))
            if self._check is not None:
                await self._check(lambda *command: connection.execute(command))
        except BaseException:
            connection.abort()
            raise
        return connection
