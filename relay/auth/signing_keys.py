"""The signing keys' rows: Ed25519, the private halves sealed under the operator's secret.

Invariant: a key is believed only if its sealed private half opens under the secret; whoever can
write to the database but does not have the secret cannot add one. (`schema.secret_file`, the kid as
the label.)
"""

import secrets
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schema import secret_file

KEPT_AFTER_RETIREMENT_MS: Final = 86_400_000

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('sealstream.signing_keys'))"
"""One rotation, or one first start, at a time."""

SELECT: Final = """
    SELECT kid, sealed_private_key, retired_at
      FROM signing_keys
     WHERE retired_at IS NULL OR retired_at > %(verify_since)s
     ORDER BY created_at, kid
"""
INSERT: Final = """
    INSERT INTO signing_keys (kid, sealed_private_key, public_key, created_at)
    VALUES (%(kid)s, %(sealed)s, %(public)s, %(now)s)
"""
RETIRE_ALL: Final = "UPDATE signing_keys SET retired_at = %(now)s WHERE retired_at IS NULL"
DELETE_LONG_RETIRED: Final = "DELETE FROM signing_keys WHERE retired_at < %(before)s"


class SigningKey(NamedTuple):
    """One key of the set; `retired_at` (ms) is None while it may sign."""

    kid: str
    private: Ed25519PrivateKey
    retired_at: int | None


def new() -> SigningKey:
    """A fresh key."""
    return SigningKey(secrets.token_hex(8), Ed25519PrivateKey.generate(), None)


def seal(key: SigningKey, secret: bytes) -> bytes:
    """Nonce and ciphertext of the private half."""
    return secret_file.seal(key.private, secret, key.kid.encode())


def unseal(kid: str, sealed: bytes, retired_at: int | None, secret: bytes) -> SigningKey:
    """The key of a row. Raises WrongSecret."""
    return SigningKey(kid, secret_file.unseal(sealed, secret, kid.encode()), retired_at)


def row(key: SigningKey, secret: bytes, now: int) -> dict[str, object]:
    """The arguments of INSERT."""
    public = key.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kid": key.kid, "sealed": seal(key, secret), "public": public, "now": now}
