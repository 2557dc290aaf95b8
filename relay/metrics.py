"""What a node counts (Prometheus), on its own port."""

from prometheus_client import Counter, Gauge, Histogram

ACCEPTS = Counter("sealstream_accepts_total", "Sends that were accepted.")
ENVELOPES = Counter("sealstream_envelopes_accepted_total", "Envelopes that were accepted.")
PUSHED = Counter("sealstream_envelopes_pushed_total", "Envelopes pushed or handed over to live sockets.")
CAUGHT_UP = Counter("sealstream_envelopes_caught_up_total", "Envelopes sent to sockets by a catch-up.")
CATCH_UPS = Counter("sealstream_catch_ups_total", "Catch-ups begun.")
GIVEN_UP = Counter("sealstream_envelopes_given_up_total", "Envelopes that can never be offered.")
ACKNOWLEDGED = Counter("sealstream_acknowledgements_total", "Acknowledgements appended or repeated.")
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
SEND_SECONDS = Histogram("sealstream_send_seconds", "From a send's arrival to its answer.", buckets=_BUCKETS)
PUSH_SECONDS = Histogram(
    "sealstream_push_seconds", "From acceptance to the push on this node.", buckets=_BUCKETS
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
