"""The relay's own Ed25519 keys, which sign what outlives a login: segments of the archive, and receipts.

Invariant: the private half lies in the database sealed under the operator's secret; the public half stays
there for ever, so that a signature can be checked as long as it exists. With the secret at hand, only a row
whose private half opens is believed: write access to the database alone adds no key.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schema.secret_file import WrongSecret, seal, unseal

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('sealstream.relay_keys'))"
"""One first start at a time."""
SELECT: Final = """
    SELECT kid, sealed_private_key, public_key, created_at FROM relay_keys ORDER BY created_at DESC, kid
"""
INSERT: Final = """
    INSERT INTO relay_keys (kid, sealed_private_key, public_key, created_at)
    VALUES (%(kid)s, %(sealed)s, %(public)s, %(now)s)
"""

PublicKeys = Mapping[str, Ed25519PublicKey]
"""By kid."""


class RelayKey(NamedTuple):
    """The key that signs."""

    kid: str
    private: Ed25519PrivateKey


class PublishedKey(NamedTuple):
    """A key that signs or signed; `created_at` in ms."""

    kid: str
    public: Ed25519PublicKey
    created_at: int


async def open_or_make(connection: Any, secret: bytes, now: int) -> RelayKey:
    """The newest key that opens under `secret`; the first start makes one (`now` in ms).

    Raises WrongSecret when there are keys and none opens.
    """
    async with connection.transaction():
        await connection.execute(LOCK)
        rows = await (await connection.execute(SELECT)).fetchall()
        for kid, sealed, _, _ in rows:
            key = _opened(kid, bytes(sealed), secret)
            if key is not None:
                return RelayKey(kid, key)
        if rows:
            raise WrongSecret("none of the relay's keys opens")
        made = RelayKey(secrets.token_hex(8), Ed25519PrivateKey.generate())
        public = made.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        row = {"kid": made.kid, "sealed": seal(made.private, secret, _label(made.kid)), "public": public}
        await connection.execute(INSERT, {**row, "now": now})
    return made


async def public_keys(connection: Any, secret: bytes | None = None) -> dict[str, Ed25519PublicKey]:
    """Every key that ever signed. With `secret`, only those whose private half opens under it."""
    return {key.kid: key.public for key in await published(connection, secret)}


async def published(connection: Any, secret: bytes | None = None) -> list[PublishedKey]:
    """The same with their dates, the newest first."""
    found: list[PublishedKey] = []
    for kid, sealed, public, created_at in await (await connection.execute(SELECT)).fetchall():
        if secret is None:
            found.append(PublishedKey(kid, Ed25519PublicKey.from_public_bytes(bytes(public)), created_at))
        elif (key := _opened(kid, bytes(sealed), secret)) is not None:
            found.append(PublishedKey(kid, key.public_key(), created_at))
    return found


def _opened(kid: str, sealed: bytes, secret: bytes) -> Ed25519PrivateKey | None:
    try:
        return unseal(sealed, secret, _label(kid))
    except WrongSecret:
        return None


def _label(kid: str) -> bytes:
    return b"relay key " + kid.encode()
