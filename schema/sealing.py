"""Private keys sealed under the operator's secret (AES-256-GCM, random 96-bit nonce in front).

Invariant: a sealed key opens only under the secret and the label that sealed it, so a row cannot be moved to
another name or table.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12


class WrongSecret(ValueError):
    """The sealed private half does not open under this secret."""


def seal(private: Ed25519PrivateKey, secret: bytes, label: bytes) -> bytes:
    """Nonce and ciphertext of the private half."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, private.private_bytes_raw(), label)


def unseal(sealed: bytes, secret: bytes, label: bytes) -> Ed25519PrivateKey:
    """The key. Raises WrongSecret."""
    try:
        raw = AESGCM(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], label)
    except (InvalidTag, ValueError) as error:
        raise WrongSecret(label.decode("ascii", "replace")) from error
    return Ed25519PrivateKey.from_private_bytes(raw)
