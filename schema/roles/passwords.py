"""The passwords of the roles. All follow from one key, so that writing them again changes none."""

import hmac
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256
from typing import Final

SCRAM_ROUNDS: Final = 4096
"""PostgreSQL's own number. The password is random, of 256 bits: rounds add nothing."""


def password(key: bytes, server: str, role: str) -> str:
    """Of `role` on `server` ("log", "board", "database"): 64 hexadecimal digits."""
    return hmac.digest(key, f"{server} {role}".encode(), "sha256").hex()


def for_valkey(text: str) -> str:
    """As an access list takes it: SHA-256, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def for_postgres(text: str, salt: bytes | None = None) -> str:
    """As ALTER ROLE takes it: a SCRAM-SHA-256 verifier (RFC 5803). By default the salt follows from the
    password."""
    salt = salt or sha256(b"salt " + text.encode()).digest()[:16]
    salted = pbkdf2_hmac("sha256", text.encode(), salt, SCRAM_ROUNDS)
    stored = sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ROUNDS}:{salt_text}${stored_text}:{server_text}"
