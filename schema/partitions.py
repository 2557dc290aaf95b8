"""A user's partition: where in the log everything said to or about that user is written.

Invariant: the same user always falls into the same partition, because P never changes after the
first start (`schema.keys.PARTITION_COUNT` holds it, every process checks it).
"""

from typing import Any
from uuid import UUID
from zlib import crc32

from schema import keys


def partition_of(user_id: UUID, partitions: int) -> int:
    """crc32 of the canonical text of `user_id`, modulo `partitions` (≥ 1)."""
    return crc32(keys.id_text(user_id).encode("ascii")) % partitions


class PartitionsDiffer(Exception):
    """The log was begun with another number of partitions."""


async def check(log_client: Any, wanted: int) -> None:
    """Raises PartitionsDiffer if the log has another P; one that has none yet takes any."""
    fixed = int(await log_client.get(keys.PARTITION_COUNT) or wanted)
    if fixed != wanted:
        raise PartitionsDiffer(f"the log has {fixed} partitions, the setting says {wanted}")


async def fix(log_client: Any, wanted: int) -> int:
    """P as the log has it; the first start fixes it. Raises PartitionsDiffer."""
    await log_client.setnx(keys.PARTITION_COUNT, wanted)
    await check(log_client, wanted)
    return wanted
