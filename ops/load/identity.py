"""Identity keys for load: an Ed25519 key seen as X25519, so that its signatures are XEdDSA's.

The X25519 key is u = (1 + y) / (1 - y) of the Edwards point (RFC 7748, section 4.1), and an XEdDSA signature
is an Ed25519 signature by that point with the sign of its x in the top bit (Signal, XEdDSA, section 2.3).
"""

import secrets
from base64 import b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_P: Final = 2**255 - 19


class Identity:
    """An identity key pair; `public` is Signal's 33 bytes."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        edwards = self._private.public_key().public_bytes_raw()
        self._sign = edwards[31] & 0x80
        y = int.from_bytes(edwards, "little") & (1 << 255) - 1
        u = (1 + y) * pow(1 - y, -1, _P) % _P
        self.public = b"\x05" + u.to_bytes(32, "little")

    def sign(self, message: bytes) -> bytes:
        """An XEdDSA signature (64 bytes)."""
        signature = self._private.sign(message)
        return signature[:63] + bytes([signature[63] & 0x7F | self._sign])

    def keys(self, registration_id: int) -> dict[str, Any]:
        """A body for `PUT /v1/keys`, without one-time prekeys."""
        signed = b"\x05" + secrets.token_bytes(32)
        return {
            "registration_id": registration_id,
            "identity_key": b64encode(self.public).decode(),
            "signed_prekey": {
                "id": 1,
                "key": b64encode(signed).decode(),
                "signature": b64encode(self.sign(signed)).decode(),
            },
            "prekeys": [],
            "replace": False,
        }
