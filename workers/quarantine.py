"""Setting an entry aside: it goes to the quarantine stream whole, with the reason, and the partition goes on.

An entry may stand there twice (a crash between setting it aside and acknowledging it); `position` tells.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from workers import metrics
from workers.batches import Source

log = structlog.get_logger(__name__)


async def set_aside(
    client: Any, source: Source[Any], position: bytes, fields: Mapping[bytes, bytes], reason: str, kind: str
) -> None:
    """Writes the entry with `group`, `position`, `reason` before its own fields.

    `reason` may quote the entry, as the stream holds it anyway; the log line only says `kind`.
    """
    metrics.QUARANTINED.labels(source.group, source.partition).inc()
    log.error(
        "entry_quarantined",
        group=source.group,
        partition=source.partition,
        position=position.decode(),
        kind=kind,
        stream=source.quarantine,
    )
    about = {b"group": source.group.encode(), b"position": position, b"reason": reason.encode()}
    await client.xadd(source.quarantine, {**about, **fields})
