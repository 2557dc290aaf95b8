"""Positions order as the stream does, which is not how their text orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.positions import START, Position

numbers = st.integers(0, 2**64 - 1)


def test_nine_comes_before_ten() -> None:
    assert Position.parse("9-1") < Position.parse(b"10-1")
    assert Position.parse("9-9") < Position.parse("9-10")
    assert str(Position.parse("9-1")) > str(Position.parse("10-1"))  # as text it would be wrong


@given(numbers, numbers)
def test_a_position_is_read_as_it_is_written(ms: int, n: int) -> None:
    position = Position(ms, n)
    assert Position.parse(str(position)) == position
    assert START <= position < position.next()


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-1", "1-b", b"1"])
def test_anything_else_is_refused(text) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int's own words
        Position.parse(text)
