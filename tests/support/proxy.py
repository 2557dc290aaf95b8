"""A TCP proxy in front of a server's socket, which does to its connections what networks do."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self, cast
from urllib.parse import urlsplit

from schema import tasks

CHUNK = 64 * 1024
SLOW_CHUNK = 4 * 1024
TURNS_TO_ACCEPT = 5
"""Of the event loop, until the coroutine of an accepted socket has begun. A server that is closed before
leaves the socket open."""


class Proxy:
    """Passes everything on until told otherwise.

    `asked` and `answered` are the two directions: cleared, nothing passes that way and nobody is told, as
    when a cable is pulled (both: a stall; one: half-open). `delay` holds every chunk for so many seconds.
    `cut` ends the connections there are; while `away` there are no new ones. `rate` is how many bytes a
    second pass towards who asked (None: as many as come).
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.asked, self.answered = asyncio.Event(), asyncio.Event()
        self.delay = 0.0
        self.rate: float | None = None
        self.away = False
        self.url = ""
        self._links: set[asyncio.StreamWriter] = set()
        self._carriers: set[asyncio.Task[None]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.mend()

    @classmethod
    @asynccontextmanager
    async def before(cls, target: str, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Self]:
        """Listens on a free port in front of the server at `target` (`unix://…` or `http://HOST:PORT`); with
        `tls` it ends TLS."""
        proxy = cls(target)
        server = await asyncio.start_server(proxy._connected, "127.0.0.1", 0, ssl=tls)
        plain = "redis" if proxy._target.scheme == "unix" else proxy._target.scheme
        scheme = "rediss" if tls else plain
        proxy.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield proxy
        finally:
            for _ in range(TURNS_TO_ACCEPT):
                await asyncio.sleep(0)
            server.close()
            await proxy._end()

    def lead_to(self, target: str) -> None:
        """New connections go to the server at `target`, as when a name is pointed elsewhere."""
        self._target = urlsplit(target)

    def stall(self) -> None:
        """Nothing passes; connections stay, and new ones can be made."""
        self.asked.clear()
        self.answered.clear()

    def half_open(self) -> None:
        """What is asked arrives; the answers do not."""
        self.answered.clear()

    def cut(self) -> None:
        """Ends every connection, whatever is under way in it."""
        for writer in tuple(self._links):
            writer.transport.abort()

    def mend(self) -> None:
        """All passes again; what was held passes now."""
        self.away, self.delay = False, 0.0
        self.asked.set()
        self.answered.set()

    async def _end(self) -> None:
        """A connection that is being made is not cancelled: asyncio would leave its socket open."""
        self.away = True
        self.cut()
        for pump in self._pumps:
            pump.cancel()
        if self._carriers:
            await asyncio.wait(self._carriers)
        await asyncio.sleep(0)  # Sockets are closed in the turn after that of their transports.

    async def _connected(self, asking: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        carrier = cast("asyncio.Task[None]", asyncio.current_task())
        self._carriers.add(carrier)
        self._links.add(back)
        try:
            if not self.away:
                await self._carry(asking, back)
        finally:
            back.transport.abort()
            self._links.discard(back)
            self._carriers.discard(carrier)

    async def _carry(self, asking: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            answering, to = await self._connect()
        except OSError:
            return
        if back.transport.is_closing():
            to.transport.abort()
            return
        self._links.add(to)
        pumps = {
            asyncio.create_task(self._pump(asking, to, self.asked)),
            asyncio.create_task(self._pump(answering, back, self.answered, slowed=True)),
        }
        self._pumps |= pumps
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        self._links.discard(to)
        to.transport.abort()
        await tasks.end(pumps)
        self._pumps -= pumps

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._target.scheme == "unix":
            return await asyncio.open_unix_connection(self._target.path)
        return await asyncio.open_connection(self._target.hostname, self._target.port)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        passing: asyncio.Event,
        *,
        slowed: bool = False,
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(SLOW_CHUNK if slowed and self.rate else CHUNK):
                if slowed and self.rate:
                    await asyncio.sleep(len(chunk) / self.rate)
                if self.delay:
                    await asyncio.sleep(self.delay)
                await passing.wait()
                target.write(chunk)
                await target.drain()
