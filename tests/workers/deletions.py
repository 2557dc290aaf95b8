"""A partition whose accounts are deleted: what they had said, who has read it, and what is left of it."""

from typing import Any
from uuid import UUID, uuid4

from schema import checkpoints, codec, keys
from schema.events import LogEvent
from schema.partitions import partition_of
from schema.positions import Position
from tests.workers.running import PARTITIONS
from tests.workers.stories import Said, accepted, acknowledged, identity, uploaded

CANARY = b"a ciphertext of an account that is gone"


def neighbours(count: int) -> list[UUID]:
    """Users of partition 0."""
    found: list[UUID] = []
    while len(found) < count:
        user = uuid4()
        if partition_of(user, PARTITIONS) == 0:
            found.append(user)
    return found


def life(user: UUID, envelopes: int = 3, body: bytes = CANARY) -> list[Said]:
    return [
        identity(user),
        uploaded(user, 1, 1, 2),
        *(accepted(user, 1, seq, body=body) for seq in range(1, envelopes + 1)),
        acknowledged(user, 1, 1),
    ]


async def events(log: Any, stream: str = keys.log(0)) -> list[LogEvent]:
    return [codec.decode_entry(fields)[0] for _, fields in await log.xrange(stream)]


async def kinds(log: Any, user: UUID) -> list[type[LogEvent]]:
    return [type(event) for event in await events(log) if event.user == user]


async def readers(log: Any, database: Any, partition: int = 0, **others: bytes | str) -> None:
    """How far projector, pusher and checkpoint have come: to the end, unless told otherwise."""
    stream = keys.log(partition)
    end = (await log.xinfo_stream(stream))["last-generated-id"]
    there = {group["name"].decode() for group in await log.xinfo_groups(stream)}
    for group in keys.LOG_GROUPS:
        place = log.xgroup_setid if group in there else log.xgroup_create
        await place(stream, group, others.get(group, end))
    upto = Position.parse(others.get("checkpoint", end))
    async with database.connection() as connection:
        known = await checkpoints.read(connection, keys.PROJECTOR, partition)
        assert await checkpoints.advance(connection, keys.PROJECTOR, partition, known, upto)
