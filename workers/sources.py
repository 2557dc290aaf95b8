"""The streams that consumer groups read: a partition's log, and the refusals."""

from collections.abc import Mapping

from schema import codec, keys
from schema.events import LogEvent, Refused
from workers.batches import Source


def log_source(group: str, partition: int) -> Source[LogEvent]:
    """The partition's log."""
    return Source(keys.log(partition), group, partition, keys.quarantine(partition), codec.decode_entry)


def limits_source() -> Source[Refused]:
    """The refusals by a limit."""
    return Source(keys.LIMITS_LOG, keys.RATE_LIMITER, 0, keys.LIMITS_QUARANTINE, _refused)


def _refused(fields: Mapping[bytes, bytes]) -> tuple[Refused, int]:
    data = fields.get(codec.EVENT_FIELD)
    if data is None:
        raise codec.UndecodableEntry("the entry has no event field")
    return codec.decode_refused(data), 0
