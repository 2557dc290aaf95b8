"""WebSocket frames as a server writes them: whole, unmasked, uncompressed (RFC 6455, section 5.2)."""

from typing import Final

_FIN_TEXT: Final = 0x81
_FIN_BINARY: Final = 0x82


def binary_frame(data: bytes) -> bytes:
    """One binary message."""
    return _header(_FIN_BINARY, len(data)) + data


def text_frame(text: str) -> bytes:
    """One text message."""
    data = text.encode()
    return _header(_FIN_TEXT, len(data)) + data


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")
