"""Link mailboxes: one body each, for two devices that take turns; and how many calls wait at them.

Invariant: a body is replaced only by a caller that saw it (compare-and-set on its version), and a mailbox
ends when its time is over, however it is used. A waiting call holds a connection, so their number is bounded.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from relay.linking import news
from schema import functions, keys
from schema.clock import now_ms
from schema.refusals import Refusal

LIFE_MS: Final = 120_000
BODY_BYTES: Final = 8 * 1024
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
PER_LINK: Final = 4
"""Two devices, each once more after a cut."""
OF_NODE: Final = 512


class Letter(NamedTuple):
    """The content of a mailbox; `body` is None until the first was written."""

    version: int
    body: bytes | None


async def open_link(board: Any) -> tuple[str, int]:
    """A new mailbox: its id, which nobody can guess, and when it ends (ms)."""
    link, expires = secrets.token_urlsafe(32), now_ms() + LIFE_MS
    await board.set(keys.link(link), b"0:", px=LIFE_MS)
    return link, expires


async def read(board: Any, link: str) -> Letter:
    """The letter in the mailbox. Raises Refusal not_found."""
    value = await board.get(_key(link))
    if value is None:
        raise _unknown()
    version, _, body = value.partition(b":")
    return Letter(int(version), body if int(version) else None)


async def write(board: Any, link: str, seen: int | None, body: bytes) -> int:
    """Replaces what `seen` is the version of; the new version. Raises Refusal not_found, conflict or
    too_large."""
    if len(body) > BODY_BYTES:
        raise Refusal("too_large", f"A body is at most {BODY_BYTES} bytes.")
    if seen is None:
        await read(board, link)
        raise Refusal("conflict", "If-Match must name what is replaced.")
    version = seen + 1
    value = f"{version}:".encode() + body
    reply = await functions.call(board, "relay", "link_write", [_key(link)], [seen, value])
    if reply is None:
        raise _unknown()
    if reply != 1:
        raise Refusal("conflict", "The other device wrote in the meantime.")
    await news.tell(board, link)
    return version


def _key(link: str) -> str:
    if not _ID.fullmatch(link):
        raise _unknown()
    return keys.link(link)


def _unknown() -> Refusal:
    return Refusal("not_found", "There is no such link, or its time is over.")


class Waits:
    """Those of one node."""

    def __init__(self) -> None:
        self._by_link: Counter[str] = Counter()

    @contextmanager
    def at(self, link: str) -> Iterator[None]:
        """One call waits there. Raises Refusal rate_limited or unavailable."""
        if self._by_link[link] >= PER_LINK:
            raise Refusal("rate_limited", f"At most {PER_LINK} calls wait at a link.", retry_after_ms=1000)
        if self._by_link.total() >= OF_NODE:
            raise Refusal("unavailable", "Too many calls wait at links.", retry_after_ms=1000)
        self._by_link[link] += 1
        try:
            yield
        finally:
            self._by_link[link] -= 1
            self._by_link += Counter()  # forgets links at which nobody waits
