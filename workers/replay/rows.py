"""Rows of the projection, as they are compared: read in one snapshot of PostgreSQL, in bounded pages.

Ciphertext does not leave the server: it digests the bodies itself. Times are ms; where a time is null the
row has 0; where a KEM prekey is null it has the parts of `schema.prekeys.NO_LAST_RESORT`.
"""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from schema.prekeys import KINDS

DEVICES: Final = "devices"
IDENTITIES: Final = "identities"
MAILBOXES: Final = "mailboxes"
ENVELOPES: Final = "envelopes"
BLOBS: Final = "blobs"

Row = tuple[Any, ...]
AT_ONCE: Final = 2000

SELECTS: Final = {
    DEVICES: "SELECT user_id, device_id, registration_id, signed_prekey_id, signed_prekey,"
    " signed_prekey_signature, coalesce(kem_prekey_id, 0), coalesce(kem_prekey, ''),"
    " coalesce(kem_prekey_signature, ''), activated_at, coalesce(closed_at, 0) FROM devices",
    IDENTITIES: "SELECT user_id, identity_key, since, coalesce(until, 0), fingerprint FROM identities",
    MAILBOXES: "SELECT user_id, device_id, head, cursor, floor FROM mailboxes",
    ENVELOPES: "SELECT user_id, device_id, seq, id, from_user, from_device, kind, sha256(body), at, logged_at"
    " FROM envelopes",
    BLOBS: "SELECT user_id, blob, digest, size, stored_at FROM (SELECT * FROM blobs"
    " WHERE stored_at IS NOT NULL AND erased_at IS NULL AND expires_at > 0) AS stored",
    **{
        kind.waiting: f"SELECT user_id, device_id, prekey_id, {', '.join(kind.columns)} FROM {kind.waiting}"  # noqa: S608 - the names stand in `schema.prekeys`
        for kind in KINDS
    },
    **{
        kind.used: f"SELECT user_id, device_id, prekey_id, taken_at FROM {kind.used}"  # noqa: S608
        for kind in KINDS
    },
}
OF_USERS: Final = " WHERE user_id = ANY(%s)"


class EnvelopeRow(NamedTuple):
    """A row of `envelopes`; the fields that an event has are named as there."""

    user: UUID
    device: int
    seq: int
    id: UUID
    from_user: UUID
    from_device: int
    kind: str
    body_digest: bytes
    at: int
    logged_at: int


async def read(connection: Any, users: list[UUID] | None = None) -> AsyncIterator[tuple[str, Row]]:
    """Every row (table, row) of the connection's transaction; of `users` alone, if given."""
    for table, select in SELECTS.items():
        async with connection.cursor(name=f"replay_{table}", binary=True) as cursor:
            cursor.itersize = AT_ONCE
            await cursor.execute(
                select + (OF_USERS if users is not None else ""), None if users is None else (users,)
            )
            async for row in cursor:
                yield table, row
