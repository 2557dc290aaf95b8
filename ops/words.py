"""Numbers, times and sizes as an operator reads them, and the one question asked."""

from datetime import UTC, datetime
from typing import Final

import click

from ops.errors import OperatorError

_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def count(number: int) -> str:
    """`1234567` is `1,234,567`."""
    return f"{number:,}"


def counted(number: int, one: str, many: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {one if number == 1 else many}"


def age(milliseconds: int) -> str:
    """The largest whole unit: `90000` is `1 min`; less than a second is `-`."""
    for unit, name in _UNITS:
        if milliseconds >= unit:
            return f"{milliseconds // unit} {name}"
    return "-"


def moment(milliseconds: int) -> str:
    """A time in ms since the epoch, in UTC, to the minute."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%d %H:%M}"


def size(number: float) -> str:
    """Bytes in the binary unit that suits them: `3 GiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def harmless(text: str, most: int = 160) -> str:
    """Foreign text, cut and without control characters: it must not steer the terminal."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= most else f"{shown[:most]}…"


def confirmed(question: str, *, yes: bool) -> None:
    """Returns when `yes` was given, or is answered. Raises OperatorError otherwise."""
    if not yes:
        try:
            agreed = click.confirm(question, err=True)
        except click.Abort:  # nobody is there, or Ctrl-C
            click.echo(err=True)
            agreed = False
        if not agreed:
            raise OperatorError("Nothing was changed. With --yes nobody is asked.")
