"""A user's partition: where in the log everything said to or about that user is written.

Invariant: the same user always falls into the same partition, because P never changes after the
first start (`schema.keys.PARTITION_COUNT` holds it, every process checks it).
"""

from uuid import UUID
from zlib import crc32


def partition_of(user_id: UUID, partitions: int) -> int:
    """crc32 of the canonical text of `user_id`, modulo `partitions` (≥ 1)."""
    return crc32(str(user_id).encode("ascii")) % partitions
