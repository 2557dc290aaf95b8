"""What the workers count, for Prometheus; each worker process serves its own on its own port."""

from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

log = structlog.get_logger(__name__)

_BY_PARTITION: Final = ("group", "partition")

LAG: Final = Gauge("sealstream_group_lag", "Entries the group has not read yet", _BY_PARTITION)
PENDING: Final = Gauge("sealstream_group_pending", "Entries read and not acknowledged yet", _BY_PARTITION)
OWNED: Final = Gauge("sealstream_partitions_owned", "Partitions this process works on", ("group",))
BATCH: Final = Histogram(
    "sealstream_batch_entries", "Entries per batch", ("group",), buckets=(1, 4, 16, 64, 250, 500, 1000, 2000)
)
BATCH_SECONDS: Final = Histogram(
    "sealstream_batch_seconds",
    "From a batch in hand to its commit",
    ("group",),
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
QUARANTINED: Final = Counter("sealstream_quarantined_total", "Entries set aside", _BY_PARTITION)
SUPERSEDED: Final = Counter("sealstream_superseded_total", "Commits refused to a former owner", _BY_PARTITION)
WRITTEN: Final = Counter("sealstream_envelopes_written_total", "Envelopes that reached the database")
SPARED: Final = Counter("sealstream_envelopes_spared_total", "Envelopes settled before they were written")
ROUTED: Final = Counter("sealstream_pushes_routed_total", "Pushes handed to a node's inbox")
EXPIRED: Final = Counter("sealstream_envelopes_expired_total", "Envelopes that outlived their time unread")
BLOBS_EXPIRED: Final = Counter(
    "sealstream_blobs_expired_total", "Files and unfinished uploads given up for age"
)
TRIMMED: Final = Counter("sealstream_entries_trimmed_total", "Entries trimmed off the log", ("partition",))
ARCHIVED: Final = Counter("sealstream_entries_archived_total", "Entries put into segments", ("partition",))
ARCHIVED_BYTES: Final = Counter("sealstream_archive_bytes_total", "Bytes of segments written", ("partition",))
LOG_MEMORY: Final = Gauge(
    "sealstream_log_memory_share",
    "Used share of the log's memory; at 0.8 sends are refused",
    ("server",),
)
ERASED: Final = Counter("sealstream_entries_erased_total", "Entries of deleted accounts", ("partition",))
TRIM_REFUSED: Final = Counter("sealstream_trims_refused_total", "Partitions left untrimmed, by why", ("why",))
EVICTED: Final = Counter("sealstream_users_evicted_total", "Users cooled down for hitting limits")


def begin(group: str, partition: int) -> None:
    """The partition is this process's. Its rare counters stand at zero from now on: Prometheus sees no
    increase in a series that begins with its first event."""
    for counter in (QUARANTINED, SUPERSEDED):
        counter.labels(group, partition)


def begin_retention(partitions: int) -> None:
    """The same for what retention counts."""
    for counter in (TRIMMED, ARCHIVED, ERASED):
        for partition in range(partitions):
            counter.labels(partition)


def forget(group: str, partition: int) -> None:
    """The partition is no longer this process's: the next owner tells how it stands."""
    for gauge in (LAG, PENDING):
        gauge.remove(group, partition)


def serve(host: str, port: int) -> Callable[[], None]:
    """Serves the metrics; the result ends that. A port in use is said and done without."""
    try:
        server, _thread = start_http_server(port, host)
    except OSError as error:
        log.error(  # noqa: TRY400 - the operator needs the port, not a stack trace
            "cannot_serve_metrics", port=port, reason=error.strerror, setting="SEALSTREAM_METRICS_PORT"
        )
        return lambda: None

    def close() -> None:
        server.shutdown()
        server.server_close()

    return close
