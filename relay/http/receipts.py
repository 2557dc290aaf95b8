"""Receipts: the keys by which anybody can check one."""

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from relay.http.calls import Call
from schema.wire_http import ReceiptKey


async def receipt_keys(call: Call[None]) -> list[ReceiptKey]:
    """The Ed25519 keys that sign receipts now, or did, the newest first."""
    return [
        ReceiptKey(key.kid, key.public.public_bytes(Encoding.Raw, PublicFormat.Raw), key.created_at)
        for key in call.services.receipts.published
    ]
