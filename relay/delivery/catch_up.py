"""Catch-up: what a socket is owed, from the mailbox in Postgres, until it may go live.

Invariant: presence was registered before the head is read here, and accepting appends before the
pusher looks presence up; so every envelope is either at or below the head that is read, or will be pushed to
this node, or handed over by it (`relay.delivery.hand_over`). The socket goes live only in the same step in
which nothing is missing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from relay import metrics
from relay.database import Database, transaction
from relay.delivery.live import LiveSocket
from relay.delivery.lost_numbers import LostNumbers
from relay.delivery.window import Verdict
from relay.identity import prekeys
from relay.log.mailbox_log import MailboxLog
from relay.log.replies import Mailbox
from schema import tasks
from schema.backoff import Backoff
from schema.events import EnvelopeAccepted
from schema.failures import AWAY
from schema.refusals import Refusal
from schema.wire_socket import CaughtUp

log = structlog.get_logger(__name__)

PAGE_ENVELOPES: Final = 64
DOUBTED_AT_ONCE: Final = 64
"""Catch-ups under way of those that one lost inbox entry makes necessary."""
GAP_SECONDS: Final = 0.25
"""How long a missing number may be on its way. One that another node accepted comes through the log, the
pusher and the board, some milliseconds later than one that this node accepted."""
ENDING_SECONDS: Final = 3.5
"""A device that is closed has its sockets ended by its session's end; a node learns of that within two."""

SELECT_PAGE: Final = """
    SELECT seq, id, from_user, from_device, kind, body, at
      FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS bytes_before
              FROM envelopes
             WHERE user_id = %s AND device_id = %s AND seq > %s
             ORDER BY seq
             LIMIT %s) AS page
     WHERE bytes_before < %s
     ORDER BY seq
"""
"""No more bodies are read than there is room for, and one that exceeds it."""

Work = Callable[[LiveSocket], Coroutine[Any, Any, None]]


