"""Command-line types: a place in the log, a user."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import click

from ops.errors import OperatorError
from schema.positions import Position


class _PositionType(click.ParamType[Position]):
    """`MS-N`, `MS`, or an ISO 8601 time, UTC unless it says otherwise."""

    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Position:
        if isinstance(value, Position):
            return value
        try:
            ms, dash, n = str(value).partition("-")
            if ms.isdigit() and (n.isdigit() or not dash):
                return Position(int(ms), int(n or 0))
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a position such as 1764385200000-0 nor a time.", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return Position(round(moment.timestamp() * 1000), 0)


class _UserType(click.ParamType[UUID]):
    """A user's id."""

    name = "user"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        try:
            return value if isinstance(value, UUID) else UUID(value)
        except ValueError:
            self.fail(f"{value!r} is not a user id.", param, ctx)


POSITION: Final = _PositionType()
USER: Final = _UserType()


def in_order(after: Position, upto: Position | None) -> None:
    """Raises OperatorError for a stretch that ends before it begins."""
    if upto is not None and upto < after:
        raise OperatorError("--to lies before --from.")


def time_of(ms: int) -> str:
    """The moment, for people."""
    return (
        datetime.fromtimestamp(ms / 1000, UTC)
        .isoformat(sep=" ", timespec="milliseconds")
        .removesuffix("+00:00")
    )
