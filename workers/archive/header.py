"""A segment's header: what it holds, and where it stands in its partition's chain.

Invariant: a header names the digest of the header before it and the digest of its own payload, and is
signed. So nothing in a chain can be changed, left out or put elsewhere without the reader noticing.
"""

from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature

from schema.positions import START, Position
from schema.relay_keys import PublicKeys, RelayKey

SIGNED: Final = b"sealstream segment\x00"
"""In front of what is signed, so that no other signature of the relay's key can pass for this one."""
NAMED: Final = 20
"""So many positions of altered entries are named."""
NOTHING: Final = bytes(32)
"""The digest before a partition's first segment."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Segment `number` (from 1) of `partition`: all entries in (`after`, `last`], of which the first is at
    `first`. `previous`: the digest of the segment before. `payload`: the SHA-256 of the bytes behind the
    header. `at`: when it was written (ms). `bodies`: the ciphertexts were kept too. `log_id`: of the log
    that it is from. Where `after` lies behind the last entry of the segment before, what is between was
    trimmed without an archive; with `restored`, it was lost with that log. `altered`: how many entries were
    not those that the projector had read; `altered_at`: the first of them."""

    version: int = 1
    kid: str
    partition: int
    number: int
    previous: bytes
    after: Position
    first: Position
    last: Position
    count: int
    payload: bytes
    at: int
    bodies: bool = False
    log_id: UUID | None = None
    restored: bool = False
    altered: int = 0
    altered_at: tuple[Position, ...] = ()


class Head(msgspec.Struct, frozen=True):
    """Where a partition's chain ends: the newest segment's number, digest and last entry."""

    number: int = 0
    digest: bytes = NOTHING
    last: Position = START


class Changed(ValueError):
    """The bytes read are not those that the relay wrote and signed."""


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Header)


def digest(data: bytes) -> bytes:
    """By which the next segment names this one: SHA-256 of the header's bytes."""
    return sha256(data).digest()


def sign(header: Header, key: RelayKey) -> tuple[bytes, bytes]:
    """The header's bytes and the signature over them (64 bytes)."""
    data = _encoder.encode(header)
    return data, key.private.sign(SIGNED + data)


def verify(data: bytes, signature: bytes, keys: PublicKeys) -> Header:
    """The header in `data`. Raises Changed."""
    try:
        header = _decoder.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Changed("the header cannot be read") from error
    key = keys.get(header.kid)
    if key is None:
        raise Changed(f"it is signed with an unknown key ({header.kid})")
    try:
        key.verify(signature, SIGNED + data)
    except InvalidSignature:
        raise Changed("the signature does not match the header") from None
    return header
