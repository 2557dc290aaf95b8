"""A page of the log is bounded by its bytes, whatever the entries' sizes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.page_size import FIRST, GROWTH, LEAST, PAGE_BYTES, PageSize, bytes_of

pages = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 64 * 1024)), max_size=30)


@given(pages, st.integers(1, 2000))
def test_the_next_page_fits_the_last_ones_mean_and_never_grows_much(
    run: list[tuple[int, int]], most: int
) -> None:
    page_size = PageSize(most)
    assert page_size.entries == min(most, FIRST)
    for entries, each in run:
        before = page_size.entries
        page_size.note(entries, entries * each)
        after = page_size.entries
        assert 1 <= after <= min(most, max(LEAST, GROWTH * before))
        assert not entries or after <= LEAST or after * each <= PAGE_BYTES


@pytest.mark.parametrize(("each", "expected"), [(0, 500), (700, 500), (10_000, 104), (65_536, 16)])
def test_it_settles_at_about_a_mebibyte(each: int, expected: int) -> None:
    page_size = PageSize(500)
    for _ in range(5):
        page_size.note(page_size.entries, page_size.entries * each)
    assert page_size.entries == expected


def test_the_bytes_of_entries_are_those_of_their_values() -> None:
    assert bytes_of([(b"1-0", {b"n": b"12", b"e": b"four"}), (b"2-0", {})]) == 6
