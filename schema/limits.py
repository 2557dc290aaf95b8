"""Every limit: what it bounds, its default, the setting that changes it, and why it is there."""

from typing import Final, Literal

import msgspec

Subject = Literal["user", "address", "username", "username and address", "asker", "asker and target"]


class Limit(msgspec.Struct, frozen=True):
    """At most `count` in any `window_ms` per `subject`; where `burst` is set, a token bucket instead:
    `burst` at once, then one every `window_ms` / `count`."""

    name: str
    count: int
    window_ms: int
    subject: Subject
    setting: str | None
    why: str
    burst: int | None = None


MINUTE: Final = 60_000
HOUR: Final = 3_600_000

MESSAGES: Final = "messages"
OWN_COPIES: Final = "own_copies"
BYTES: Final = "bytes"
CONNECTIONS: Final = "connections"
LOGINS: Final = "logins"
REFRESHES: Final = "refreshes"
FAILED_LOGINS: Final = "failed_logins"
FAILED_LOGINS_PER_NAME: Final = "failed_logins_per_name"
REGISTRATIONS: Final = "registrations"
BUNDLES_PER_TARGET: Final = "bundles_per_target"
BUNDLES: Final = "bundles"
LOOKUPS: Final = "lookups"
KEY_WRITES: Final = "key_writes"
CREDENTIAL_CHANGES: Final = "credential_changes"
BLOBS: Final = "blobs"
LINKS: Final = "links"

DEFAULTS: Final = (
    Limit(MESSAGES, 60, MINUTE, "user", "SEALSTREAM_MESSAGES_PER_MINUTE", "floods"),
    Limit(
        BYTES, 4 * 1024 * 1024, MINUTE, "user", "SEALSTREAM_BYTES_PER_MINUTE", "one user who fills the log"
    ),
    Limit(
        CONNECTIONS, 10, MINUTE, "user", "SEALSTREAM_CONNECTIONS_PER_MINUTE", "reconnect storms by one client"
    ),
    Limit(
        LOGINS, 10, MINUTE, "address", "SEALSTREAM_LOGINS_PER_MINUTE", "password guessing, Argon2 as a lever"
    ),
    Limit(
        REFRESHES, 120, MINUTE, "address", "SEALSTREAM_REFRESHES_PER_MINUTE", "many people share an address"
    ),
    Limit(
        FAILED_LOGINS,
        5,
        MINUTE,
        "username and address",
        "SEALSTREAM_FAILED_LOGINS_PER_MINUTE",
        "guessing one password",
    ),
    Limit(FAILED_LOGINS_PER_NAME, 50, MINUTE, "username", None, "guessing one password from many addresses"),
    Limit(
        REGISTRATIONS,
        10,
        HOUR,
        "address",
        "SEALSTREAM_REGISTRATIONS_PER_HOUR",
        "name squatting, name finding",
    ),
    Limit(BUNDLES_PER_TARGET, 6, HOUR, "asker and target", None, "prekey draining", burst=6),
    Limit(BUNDLES, 60, HOUR, "asker", "SEALSTREAM_BUNDLES_PER_HOUR", "prekey draining over many targets"),
    Limit(
        LOOKUPS, 60, HOUR, "asker", "SEALSTREAM_LOOKUPS_PER_HOUR", "finding names by guessing fingerprints"
    ),
    Limit(KEY_WRITES, 600, HOUR, "user", None, "a log that keys fill"),
    Limit(CREDENTIAL_CHANGES, 20, HOUR, "user", None, "Argon2 as a lever, by whoever knows the password"),
    Limit(
        OWN_COPIES,
        120,
        MINUTE,
        "user",
        "SEALSTREAM_OWN_COPIES_PER_MINUTE",
        "what goes to one's own devices takes nothing from one's messages",
    ),
    Limit(LINKS, 5, MINUTE, "address", "SEALSTREAM_LINKS_PER_MINUTE", "mailboxes that fill the board"),
    Limit(BLOBS, 60, HOUR, "user", "SEALSTREAM_BLOBS_PER_HOUR", "storage that one user's files fill"),
)

READINESS: Final = Limit("readiness", 600, MINUTE, "address", None, "monitors ask every second")
"""Of one node, and kept by it (`relay.readiness`): the board may be what is away."""

BODY_BYTES: Final = 64 * 1024
"""One envelope's ciphertext; longer is `too_large`."""
CALL_BYTES: Final = 768 * 1024
"""The bodies of one socket call; more is `too_large`. The longest text for a dozen devices fits."""
IN_FLIGHT_ENVELOPES: Final = 256
IN_FLIGHT_BYTES: Final = 4 * 1024 * 1024
"""What may be unacknowledged on one socket; the rest waits."""
EVENT_BYTES: Final = 128 * 1024
"""One `envelopes` event, encoded; an envelope that is longer by itself goes alone."""
MAILBOX_ENVELOPES: Final = 10_000
MAILBOX_BYTES: Final = 64 * 1024 * 1024
"""Envelopes, and bytes of their bodies, that may wait for one device by default; more is `mailbox_full`."""
SOCKET_BYTES: Final = 256 * 1024 * 1024
"""Bytes that all live sockets of a node may hold together by default: unsent, queued, or remembered."""
BLOB_BYTES: Final = 100 * 1024 * 1024
"""One file by default; longer is `too_large`."""
BLOB_QUOTA_BYTES: Final = 1024 * 1024 * 1024
"""Of all files of a user that wait, uploads under way included; more is `storage_full`."""
DISK_RESERVE_BYTES: Final = 1024 * 1024 * 1024
"""Files leave so much of their disk free: log and database often lie on it, and stop when it is full."""
PREKEYS_PER_CALL: Final = 100
PREKEYS_WAITING: Final = 1000
"""One-time prekeys of a device that wait to be taken; more are refused."""
DEVICES_ACTIVE: Final = 100
"""Devices of one user: whoever writes to the user encrypts for each."""
PREKEYS_LOW: Final = 20
"""Under so many remaining one-time prekeys the device is told `prekeys.low`."""
KEM_PREKEYS_PER_CALL: Final = 20
KEM_PREKEYS_WAITING: Final = 100
KEM_PREKEYS_LOW: Final = 5
"""The same of one-time KEM prekeys: each takes 1.6 kB in the log, and without one a last resort serves."""
WATCHED_USERS: Final = 1000
