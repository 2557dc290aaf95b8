"""The streams that consumer groups read: a partition's log, and the refusals."""

from collections.abc import Mapping

from schema import codec, keys
from schema.events import LogEvent, Refused
from workers.batches import Source


def log_source(group: str, partition: int) -> Source[LogEvent]:
    """The partition's log."""
    return Source(
        stream=keys.log(partition),
        group=group,
        partition=partition,
        quarantine=keys.quarantine(partition),
        decode=codec.decode_entry,
    )


def limits_source() -> Source[Refused]:
    """The refusals by a limit."""
    return Source(
        stream=keys.LIMITS_LOG,
        group=keys.RATE_LIMITER,
        partition=0,
        quarantine=keys.LIMITS_QUARANTINE,
        decode=_refused,
    )


def _refused(fields: Mapping[bytes, bytes]) -> tuple[Refused, int]:
    data = fields.get(codec.EVENT_FIELD)
    if data is None:
        raise codec.UndecodableEntry("the entry has no event field")
    return codec.decode_refused(data), 0
