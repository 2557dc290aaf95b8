"""An inbox entry is judged item by item: what cannot be read hides nothing else."""

from uuid import uuid4

import pytest

from schema import inbox

USER = uuid4()
GOOD = (b"low", f"{USER} 1 19".encode())


@pytest.mark.parametrize(
    "bad",
    [
        (b"zz", b"x"),
        (b"p:1", b"not an event"),
        (b"p:x", b""),
        (b"x:", b"\xff"),
        (b"e", b"\xc1"),
        (b"end", b"one two"),
        (b"end", f"{USER} 1 * of_a_newer_version".encode()),
        (b"end", b"\xff\xfe"),
        (b"on", b""),
        (b"low", f"{USER} 1 many".encode()),
        (b"\xff", b""),
    ],
)
def test_an_item_that_cannot_be_read_leaves_its_neighbours(bad: tuple[bytes, bytes]) -> None:
    items, unreadable = inbox.read([(inbox.COUNT, b"1"), GOOD, bad, GOOD])
    assert items == [inbox.PrekeysLow(USER, 1, 19)] * 2
    assert len(unreadable) == 1


@pytest.mark.parametrize(
    ("pairs", "count"), [([(b"c", b"7")], 7), ([], 0), ([(b"c", b"x")], 0), ([(b"c", b"-1")], 0)]
)
def test_a_count_that_cannot_be_read_is_that_of_no_entry(
    pairs: list[tuple[bytes, bytes]], count: int
) -> None:
    assert inbox.count(pairs) == count


def test_few_kem_prekeys_are_told_beside_the_others() -> None:
    value = f"{USER} 1 {inbox.low_value(30, 4)}".encode()
    assert inbox.read([(b"low", value)]) == ([inbox.PrekeysLow(USER, 1, 30, 4)], [])
    assert f"{USER} 1 {inbox.low_value(19, None)}".encode() == GOOD[1], "as an older node reads it"
