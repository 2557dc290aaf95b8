"""Which log a database belongs to: one random id, kept in both and made by the first start.

Invariant: nothing is numbered, projected or trimmed on a log that is not the one of the database. A process
compares the two before its first write (`settle`, raises LogUnfit), and each of its later connections to the
log reads the id before it is used (`Guard`, raises AnotherLog, which counts as a log that is away).

The first start writes the id into the database (not settled), then into every partition of the log, then
settles it. A start that was cut off in between is finished by the next one, and of several at once all take
the id that the database kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from redis.exceptions import AskError, MovedError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from schema import checkpoints, keys, partitions
from schema.positions import START, Position

RESTORE: Final = "restore-log-heads"
ADOPT: Final = "adopt-log"

SELECT_ID: Final = "SELECT log_id, settled FROM log_identity"
PROPOSE_ID: Final = "INSERT INTO log_identity (log_id) VALUES (%s) ON CONFLICT DO NOTHING"
SETTLE_ID: Final = "UPDATE log_identity SET settled = true WHERE log_id = %s"

Begin = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens one transaction of the database, committed at its end."""
ANOTHER_LOG: Final = "ANOTHERLOG"
"""How the error begins with which a function refuses a log that is not the caller's (`belongs.lua`)."""


class LogUnfit(Exception):
    """The log is not this database's; the text is a sentence that names the command to run."""


class AnotherLog(RedisConnectionError):
    """The server that answers holds another log than the one this process began with."""


class Recorded(msgspec.Struct, frozen=True):
    """The database's record: the id, and whether the log is known to have it."""

    log_id: UUID
    settled: bool


class Found(msgspec.Struct, frozen=True):
    """The log's record, by partition: its id, the last entry it ever had, and the last that was trimmed; and
    any unfinished repair. `unread`: partitions of which entries were trimmed that the database has not
    read."""

    ids: list[UUID | None]
    ends: list[Position]
    repair: str | None = None
    trimmed: list[Position] = []
    unread: list[int] = []

    @property
    def is_empty(self) -> bool:
        """No id, and no entry ever."""
        return not any(self.ids) and all(end == START for end in self.ends)


async def settle(log_client: Any, begin: Begin, wanted: int) -> UUID:
    """The id of the log, which both servers have from now on; P is fixed to `wanted` by the first start.

    Raises LogUnfit, PartitionsDiffer, and the libraries' errors when a server is away.
    """
    await partitions.check(log_client, wanted)
    recorded, found, reached = await look(log_client, begin, wanted)
    if (reason := why_unfit(recorded, found, reached)) is not None:
        raise LogUnfit(reason)
    if recorded is None:
        async with begin() as connection:
            await connection.execute(PROPOSE_ID, (uuid4(),))
        async with begin() as connection:
            recorded = await read_recorded(connection)
        assert recorded is not None
    if not recorded.settled:
        for partition in range(wanted):
            await log_client.setnx(keys.log_id(partition), str(recorded.log_id))
        Guard(recorded.log_id, wanted).check([await log_client.get(keys.log_id(p)) for p in range(wanted)])
        async with begin() as connection:
            await connection.execute(SETTLE_ID, (recorded.log_id,))
    await partitions.fix(log_client, wanted)
    return recorded.log_id


async def look(
    log_client: Any, begin: Begin, wanted: int
) -> tuple[Recorded | None, Found, dict[int, Position]]:
    """Both records of the same moment: the database's record did not change while the log was read."""
    async with begin() as connection:
        recorded = await read_recorded(connection)
        begun = await checkpoints.read_all(connection, keys.PROJECTOR)
    while True:
        found = await read_log(log_client, wanted)
        before = recorded
        async with begin() as connection:
            recorded = await read_recorded(connection)
            reached = await checkpoints.read_all(connection, keys.PROJECTOR)
        if recorded == before:
            # What was trimmed by then had been read by then: a checkpoint read before may be older than that.
            unread = [p for p, upto in enumerate(found.trimmed) if upto > reached.get(p, START)]
            return recorded, msgspec.structs.replace(found, unread=unread), begun


async def read_recorded(connection: Any) -> Recorded | None:
    """The database's record; None before the first start."""
    row = await (await connection.execute(SELECT_ID)).fetchone()
    return None if row is None else Recorded(*row)


