"""WebSocket frames (RFC 6455, section 5.2): written whole, unmasked, uncompressed; scanned without decoding.
No I/O.

Invariant of the scanner: `unfinished` is the number of bytes of a message whose last byte has not arrived.
"""

from typing import Final

_FIN_TEXT: Final = 0x81
_FIN_BINARY: Final = 0x82
_FINAL: Final = 0x80
_CONTROL: Final = 0x08
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F


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


class FrameScanner:
    """Knows where frames begin and messages end, however the network cuts them."""

    def __init__(self) -> None:
        self._header = b""
        self._payload_left = 0
        self._frame_bytes = 0
        self._earlier_fragments = 0
        self._first_byte = 0

    @property
    def unfinished(self) -> int:
        """Bytes of the message that is under way: its earlier fragments and the frame that is not whole."""
        return self._earlier_fragments + self._frame_bytes + len(self._header)

    def feed(self, data: bytes) -> int:
        """Takes the next bytes; how many frames had their header completed by them."""
        if self._header:
            data, self._header = self._header + data, b""
        at, end, begun = 0, len(data), 0
        while at < end:
            if self._payload_left:
                step = min(self._payload_left, end - at)
                at += step
                self._payload_left -= step
                self._frame_bytes += step
            else:
                length = _header_length(data, at)
                if length > end - at:
                    self._header = data[at:]
                    break
                self._first_byte = data[at]
                self._payload_left = _payload_length(data, at)
                self._frame_bytes = length
                at += length
                begun += 1
            if not self._payload_left:
                self._end_frame()
        return begun

    def _end_frame(self) -> None:
        if self._first_byte & _CONTROL:
            pass  # it may stand between two fragments of a message
        elif self._first_byte & _FINAL:
            self._earlier_fragments = 0
        else:
            self._earlier_fragments += self._frame_bytes
        self._frame_bytes = 0


def _header_length(data: bytes, at: int) -> int:
    """Of the header that begins there; at least 2."""
    if at + 1 >= len(data):
        return 2
    second = data[at + 1]
    length = second & _LENGTH
    extended = 8 if length == 127 else 2 if length == 126 else 0
    return 2 + extended + (4 if second & _MASKED else 0)


def _payload_length(data: bytes, at: int) -> int:
    length = data[at + 1] & _LENGTH
    if length == 126:
        return int.from_bytes(data[at + 2 : at + 4], "big")
    if length == 127:
        return int.from_bytes(data[at + 2 : at + 10], "big")
    return length
