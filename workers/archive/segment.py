"""A segment's file: magic, length of the header, header, signature, payload.

The payload is zstd over MessagePack. Sizes: about 70 bytes a message, of which 48 are random (digest and id).
"""

from hashlib import sha256
from typing import Final

import msgspec
import zstandard

from schema.relay_keys import PublicKeys, RelayKey
from workers.archive import header as headers
from workers.archive.header import Changed, Header
from workers.archive.rows import Rows

MAGIC: Final = b"SEALSEG1"
SIGNATURE_BYTES: Final = 64
START_BYTES: Final = 2048
"""More than magic, header and signature ever take."""
LEVEL: Final = 3
"""Of zstd: higher levels gain under 1 % (ops/decisions/2026-11-29-the-archive.md)."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Of a payload when unpacked; a segment is never that large."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Rows)


class Opened(msgspec.Struct, frozen=True):
    """A verified header, its digest, and where the payload begins."""

    header: Header
    digest: bytes
    begin: int


def pack(rows: Rows) -> bytes:
    """The payload of `rows`."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(_encoder.encode(rows))


def build(header: Header, payload: bytes, key: RelayKey) -> tuple[bytes, bytes]:
    """The file's bytes and the segment's digest; `header` names the payload's digest already."""
    data, signature = headers.sign(header, key)
    return b"".join((MAGIC, len(data).to_bytes(4, "big"), data, signature, payload)), headers.digest(data)


def open_start(start: bytes, keys: PublicKeys) -> Opened:
    """The header from a file's first bytes (START_BYTES of them are enough). Raises Changed."""
    length = int.from_bytes(start[8:12], "big")
    data, end = start[12 : 12 + length], 12 + length + SIGNATURE_BYTES
    if not start.startswith(MAGIC) or len(start) < end or end > START_BYTES:
        raise Changed("it does not begin as a segment")
    return Opened(headers.verify(data, start[12 + length : end], keys), headers.digest(data), end)


def rows_of(data: bytes, opened: Opened) -> Rows:
    """The rows of a whole file. Raises Changed."""
    payload = data[opened.begin :]
    if sha256(payload).digest() != opened.header.payload:
        raise Changed("the entries are not those that the header names")
    try:
        return _decoder.decode(zstandard.ZstdDecompressor().decompress(payload, max_output_size=MOST_BYTES))
    except (zstandard.ZstdError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Changed("the entries cannot be read") from error
