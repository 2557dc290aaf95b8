"""Receipts: what the relay signs about an accepted envelope, for its sender.

Invariant: a receipt names one entry of one log completely, and its text begins with words of its own, so that
no other signature of the relay's key can pass for one.
"""

from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schema.relay_keys import RelayKey

DIGEST_BYTES: Final = 32
KID_BYTES: Final = 8
SIGNATURE_BYTES: Final = 64
RECEIPT_BYTES: Final = KID_BYTES + SIGNATURE_BYTES


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log `log`: number `seq` of the device's mailbox is the envelope `id`. `digest`: the
    SHA-256 of its body. `at`: when the relay took it (ms)."""

    log: UUID
    user_id: UUID
    device_id: int
    seq: int
    id: UUID
    digest: bytes
    at: int

    def text(self) -> bytes:
        """What is signed."""
        lines = (
            "sealstream receipt 1", self.log, self.user_id, self.device_id, self.seq, self.id,
            self.digest.hex(), self.at,
        )  # fmt: skip
        return "".join(f"{line}\n" for line in lines).encode()


def sign(acceptance: Acceptance, key: RelayKey) -> bytes:
    """The receipt: the key's id (8 bytes), then the signature (64 bytes)."""
    return bytes.fromhex(key.kid) + key.private.sign(acceptance.text())


def kid_of(receipt: bytes) -> str:
    """The id of the key that is said to have signed."""
    return receipt[:KID_BYTES].hex()


def is_signed(acceptance: Acceptance, receipt: bytes, key: Ed25519PublicKey) -> bool:
    """Whether `key` signed exactly this."""
    try:
        key.verify(receipt[KID_BYTES:], acceptance.text())
    except InvalidSignature:
        return False
    return True
