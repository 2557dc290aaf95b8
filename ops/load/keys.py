"""Signal keys good enough for the relay: real Curve25519 keys and signatures that verify.

An Ed25519 signature is an XEdDSA signature of the Montgomery form of the same key, with the sign of the
Edwards key in the top bit of the last byte (Signal, "XEdDSA", section 2.3).
"""

import secrets
from base64 import b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_P: Final = 2**255 - 19


def key_body(registration_id: int, *, prekeys: int = 0) -> dict[str, Any]:
    """A body for `PUT /v1/keys` with so many one-time prekeys."""
    identity = Ed25519PrivateKey.generate()
    edwards = identity.public_key().public_bytes_raw()
    signed = b"\x05" + secrets.token_bytes(32)
    signature = bytearray(identity.sign(signed))
    signature[63] |= edwards[31] & 0x80
    return {
        "registration_id": registration_id,
        "identity_key": _text(b"\x05" + _montgomery(edwards)),
        "signed_prekey": {"id": 1, "key": _text(signed), "signature": _text(bytes(signature))},
        "prekeys": [
            {"id": number, "key": _text(b"\x05" + secrets.token_bytes(32))}
            for number in range(1, prekeys + 1)
        ],
        "replace": False,
    }


def _montgomery(edwards: bytes) -> bytes:
    """The X25519 form of an Ed25519 key: u = (1 + y) / (1 - y) (RFC 7748, section 4.1)."""
    y = int.from_bytes(edwards, "little") % 2**255
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")
