"""Signal keys good enough for the relay: real Curve25519 keys and signatures that verify.

An Ed25519 signature is an XEdDSA signature of the Montgomery form of the same key, with the sign of the
Edwards key in the top bit of the last byte (Signal, "XEdDSA", section 2.3).
"""

import secrets
from base64 import b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LAST_RESORT: Final = 1_000_000
"""The id of every last-resort KEM prekey."""
_P: Final = 2**255 - 19


def new_identity() -> Ed25519PrivateKey:
    """An identity key pair; all devices of an account share one."""
    return Ed25519PrivateKey.generate()


def key_body(
    registration_id: int, identity: Ed25519PrivateKey, *, prekeys: int = 0, kem: int | None = None
) -> dict[str, Any]:
    """A body for `PUT /v1/keys` with so many one-time prekeys; with `kem`, also with so many one-time KEM
    prekeys and a last resort."""
    edwards = identity.public_key().public_bytes_raw()

    def signed(number: int, key: bytes) -> dict[str, Any]:
        signature = bytearray(identity.sign(key))
        signature[63] |= edwards[31] & 0x80
        return {"id": number, "key": _text(key), "signature": _text(bytes(signature))}

    def kem_prekey(number: int) -> dict[str, Any]:
        return signed(number, b"\x08" + secrets.token_bytes(1568))

    kem_fields: dict[str, Any] = {}
    if kem is not None:
        one_time = [kem_prekey(number) for number in range(1, kem + 1)]
        kem_fields = {"kem_prekey": kem_prekey(LAST_RESORT), "kem_prekeys": one_time}
    return {
        "registration_id": registration_id,
        "identity_key": _text(b"\x05" + _montgomery(edwards)),
        "signed_prekey": signed(1, b"\x05" + secrets.token_bytes(32)),
        **kem_fields,
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
