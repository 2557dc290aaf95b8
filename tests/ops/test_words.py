"""Numbers and foreign text as an operator reads them."""

import pytest

from ops.words import age, count, counted, harmless, moment, size


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (age(0), "-"),
        (age(999), "-"),
        (age(59_999), "59 s"),
        (age(90_000), "1 min"),
        (age(7_200_000), "2 h"),
        (age(200_000_000), "2 d"),
        (count(1234567), "1,234,567"),
        (counted(0, "row", "rows"), "0 rows"),
        (counted(1, "row", "rows"), "1 row"),
        (counted(2000, "row", "rows"), "2,000 rows"),
        (size(0), "0 bytes"),
        (size(1023), "1023 bytes"),
        (size(3 * 1024**3), "3 GiB"),
        (size(2.5 * 1024**4), "2.5 TiB"),
        (moment(1_795_924_856_000), "2026-11-29 04:00"),
        (harmless("a\x1b[31m\nb"), "a?[31m?b"),
        (harmless("x" * 9, most=4), "xxxx…"),
    ],
)
def test_they_are_short_and_harmless(shown: str, words: str) -> None:
    assert shown == words
