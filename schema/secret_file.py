"""The operator's secret: 32 random bytes in a file that only the relay's user may read; it seals private
keys.

A copy of the database alone cannot make tokens. Keys are sealed by AES-256-GCM with a random 96-bit nonce
in front. Invariant: a sealed key opens only under the secret and the label that sealed it, so a row cannot
be moved to another name or table.
"""

import binascii
import os
import secrets
import stat
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schema.settings import BadSetting

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12


def read_or_create(path: Path, called: str = "SEALSTREAM_SECRET_FILE") -> bytes:
    """The secret; a first start makes it (mode 0600, complete or not there at all).

    `called`: its name in words. Raises BadSetting when the file cannot be used.
    """
    try:
        if not path.exists():
            _create(path)
        text = path.read_bytes()
        secret = b64decode(text.strip(), validate=True)
    except OSError as error:
        raise BadSetting(f"{called}: {path} cannot be used: {error.strerror}") from error
    except binascii.Error as error:
        raise BadSetting(f"{called}: {path} is not base64") from error
    if len(secret) != SECRET_BYTES:
        raise BadSetting(f"{called}: {path} must hold {SECRET_BYTES} bytes in base64")
    return secret


def is_exposed(path: Path) -> bool:
    """Whether others than its owner may read the file. Raises OSError."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _create(path: Path) -> None:
    """Of several processes that start at once, the first one's file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(secrets.token_bytes(SECRET_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


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
