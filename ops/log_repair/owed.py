"""The sizes of owed envelopes, made anew from the envelopes that wait in the database. The log keeps them to
bound a mailbox in bytes (`schema/lua/parts/owed_bytes.lua`).

Invariant: a mailbox gets the sizes of its owed numbers up to the newest that waits; a number without an
envelope counts nothing. Lifting twice is the same as lifting once.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from schema import keys
from schema.partitions import partition_of

SELECT_SIZES: Final = """
    SELECT user_id, device_id, seq, octet_length(body) FROM envelopes ORDER BY user_id, device_id, seq
"""
AT_ONCE: Final = 1000

Mailbox = tuple[UUID, int]
Sizes = dict[int, int]
"""Number → bytes of the body."""


async def forget(log_client: Any, partition: int, user: UUID, fields: Iterable[bytes]) -> None:
    """Deletes the sizes of every device that the directory's `fields` have some of."""
    for field in fields:
        if field[:1] == b"o":
            await log_client.delete(keys.owed(partition, user, int(field[1:])))


async def lift(connection: Any, log_client: Any, partitions: int, chosen: Collection[int]) -> None:
    """Writes the sizes of every mailbox of the `chosen` partitions whose device is in the directory."""
    async for (user, device), sizes in _mailboxes(connection):
        partition = partition_of(user, partitions)
        if partition in chosen:
            await _write(log_client, partition, user, device, sizes)


async def _write(log_client: Any, partition: int, user: UUID, device: int, sizes: Sizes) -> None:
    name, listed = keys.user(partition, user), keys.owed(partition, user, device)
    registration, *numbers = await log_client.hmget(name, [f"{letter}{device}" for letter in "rcf"])
    owed = owed_sizes(sizes, max(int(number or 0) for number in numbers))
    if registration is None or not owed:
        return
    await log_client.delete(listed)
    for start in range(0, len(owed), AT_ONCE):
        await log_client.rpush(listed, *owed[start : start + AT_ONCE])
    await log_client.hset(name, f"o{device}", f"{max(sizes)}:{sum(owed)}")


def owed_sizes(sizes: Mapping[int, int], settled: int) -> list[int]:
    """The sizes of the numbers behind `settled`, in order. Pure."""
    return [sizes.get(seq, 0) for seq in range(settled + 1, max(sizes) + 1)]


async def _mailboxes(connection: Any) -> AsyncIterator[tuple[Mailbox, Sizes]]:
    """Every mailbox with waiting envelopes; rows are read as they are used."""
    async with connection.cursor(name="sizes") as cursor:
        cursor.itersize = AT_ONCE
        await cursor.execute(SELECT_SIZES)
        mailbox: Mailbox | None = None
        sizes: Sizes = {}
        async for user, device, seq, size in cursor:
            if mailbox is not None and mailbox != (user, device):
                yield mailbox, sizes
                sizes = {}
            mailbox = (user, device)
            sizes[seq] = size
        if mailbox is not None:
            yield mailbox, sizes
