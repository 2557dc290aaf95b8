"""Range requests of one range (RFC 9110, 14). A client that asks for several gets the whole."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Span(NamedTuple):
    """The bytes from `begin` to before `end`."""

    begin: int
    end: int
    is_partial: bool


def read_range(headers: Mapping[str, str], etag: str, size: int) -> Span | None:
    """The requested part of `size` bytes; None when no byte of it exists."""
    asked = _RANGE.fullmatch(headers.get("Range", "").strip())
    if asked is None or asked[0] == "bytes=-" or headers.get("If-Range", etag) != etag:
        return Span(0, size, is_partial=False)
    first, last = asked.groups()
    if not first:
        return Span(max(0, size - int(last)), size, is_partial=True) if int(last) and size else None
    begin, end = int(first), min(size, int(last) + 1 if last else size)
    if last and int(last) < begin:
        return Span(0, size, is_partial=False)  # not a range: it is passed over
    return Span(begin, end, is_partial=True) if begin < size else None
