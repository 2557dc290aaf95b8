"""What a node counts (Prometheus), on its own port.

A message costs five of these. Those are tallies: plain numbers of the event loop's thread that become samples
when they are scraped. A `Counter` and a `Histogram` take a lock each time, some 2 % of a node's CPU.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


class Tally(Collector):
    """A counter of the event loop's thread; `name` without `_total`."""

    def __init__(self, name: str, documentation: str) -> None:
        self._name = name
        self._documentation = documentation
        self.value = 0
        REGISTRY.register(self)

    def inc(self, amount: int = 1) -> None:
        """Adds to it."""
        self.value += amount

    def collect(self) -> Iterator[CounterMetricFamily]:
        """For Prometheus."""
        yield CounterMetricFamily(self._name, self._documentation, value=self.value)


class Timings(Collector):
    """A histogram of the event loop's thread, in seconds."""

    def __init__(self, name: str, documentation: str, buckets: tuple[float, ...]) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = buckets
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0
        REGISTRY.register(self)

    def observe(self, seconds: float) -> None:
        """Counts one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """For Prometheus: how many took as long as each bound, or less."""
        counts = self._counts.copy()
        bounds = [*map(str, self._bounds), "+Inf"]
        upto = [(bound, sum(counts[: place + 1])) for place, bound in enumerate(bounds)]
        yield HistogramMetricFamily(self._name, self._documentation, buckets=upto, sum_value=self._sum)


ACCEPTS = Tally("sealstream_accepts", "Sends that were accepted.")
ENVELOPES = Tally("sealstream_envelopes_accepted", "Envelopes that were accepted.")
PUSHED = Tally("sealstream_envelopes_pushed", "Envelopes pushed or handed over to live sockets.")
CAUGHT_UP = Tally("sealstream_envelopes_caught_up", "Envelopes sent to sockets by a catch-up.")
CATCH_UPS = Counter("sealstream_catch_ups_total", "Catch-ups begun.")
GIVEN_UP = Counter("sealstream_envelopes_given_up_total", "Envelopes that can never be offered.")
ACKNOWLEDGED = Tally("sealstream_acknowledgements", "Acknowledgements appended or repeated.")
BLOB_BYTES = Counter("sealstream_blob_bytes_total", "Bytes of files taken and handed out.", ["direction"])
REFUSALS = Counter("sealstream_refusals_total", "Refusals by code.", ["code", "edge"])
SOCKETS = Gauge("sealstream_sockets", "Live sockets.")
CALLING = Gauge("sealstream_http_connections", "Open connections that are no sockets.")
ROOM = Gauge(
    "sealstream_connection_room",
    "Connections that the limit on open files leaves room for, by kind.",
    ["kind"],
)
CONNECTIONS_REFUSED = Counter(
    "sealstream_connections_refused_total",
    "Connections refused or closed for want of room, by kind (idle: closed for a newer one).",
    ["kind"],
)
SOCKET_BYTES = Gauge("sealstream_socket_bytes", "Bytes that live sockets held together at the last look.")
SOCKETS_CUT = Counter("sealstream_sockets_cut_total", "Sockets cut because all together held too much.")
ENDED = Counter("sealstream_sockets_ended_total", "Sockets ended by the relay, by reason.", ["reason"])
ENDED_SESSIONS_READ = Counter(
    "sealstream_ended_sessions_read_total", "Rows of ended login sessions that were read to learn of ends."
)
LOG_MEMORY = Gauge("sealstream_node_log_memory_share", "How full the log's memory is, as this node sees it.")
INBOX_LOST = Counter(
    "sealstream_inbox_lost_total", "Times that inbox entries were lost and every socket caught up."
)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SEND_SECONDS = Timings("sealstream_send_seconds", "From a send's arrival to its answer.", _BUCKETS)
PUSH_SECONDS = Timings(
    "sealstream_push_seconds", "From acceptance to the push, or the hand-over, on this node.", _BUCKETS
)
HTTP_SECONDS = Histogram(
    "sealstream_http_seconds",
    "From a call's arrival to its answer.",
    ["call", "status"],
    buckets=_BUCKETS,
)

# Prometheus sees no increase in a series that begins with its first event: those of alerts stand at zero.
for _kind in ("live", "unauthenticated", "calls", "idle"):
    CONNECTIONS_REFUSED.labels(_kind)
for _edge in ("http", "socket", "handshake"):
    REFUSALS.labels("unavailable", _edge)
