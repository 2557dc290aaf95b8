"""Connections as the node serves them: aiohttp's, with bounds on time, and problems instead of plain text.

Invariant: a connection that sends no whole request head in time, sends a body or takes an answer drop by
drop, or only idles, is closed after a stated time, whatever it does; and every refusal over HTTP is a problem
document, also of what is not HTTP at all. Their number is bounded (`relay.http.connection_limit`).
The one place that knows the inside of aiohttp's protocol (pinned).
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, cast

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from relay.admission.room import Room
from relay.http import headers, problems
from relay.http.connection_limit import ConnectionLimit, refusal
from relay.sockets.intake import Intake
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

HEAD_SECONDS: Final = 10.0
"""From the opening of the connection, or the first byte of a later request, to the end of the head."""
EXCHANGE_SECONDS: Final = 120.0
"""From a request's head to the last byte of its answer taken by the network; of a file, to the next piece of
it (`keep_going`). Sockets live on."""
IDLE_SECONDS: Final = 150.0
"""Between two requests; longer than reverse proxies keep theirs, so that they are the ones to close."""
LEFTOVER_SECONDS: Final = 5.0
"""How long the rest of a body that nobody asked for is read, so that the client can read the answer."""


class Runner(web.AppRunner):
    """Runs the application on such connections. Compressed bodies are refused: nothing may inflate them."""

    def __init__(self, app: web.Application, room: Room, **options: Any) -> None:
        super().__init__(
            app, access_log=None, auto_decompress=False, keepalive_timeout=IDLE_SECONDS,
            lingering_time=LEFTOVER_SECONDS, **options,
        )  # fmt: skip
        self._room = room

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        options = made._kwargs  # noqa: SLF001 - pinned, as below
        limit = ConnectionLimit(self._room.calls)
        return _Server(limit, made.request_handler, request_factory=made.request_factory, **options)


class _Server(web.Server):
    def __init__(self, limit: ConnectionLimit, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limit = limit

    def __call__(self) -> RequestHandler:
        return _Connection(self._limit, self, loop=self._loop, **self._kwargs)


def keep_going(request: web.Request) -> None:
    """A piece of a file was taken: the exchange has its time anew."""
    if isinstance(request.protocol, _Connection):
        request.protocol.restart_exchange()


class _Connection(RequestHandler):
    __slots__ = ("_exchange_timer", "_head_timer", "_limit", "intake")

    def __init__(self, limit: ConnectionLimit, *args: Any, **options: Any) -> None:
        self._exchange_timer: asyncio.TimerHandle | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._limit = limit
        self.intake: Intake | None = None
        super().__init__(*args, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._limit.add(self):
            cast("asyncio.Transport", transport).write(refusal())  # uvloop's is no subclass of it
            self.force_close()
            return
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self._head_overdue)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._payload_parser is not None:
            return  # a socket's frames
        if not self._waits_for_head():
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self._loop.call_later(HEAD_SECONDS, self._head_overdue)

    def set_parser(self, parser: Any, *args: Any, **options: Any) -> None:
        """The connection becomes a socket: it has a place of its own (`relay.sockets.unauthenticated`), and
        what it sends passes an intake."""
        self._limit.remove(self)
        self.intake = Intake(self, parser)
        super().set_parser(self.intake, *args, **options)  # type: ignore[arg-type]  # it feeds the parser

    def hold_reading(self) -> None:
        """Nothing is read from the network until `release_reading`."""
        super()._pause_transport_reading()

    def release_reading(self) -> None:
        """Reads again, unless what was read before waits to be taken."""
        if not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()

    def _resume_transport_reading(self) -> None:
        if self.intake is None or not self.intake.pauses:
            super()._resume_transport_reading()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._limit.remove(self)
        self._stop_head_timer()
        super().connection_lost(exc)
        self.intake = None

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may quote the request
    ) -> web.StreamResponse:
        """The answer to what could not be parsed. The log gets neither the peer's address nor its words."""
        log.info("request_malformed", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way already")
        answer = problems.response(Refusal("invalid", "This is not a well-formed HTTP request.", status=400))
        answer.headers.update(headers.ALWAYS)
        answer.force_close()
        return answer

    async def _handle_request(
        self,
        request: BaseRequest,
        start_time: float | None,
        request_handler: Callable[[Any], Awaitable[web.StreamResponse]],
    ) -> tuple[web.StreamResponse, bool]:
        self.restart_exchange()
        try:
            return await super()._handle_request(
                request, start_time, partial(problems.answered, request_handler)
            )
        finally:
            if self._exchange_timer is not None:
                self._exchange_timer.cancel()

    def restart_exchange(self) -> None:
        """The exchange has its whole time from now on."""
        if self._exchange_timer is not None:
            self._exchange_timer.cancel()
        self._exchange_timer = self._loop.call_later(EXCHANGE_SECONDS, self._exchange_overdue)

    def waits(self) -> bool:
        """See ConnectionLimit."""
        return self._payload_parser is None and self._waits_for_head()

    def _waits_for_head(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_overdue(self) -> None:
        self._head_timer = None
        if self._waits_for_head():
            log.info("head_overdue")
            self.force_close()

    def _exchange_overdue(self) -> None:
        if self._payload_parser is None and self.transport is not None:
            log.info("exchange_overdue")
            self.transport.abort()
