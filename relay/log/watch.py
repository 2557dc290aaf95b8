"""The node's watch over its log: no command goes to one that lost its data, is an older copy, or is another.

Invariant: every connection of the hot path is checked before it is used: the log's id in every partition, and
that no partition ends before the newest entry that this node knows of: one that it saw there, or one that its
own calls appended. An older copy has the same id, and ends earlier. Ids and ends are read every few seconds
too, and all connections are closed when they are wrong. Every function that writes compares the id itself,
for a log that is emptied in place.
While the check fails the log counts as away: sends are refused, `/readyz` says 503, and the right log is
taken up again by itself (ops/decisions/2026-11-29-a-log-has-an-id.md).
"""

import asyncio
from typing import Any, Final

import structlog

from schema import keys
from schema.cluster_link import ClusterLink
from schema.failures import AWAY
from schema.link import Execute, Link
from schema.log_identity import AnotherLog, Guard, read_end
from schema.positions import START, Position
from schema.primaries import NotPrimary, check_client

log = structlog.get_logger(__name__)

INTERVAL_SECONDS: Final = 2.0


class LogWatch:
    """One node's. `client` is guarded by `guard`; `plain`, which is not, serves to look. `keeps_all`: the log
    never loses what it answered; else what was appended is no measure of where it must end."""

    def __init__(
        self, guard: Guard, client: Any, plain: Any, partitions: int, *, keeps_all: bool = True
    ) -> None:
        self._guard = guard
        self._client = client
        self._plain = plain
        self._partitions = partitions
        self._keeps_all = keeps_all
        self._ends: dict[int, Position] = {}
        self._appended: dict[int, bytes] = {}

    @property
    def log_id(self) -> str:
        """For the functions that write."""
        return str(self._guard.log_id)

    def note(self, partition: int, entry: bytes) -> None:
        """A call of this node appended an entry to the partition."""
        if self._keeps_all:
            self._appended[partition] = entry

    def _known(self) -> dict[int, Position]:
        """The ends that this node knows of now. What its calls appended is read here, not at each call."""
        for partition, entry in self._appended.items():
            self._ends[partition] = max(Position.parse(entry), self._ends.get(partition, START))
        self._appended.clear()
        return self._ends.copy()

    async def check(self, execute: Execute) -> None:
        """For a new connection of the hot path (`schema.link.Check`) to a server that has every partition.
        Raises AnotherLog."""
        names, known = [keys.log(partition) for partition in range(self._partitions)], self._known()
        ids = [execute("GET", name) for name in self._guard.keys]
        streams = [execute("XINFO", "STREAM", name) for name in names]
        found = await asyncio.gather(*ids, *streams, return_exceptions=True)
        for reply in found[: len(ids)]:
            if isinstance(reply, BaseException):
                raise reply
        self._judge(found[: len(ids)], dict(enumerate(_end(reply) for reply in found[len(ids) :])), known)

    async def run(self, link: Link | ClusterLink) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            known = self._known()
            try:
                await check_client(self._plain)
                ids = [await self._plain.get(name) for name in self._guard.keys]
                ends = {p: await read_end(self._plain, p) for p in range(self._partitions)}
            except NotPrimary:
                link.drop()
                await self._client.aclose()
                continue
            except AWAY:
                continue  # the link logs that the log is away
            was_suspended = self._guard.suspended
            try:
                self._judge(ids, ends, known)
            except AnotherLog as error:
                if not was_suspended:
                    log.error("log_is_another", reason=str(error))  # noqa: TRY400 - no bug
                    link.drop()
                    await self._client.aclose()
            else:
                for partition, end in ends.items():
                    self._ends[partition] = max(end, self._ends.get(partition, START))

    def _judge(self, ids: list[Any], ends: dict[int, Position], known: dict[int, Position]) -> None:
        """Suspends the guard or lifts the suspension; `known`: the ends before the log was asked. Raises
        AnotherLog."""
        self._guard.suspended = False
        try:
            self._guard.check(ids)
            if any(end < known.get(partition, START) for partition, end in ends.items()):
                raise AnotherLog("the server holds an older copy of the log than this process has seen")
        except AnotherLog:
            self._guard.suspended = True
            raise


def _end(reply: Any) -> Position:
    """The last entry of `XINFO STREAM`'s reply; none where there is no stream. Raises the reply if it is an
    error."""
    if isinstance(reply, BaseException):
        if "no such key" in str(reply):
            return START
        raise reply
    return Position.parse(reply[reply.index(b"last-generated-id") + 1])
