"""The node's inbox: pushes and notices from the board, taken to the sockets.

Invariant: a lost or doubled entry cannot lose or reorder a message. The entries are counted; when
one is missing, every socket of this node reads its mailbox again and is registered again (see
`relay.delivery.board_registration`): the entry may have told of a replaced socket, an evicted user or a
change of presence.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import structlog
from redis.exceptions import ResponseError

from relay import metrics
from relay.delivery.catch_up import CatchUp
from relay.delivery.live import LiveSocket
from relay.delivery.registry import Registry
from relay.delivery.window import Verdict
from relay.identity import prekeys
from schema import inbox, keys
from schema.backoff import Backoff
from schema.link import Link, NotSent, OutcomeUnknown

log = structlog.get_logger(__name__)

BLOCK_MS: Final = 2000
ENTRIES_AT_ONCE: Final = 32
"""An entry may hold a whole batch of the pusher."""
ITEMS_AT_ONCE: Final = 64
"""Then heartbeats, and everything else, have their turn."""
TRIM_SECONDS: Final = 1.0
TRIM_BYTES: Final = 1024 * 1024
"""Read entries are trimmed after this time or size. Each trim is a command and its reply."""
EPHEMERAL_UNSENT_BYTES: Final = 256 * 1024
"""A socket with more than this unsent is not passed typing notices."""


class InboxReader:
    """Reads one node's inbox for ever (its own connection: the read blocks)."""

    def __init__(
        self, link: Link, node: str, registry: Registry, catch_up: CatchUp, now: Callable[[], int]
    ) -> None:
        self._link = link
        self._node = node
        self._registry = registry
        self._catch_up = catch_up
        self._now = now
        self._position = b"0"
        self._count = 0
        self._life = 0
        self._lost = False
        self._untrimmed = 0
        self._trimmed_at = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        backoff = Backoff(first=0.05, factor=2.0, most=1.0)
        name = keys.inbox(self._node)
        while True:
            try:
                reply = await self._link.execute(
                    "XREAD", "COUNT", ENTRIES_AT_ONCE, "BLOCK", BLOCK_MS, "STREAMS", name, self._position
                )
            except (NotSent, OutcomeUnknown, ResponseError):
                await asyncio.sleep(backoff.next())
                continue
            backoff.reset()
            if reply:
                await self._deliver_in_turns(reply[0][1])
            self._trim(name)

    async def _deliver_in_turns(self, entries: list[list[Any]]) -> None:
        """What is left when the board came back empty is dropped: every socket catches up after that."""
        life = self._life
        for _ in self._steps(entries):
            await asyncio.sleep(0)
            if life != self._life:
                return

    def deliver(self, entries: list[list[Any]]) -> None:
        """Takes a read's entries to the sockets, and sends what they queued."""
        for _ in self._steps(entries):
            pass

    def _steps(self, entries: list[list[Any]]) -> Iterator[None]:
        """Takes a bounded number of items in each step, and sends what they queued."""
        for position, flat in entries:
            self._position = position
            self._untrimmed += sum(map(len, flat))
            pairs = list(zip(flat[::2], flat[1::2], strict=True))
            self._count_entry(inbox.count(pairs))
            items, unreadable = inbox.read(pairs)
            if unreadable:
                log.warning("inbox_items_unreadable", kinds=unreadable)
                self._doubt()
            for start in range(0, len(items), ITEMS_AT_ONCE):
                touched: set[LiveSocket] = set()
                for item in items[start : start + ITEMS_AT_ONCE]:
                    self._item(item, touched)
                for socket in touched:
                    metrics.PUSHED.inc(socket.flush())
                yield

    def forget_position(self) -> None:
        """The board came back empty: its streams begin anew."""
        self._position = b"0"
        self._count = 0
        self._life += 1

    def pop_lost(self) -> bool:
        """Whether entries were lost since this was asked last."""
        lost, self._lost = self._lost, False
        return lost

    def catch_up_all(self) -> None:
        """Every socket reads its mailbox again, a bounded number at once."""
        self._catch_up.start_all(self._registry)

    def _count_entry(self, count: int) -> None:
        if count != self._count + 1:
            metrics.INBOX_LOST.inc()
            log.warning("inbox_entries_lost", expected=self._count + 1, found=count)
            self._doubt()
        self._count = count

    def _doubt(self) -> None:
        """Something was not read: whatever it said, the mailboxes and the board say it, too."""
        self._lost = True
        self.catch_up_all()

    def _trim(self, name: str) -> None:
        now = time.monotonic()
        if not self._untrimmed or (self._untrimmed < TRIM_BYTES and now - self._trimmed_at < TRIM_SECONDS):
            return
        self._untrimmed, self._trimmed_at = 0, now
        trimmed = self._link.execute("XTRIM", name, "MINID", self._position)
        trimmed.add_done_callback(lambda done: done.exception())

    def _item(self, item: inbox.Item, touched: set[LiveSocket]) -> None:
        match item:
            case inbox.Pushed():
                self._push(item, touched)
            case inbox.Expired():
                self._expire(item)
            case inbox.End(user, device, socket_id, reason):
                self.end(user, device, socket_id, reason)
            case inbox.PresenceChanged(watcher, subject, online):
                for socket in self._registry.user(watcher):
                    socket.tell_presence(subject, online=online)
            case inbox.Ephemeral():
                self._pass_on(item)
            case inbox.PrekeysLow(user, device, available, few_kem):
                if (low := self._registry.device(user, device)) is not None:
                    low.emit("prekeys.low", prekeys.low_notice(available, few_kem))

    def _push(self, pushed: inbox.Pushed, touched: set[LiveSocket]) -> None:
        socket = self._registry.device(pushed.event.user, pushed.event.device)
        if socket is None:
            return
        metrics.PUSH_SECONDS.observe(max(0, self._now() - pushed.event.at) / 1000)
        verdict = socket.push(pushed.seq, pushed.event)
        touched.add(socket)
        if verdict in (Verdict.GAP, Verdict.FULL):
            self._catch_up.start(socket)  # when full, it waits until there is room

    def _expire(self, expired: inbox.Expired) -> None:
        socket = self._registry.device(expired.event.user, expired.event.device)
        if socket is not None:
            self._catch_up.look(socket)  # a hint like any push: the directory has the numbers

    def _pass_on(self, item: inbox.Ephemeral) -> None:
        socket = self._registry.device(item.user, item.device)
        if socket is not None and socket.unsent < EPHEMERAL_UNSENT_BYTES:
            sender = {"user_id": str(item.from_user), "device_id": item.from_device}
            socket.emit("ephemeral", {"from": sender, "body": item.body})

    def end(self, user: UUID, device: int | None, socket_id: str | None, reason: inbox.EndReason) -> None:
        """Ends the sockets that match."""
        for socket in self._registry.user(user):
            if device in (None, socket.device) and socket_id in (None, socket.id):
                metrics.ENDED.labels(reason).inc()
                socket.end(reason)