async def read_log(log_client: Any, wanted: int) -> Found:
    """The log's ids and ends."""
    ids = [_uuid(await log_client.get(keys.log_id(partition))) for partition in range(wanted)]
    ends = [await read_end(log_client, partition) for partition in range(wanted)]
    trimmed = [
        Position.parse(await log_client.get(keys.trimmed(partition)) or b"0-0") for partition in range(wanted)
    ]
    repair = await log_client.get(keys.REPAIR)
    return Found(ids, ends, None if repair is None else repair.decode(), trimmed)


async def read_end(log_client: Any, partition: int) -> Position:
    """The partition's last entry, also one that was trimmed."""
    try:
        info = await log_client.xinfo_stream(keys.log(partition))
    except ResponseError as error:
        if "no such key" in str(error):
            return START
        raise
    return Position.parse(info["last-generated-id"])


def why_unfit(recorded: Recorded | None, found: Found, reached: Mapping[int, Position]) -> str | None:
    """Why the log and the database do not belong together, with the command to run; None if they do. Pure."""
    if found.repair is not None:
        return (
            f"`sealstream replay {found.repair}` was interrupted: run it again before anything else starts."
        )
    behind = [p for p, upto in sorted(reached.items()) if p < len(found.ends) and upto > found.ends[p]]
    was_used = behind or (recorded is not None and recorded.settled)
    if was_used and found.is_empty:
        return (
            "The log is empty, but this database belongs to a log that was in use: start with that log, or, "
            f"if it is lost, run `sealstream replay {RESTORE}`."
        )
    expected = None if recorded is None else recorded.log_id
    missing_is_fine = recorded is None or not recorded.settled
    others = {one for one in found.ids if one != expected and not (one is None and missing_is_fine)}
    if others:
        return (
            f"The log ({_named(found.ids)}) is not the one that this database belongs to "
            f"({_named([expected])}): start with the two that belong together, or, after a restore, run "
            f"`sealstream replay {ADOPT}`."
        )
    if behind:
        return (
            f"The log is older than this database, which has read further (partition {behind[0]}): start "
            f"with the newer log, or, if it is lost, run `sealstream replay {ADOPT}`."
        )
    if found.unread:
        return (
            "Entries that this database has not read were trimmed off the log (partition "
            f"{found.unread[0]}): start with the newer database, or, if it is lost, run `sealstream replay "
            f"{ADOPT}`."
        )
    return None


class Guard:
    """Knows the ids that a connection to the log must find. On a cluster a server has some of them only.
    While `suspended`, no connection passes: the process has seen that the log is an older copy."""

    def __init__(self, log_id: UUID, partitions: int) -> None:
        self.log_id = log_id
        self.keys = [keys.log_id(partition) for partition in range(partitions)]
        self.suspended = False
        self._expected = str(log_id).encode()

    def check(self, replies: Iterable[Any]) -> None:
        """`replies`: what the server has for the keys. Raises AnotherLog."""
        if self.suspended or any(reply != self._expected for reply in replies):
            raise AnotherLog("the server holds another log than the one this process began with")

    async def ask(self, execute: Callable[..., Awaitable[Any]]) -> None:
        """For a new connection of `schema.link`. Raises AnotherLog."""
        asked = [execute("GET", name) for name in self.keys]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException) and not _is_elsewhere(reply):
                raise reply
        self.check(reply for reply in replies if not isinstance(reply, BaseException))

    async def on_connect(self, connection: Any) -> None:
        """redis-py's hook for a new connection. Raises AnotherLog."""
        await connection.on_connect()
        replies = []
        for name in self.keys:
            await connection.send_command("GET", name)
            with suppress(MovedError, AskError):  # the partition is another server's of the cluster
                replies.append(await connection.read_response())
        self.check(replies)


def _is_elsewhere(error: BaseException) -> bool:
    """Whether another server of the cluster has the key."""
    return isinstance(error, ResponseError) and str(error).startswith(("MOVED", "ASK"))


def _uuid(text: bytes | None) -> UUID | None:
    return None if text is None else UUID(text.decode())


def _named(ids: Iterable[UUID | None]) -> str:
    return ", ".join(sorted({"no id" if one is None else str(one) for one in ids}))
