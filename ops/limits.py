"""`sealstream limits`: the operator's own limits for single users, set on the board."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from ops.errors import OperatorError
from schema import overrides
from schema.settings import Settings

T = TypeVar("T")


@click.group()
def limits() -> None:
    """Limits of single users (USER is a user name or a user id)."""


@limits.command()
@click.argument("user")
def show(user: str) -> None:
    """Show the limits that hold for USER."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    settings = Settings.from_env(os.environ)
    user_id = _user_id(settings, user)
    own = _on_board(settings, lambda board: overrides.show(board, user_id))
    table = Table("limit", "count", "window", "from")
    for row in settings.limits:
        if row.name in overrides.NAMES:
            source = "the operator, for this user" if row.name in own else row.setting or "the default"
            table.add_row(row.name, str(own.get(row.name, row.count)), f"{row.window_ms // 1000} s", source)
    Console().print(table)


@limits.command("set")
@click.argument("user")
@click.argument("name", type=click.Choice(overrides.NAMES))
@click.argument("count", type=click.IntRange(min=0))
def set_(user: str, name: str, count: int) -> None:
    """Allow USER this COUNT of NAME in its window; 0 admits nothing."""
    settings = Settings.from_env(os.environ)
    user_id = _user_id(settings, user)
    _on_board(settings, lambda board: overrides.set(board, user_id, name, count))
    click.echo(f"{name}: {count} for this user, from now on.")


@limits.command()
@click.argument("user")
@click.argument("name", type=click.Choice(overrides.NAMES), required=False)
def clear(user: str, name: str | None) -> None:
    """Take back what was set for USER: the limit NAME, or all of them."""
    settings = Settings.from_env(os.environ)
    user_id = _user_id(settings, user)
    had = _on_board(settings, lambda board: overrides.clear(board, user_id, name))
    click.echo("The user has the usual limits again." if had else "Nothing was set for this user.")


def _user_id(settings: Settings, user: str) -> UUID:
    """The id of a user named by name or id. Raises OperatorError if there is none."""
    import psycopg  # noqa: PLC0415

    from ops.addresses import database  # noqa: PLC0415

    try:
        wanted: tuple[str, Any] = ("user_id", UUID(user))
    except ValueError:
        wanted = ("username", user.lower())
    query = {
        "user_id": "SELECT user_id FROM users WHERE user_id = %s",
        "username": "SELECT user_id FROM users WHERE username = %s",
    }[wanted[0]]
    try:
        with psycopg.connect(database(settings), connect_timeout=5) as connection:
            row = connection.execute(query, (wanted[1],)).fetchone()
    except psycopg.OperationalError as error:
        raise OperatorError(f"The database is away: {str(error).strip().splitlines()[0]}") from error
    if row is None:
        raise OperatorError(f"There is no user {user!r}.")
    found: UUID = row[0]
    return found


def _on_board(settings: Settings, do: Callable[[Any], Awaitable[T]]) -> T:
    from redis.exceptions import RedisError  # noqa: PLC0415

    from ops.addresses import board  # noqa: PLC0415
    from schema import servers  # noqa: PLC0415

    url = board(settings)

    async def run() -> T:
        client = servers.client(url)
        try:
            return await do(client)
        finally:
            await client.aclose()

    try:
        return asyncio.run(run())
    except (RedisError, OSError) as error:
        raise OperatorError(f"The board is away: {error}") from error
