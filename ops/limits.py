"""`sealstream limits`: the operator's own limits for single users, in PostgreSQL and on the board."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from ops.errors import OperatorError
from schema import overrides
from schema.limits import Limit
from schema.overrides import BadOverride
from schema.roles import OPERATOR
from schema.settings import Settings

T = TypeVar("T")


@click.group()
def limits() -> None:
    """Limits of single users.

    What is set here holds until it is cleared or the account is deleted. USER is a user name (with or without
    @) or a user id.
    """


@limits.command()
@click.argument("user")
def show(user: str) -> None:
    """Show the limits that hold for USER."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    async def read(database: Any, board: Any, user_id: UUID) -> tuple[dict[str, int], list[Limit]]:
        return await overrides.show(database, user_id), await _in_force(board)

    username, (own, in_force) = _run(user, read, "Only it knows which limits are in force.")
    table = Table("limit", "at most", "in", "set for", title=f"@{username}", title_justify="left")
    for row in in_force:
        whose = "this user" if row.name in own else "everyone"
        table.add_row(row.name, str(own.get(row.name, row.count)), _window(row), whose)
    Console().print(table)


@limits.command("set", context_settings={"ignore_unknown_options": True})  # -1 is a bad COUNT, not an option
@click.argument("user")
@click.argument("name", metavar="NAME", type=click.Choice(overrides.NAMES))
@click.argument("count", type=click.IntRange(0, overrides.MOST))
def set_(user: str, name: str, count: int) -> None:
    """Allow USER at most COUNT of NAME.

    NAME is a limit that `sealstream limits show` lists, with the time it counts in. 0 admits nothing.
    """

    async def write(database: Any, board: Any, user_id: UUID) -> None:
        await overrides.set(database, board, user_id, name, count)

    username, _ = _run(user, write)
    click.echo(f"{name}: {count} for @{username}, from now on, until `sealstream limits clear {username}`.")


@limits.command()
@click.argument("user")
@click.argument("name", metavar="[NAME]", type=click.Choice(overrides.NAMES), required=False)
def clear(user: str, name: str | None) -> None:
    """Take back what was set for USER.

    The limit NAME, or without it all of them.
    """

    async def write(database: Any, board: Any, user_id: UUID) -> bool:
        return await overrides.clear(database, board, user_id, name)

    username, had = _run(user, write)
    usual = f"the usual limit of {name}" if name else "the usual limits"
    click.echo(f"@{username} has {usual} {'again' if had else 'already'}.")


async def _in_force(board: Any) -> list[Limit]:
    """The limits that can be overridden, as nodes go by them. Raises OperatorError when there are none."""
    from relay.admission.policy import Policy  # noqa: PLC0415
    from schema.refusals import Refusal  # noqa: PLC0415

    policy = Policy(board)
    await policy.read()
    try:
        return [policy.row(name) for name in overrides.NAMES]
    except Refusal as refusal:
        raise OperatorError(
            "No limits are in force, so nothing is admitted: is the worker rate-limiter running?"
        ) from refusal


def _window(row: Limit) -> str:
    seconds = row.window_ms // 1000
    return {60: "a minute", 3600: "an hour"}.get(seconds, f"{seconds} s")


def _run(
    user: str, do: Callable[[Any, Any, UUID], Awaitable[T]], without_board: str = "Nothing was changed."
) -> tuple[str, T]:
    """What `do` gives with the database, the board and the user's id, and the user's name before it.

    Raises OperatorError: a server is away, there is no such user, or `do` cannot be done."""
    import psycopg  # noqa: PLC0415

    from ops.addresses import board as board_url  # noqa: PLC0415
    from ops.addresses import database as database_url  # noqa: PLC0415
    from ops.trouble import board_in_words, database_in_words  # noqa: PLC0415
    from ops.users.found import found  # noqa: PLC0415
    from schema import servers  # noqa: PLC0415

    settings = Settings.from_env(os.environ)
    addresses = database_url(settings, OPERATOR), board_url(settings, OPERATOR)

    async def run() -> tuple[str, T]:
        board = servers.client(addresses[1])
        try:
            async with await psycopg.AsyncConnection.connect(
                addresses[0], autocommit=True, connect_timeout=5
            ) as database:
                account = await found(database, user)
                return account.username, await do(database, board, account.user_id)
        finally:
            await board.aclose()

    try:
        with database_in_words(), board_in_words(without_board):
            return asyncio.run(run())
    except BadOverride as error:
        raise OperatorError(f"Nothing was set: {error}.") from error
