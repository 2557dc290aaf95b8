"""`sealstream migrate`: all that a new version needs from the servers before its processes start."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import click

from ops.errors import OperatorError
from schema.settings import Settings


@click.command()
@click.option("--prune", is_flag=True, help="Then remove the functions of other versions from log and board.")
@click.option("--stay", is_flag=True, help="Then stay, and install functions where a server lost them.")
@click.option("--yes", is_flag=True, help="Prune also while a process of another version is connected.")
def migrate(prune: bool, yes: bool, stay: bool) -> None:
    """Bring the servers to this version.

    Tables and rights in the database, functions on log and board. Waits for a server that is away.
    `sealstream up` does all of it by itself.

    The functions of older versions stay, so that processes of two versions run side by side. When all run
    the new one, --prune removes them.

    A board that restarts has no functions any more, and processes with roles (ops/roles.md) load none: with
    --stay this command goes on, and gives a server that came back empty its functions within a second.
    """
    from ops.addresses import resolved  # noqa: PLC0415
    from ops.functions import install, keep_installed  # noqa: PLC0415
    from ops.functions import prune as remove  # noqa: PLC0415
    from ops.migrate import migrate as run  # noqa: PLC0415
    from schema.roles import ADMIN  # noqa: PLC0415

    settings = resolved(Settings.from_env(os.environ), ADMIN)
    assert settings.database_url
    granted = run(settings.database_url, tell=click.echo)
    click.echo("The database has this version's tables.")
    if granted.created:
        click.echo(f"New roles, without a password yet: {', '.join(granted.created)} (ops/roles.md).")
    if granted.missing:
        click.echo(
            f"Roles that are missing, and that this one may not create: {', '.join(granted.missing)}. "
            "Until they are there, every process uses the owner's address (ops/roles.md)."
        )
    urls = {"log": settings.log_url or "", "board": settings.board_url or ""}
    for name, url in urls.items():
        _on(name, url, install)
    click.echo("Log and board have this version's functions.")
    for name, url in urls.items() if prune else ():
        done = _on(name, url, lambda client: remove(client, insists=yes))
        if done.older:
            plural = "connection" if done.older == 1 else "connections"
            raise OperatorError(
                f"The {name}: {done.older} {plural} of another version; its functions stay. Restart those "
                "processes first, or insist with --yes: then their calls fail."
            )
        removed = f"removed {', '.join(done.removed)}" if done.removed else "nothing to remove"
        click.echo(f"The {name}: {removed}.")
    if stay:
        asyncio.run(keep_installed(list(urls.values())))


def _on(name: str, url: str, do: Callable[[Any], Awaitable[Any]]) -> Any:
    """The result of `do` with a client of the server, which is waited for. Raises OperatorError."""
    from ops.trouble import valkey_in_words  # noqa: PLC0415
    from schema import primaries, servers  # noqa: PLC0415
    from schema.functions import FunctionsMissing  # noqa: PLC0415
    from schema.waiting import until_there  # noqa: PLC0415

    async def within() -> Any:
        client = servers.client(url)
        try:
            await until_there(name, lambda: primaries.check_client(client))
            return await do(client)
        except FunctionsMissing as error:
            raise OperatorError(
                f"The user of SEALSTREAM_{name.upper()}_URL may not load functions: use the administrator's."
            ) from error
        finally:
            await client.aclose()

    with valkey_in_words(f"The {name} is"):
        return asyncio.run(within())