class CatchUp:
    """Starts and runs catch-ups; never two at once for one socket."""

    def __init__(self, mailbox_log: MailboxLog, database: Database, log_id: UUID) -> None:
        self._log = mailbox_log
        self._database = database
        self._log_id = str(log_id)
        self._tasks: set[asyncio.Task[None]] = set()
        self._doubted: dict[LiveSocket, None] = {}
        self._doubting: asyncio.Task[None] | None = None

    def start(self, socket: LiveSocket) -> None:
        """Begins to catch up, unless it is under way."""
        self._started(socket)

    def wait(self, socket: LiveSocket) -> None:
        """A push came before an earlier number, which is mostly on its way from another node. Begins to catch
        up when none comes for GAP_SECONDS."""
        if not socket.awaits_number:
            socket.awaits_number = True
            asyncio.get_running_loop().call_later(GAP_SECONDS, self._waited, socket, socket.window.sent)

    def _waited(self, socket: LiveSocket, sent: int) -> None:
        socket.awaits_number = False
        if not socket.live:
            return
        if socket.window.sent >= socket.highest_pushed:
            socket.forget_pushes()
        elif socket.window.sent == sent:
            self.start(socket)
        else:
            self.wait(socket)

    def expect(self, socket: LiveSocket, seq: int) -> None:
        """The mailbox has that number: begins to catch up, unless the socket has it."""
        socket.highest_pushed = max(socket.highest_pushed, seq)
        if socket.live and socket.window.sent < seq:
            self.start(socket)

    def start_all(self, sockets: Iterable[LiveSocket]) -> None:
        """Has each of them catch up, `DOUBTED_AT_ONCE` at a time: log and database serve others meanwhile. A
        socket whose turn is yet to come stays live, and a gap that it sees begins its catch-up at once."""
        self._doubted.update(dict.fromkeys(sockets))
        if self._doubted and (self._doubting is None or self._doubting.done()):
            self._doubting = self._keep(asyncio.create_task(self._start_in_turn()))

    async def _start_in_turn(self) -> None:
        under_way: set[asyncio.Task[None]] = set()
        while self._doubted:
            socket = next(iter(self._doubted))
            del self._doubted[socket]
            if (task := self._started(socket)) is not None:
                under_way.add(task)
            if len(under_way) >= DOUBTED_AT_ONCE:
                _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)

    def look(self, socket: LiveSocket) -> None:
        """Envelopes expired: notifies the device of those that it does not know of, by the directory, and
        continues if there is room."""
        self._begin(socket, self._look)

    async def close(self) -> None:
        """Ends every catch-up."""
        await tasks.end(self._tasks)

    def _started(self, socket: LiveSocket) -> "asyncio.Task[None] | None":
        """None when it was under way."""
        socket.live = False
        if socket.catching_up or socket.ended:
            return None
        socket.catching_up = True
        return self._keep(asyncio.create_task(self._guarded(socket, self._run)))

    def _begin(self, socket: LiveSocket, work: Work) -> None:
        self._keep(asyncio.create_task(self._guarded(socket, work)))

    def _keep(self, task: "asyncio.Task[None]") -> "asyncio.Task[None]":
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, socket: LiveSocket, work: Work) -> None:
        """A bug must not leave a socket that is never live, and a client that does not know: it shall come
        back."""
        try:
            await work(socket)
        except Exception:
            log.exception("catch_up_failed")
            if not socket.ended:
                metrics.ENDED.labels("shutdown").inc()
                socket.end("shutdown")

    async def _look(self, socket: LiveSocket) -> None:
        waiting = Backoff(first=0.1, factor=1.5, most=2.0)
        while not socket.ended:
            try:
                mailbox = await self._log.mailbox(socket.user, socket.device)
            except Refusal:
                await asyncio.sleep(waiting.next())
                continue
            if mailbox is not None:
                self._settle(socket, mailbox)
                if not socket.live:
                    self.start(socket)  # perhaps no acknowledgement is to come that would
            return

    async def _mark_notified(self, socket: LiveSocket, expired: int) -> None:
        waiting = Backoff(first=0.1, factor=1.5, most=2.0)
        while not socket.ended:
            try:
                await self._log.mark_notified(socket.user, socket.device, expired)
            except Refusal:
                await asyncio.sleep(waiting.next())
            else:
                return

    async def _notify_low(self, socket: LiveSocket) -> None:
        """Prekeys may have been taken while the device was away. A hint: without the database, none."""
        try:
            async with transaction(self._database) as connection:
                found = await prekeys.remaining(connection, socket.user, [socket.device])
        except AWAY as error:
            log.info("prekeys_not_counted", error=type(error).__name__)
            return
        if (left := found[socket.device]).low:
            socket.emit("prekeys.low", prekeys.low_notice(left.available, left.few_kem))

    async def _run(self, socket: LiveSocket) -> None:
        metrics.CATCH_UPS.inc()
        waiting = Backoff(first=0.02, factor=1.5, most=0.5)
        lost = LostNumbers(self._log, self._database)
        try:
            while not socket.ended:
                try:
                    if await self._step(socket, waiting, lost):
                        return
                except AWAY as error:
                    log.warning("catch_up_waits", error=type(error).__name__)
                    await asyncio.sleep(waiting.next())
                except Refusal:
                    await asyncio.sleep(waiting.next())
        finally:
            socket.catching_up = False

    async def _step(self, socket: LiveSocket, waiting: Backoff, lost: LostNumbers) -> bool:
        """Sends what can be sent now; True when the catch-up is over (live, full, or ended)."""
        mailbox = await self._log.mailbox(socket.user, socket.device)
        if mailbox is None:
            # Closing a device ends its sessions too, with the reason; this is for the case that their end
            # never arrives.
            await asyncio.sleep(ENDING_SECONDS)
            socket.end("revoked")
            return True
        self._settle(socket, mailbox)
        window = socket.window
        head = max(mailbox.head, socket.highest_pushed)
        if window.sent >= head:
            return self._go_live(socket, head)
        if window.room <= 0 or socket.room <= 0:
            return self._wait_for_room(socket)
        before = window.sent
        full = not socket.queue_remembered()
        metrics.CAUGHT_UP.inc(socket.flush())  # before the page is waited for, which may fail
        full = full or socket.room <= 0
        if not full and window.sent < mailbox.head:
            full = not self._queue_page(socket, await self._page(socket))
            metrics.CAUGHT_UP.inc(socket.flush())
        if full:
            return self._wait_for_room(socket)
        if window.sent != before or await lost.given_up(socket.user, socket.device, window.sent + 1, mailbox):
            waiting.reset()
        else:
            await asyncio.sleep(waiting.next())
        return False

    def _wait_for_room(self, socket: LiveSocket) -> bool:
        """Ends the catch-up; an acknowledgement, or what the client received, starts the next."""
        if socket.room <= 0:
            socket.when_room(lambda: self.start(socket))
        return True

    def _go_live(self, socket: LiveSocket, head: int) -> bool:
        socket.live = True
        socket.forget_pushes()
        if not socket.caught_up_once:
            socket.caught_up_once = True
            socket.emit("caught_up", msgspec.to_builtins(CaughtUp(head, self._log_id)))
            self._begin(socket, self._notify_low)
        return True

    def _settle(self, socket: LiveSocket, mailbox: Mailbox) -> None:
        """Envelopes that need no sending any more. The device is notified of expired ones, so that the
        counts add up.

        The notice is marked once the client has received it: a lost notice is sent again.
        """
        socket.window.settle(max(mailbox.cursor, mailbox.floor))
        since = max(mailbox.notified, socket.notified_expired)
        if mailbox.expired > since and not socket.ended:
            socket.notified_expired = mailbox.expired
            socket.emit("expired", {"upto": mailbox.floor, "count": mailbox.expired - since})
            remember = partial(self._mark_notified, expired=mailbox.expired)
            socket.when_received(lambda: self._begin(socket, remember))

    def _queue_page(self, socket: LiveSocket, page: list[tuple[Any, ...]]) -> bool:
        for seq, envelope_id, from_user, from_device, kind, body, at in page:
            event = EnvelopeAccepted(
                user=socket.user,
                device=socket.device,
                at=at,
                id=envelope_id,
                from_user=from_user,
                from_device=from_device,
                kind=kind,
                body=bytes(body),
            )
            verdict = socket.queue(seq, event)
            if verdict is Verdict.FULL:
                return False
            if verdict is Verdict.GAP:
                break  # the projection is not that far yet
        return socket.queue_remembered()

    async def _page(self, socket: LiveSocket) -> list[tuple[Any, ...]]:
        window = socket.window
        limit, most = min(PAGE_ENVELOPES, window.room), min(window.room_bytes, socket.room)
        async with transaction(self._database) as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(SELECT_PAGE, (socket.user, socket.device, window.sent, limit, most))
            rows: list[tuple[Any, ...]] = await cursor.fetchall()
            return rows
