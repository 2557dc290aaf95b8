"""Doubt about an inbox entry is a gap: the sockets read their mailboxes again, and the reader goes on."""

from typing import Any
from uuid import uuid4

import pytest

from relay.delivery.inbox_reader import InboxReader
from relay.delivery.registry import Registry
from schema import inbox
from schema.clock import now_ms


class Reader(InboxReader):
    """Counts how often every socket was to read its mailbox again."""

    def __init__(self) -> None:
        unused: Any = None
        super().__init__(unused, "0", Registry(), unused, now_ms)
        self.caught_up = 0

    def catch_up_all(self) -> None:
        self.caught_up += 1


@pytest.mark.parametrize(
    ("flat", "caught_up"),
    [
        ([b"c", b"1", b"zz", b"x"], 1),
        ([b"c", b"1", b"p:1", b"\xc1"], 1),
        ([b"c", b"x", b"low", f"{uuid4()} 1 19".encode()], 1),
        ([b"c", b"1", b"low", f"{uuid4()} 1 19".encode()], 0),
    ],
)
def test_what_cannot_be_read_is_a_gap(flat: list[bytes], caught_up: int) -> None:
    reader = Reader()
    reader.deliver([[b"1-0", flat]])
    assert reader.caught_up == caught_up
    assert reader.pop_lost() is bool(caught_up)
    assert inbox.read(list(zip(flat[::2], flat[1::2], strict=True)))
