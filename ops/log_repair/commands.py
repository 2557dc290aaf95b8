"""`sealstream replay restore-log-heads` and `adopt-log`: the log or the database was lost, or is older."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import click

from schema.settings import Settings

Repair = Callable[..., Awaitable[str]]
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("restore-log-heads")
@_YES
def restore_log_heads(*, yes: bool) -> None:
    """Fill an EMPTY log from the database.

    For a log that was lost. Identities, devices and every mailbox's numbers come from PostgreSQL; messages
    that wait there are delivered as before. Stop every node and worker first; servers that `sealstream up`
    brings are started for it. Says in numbers what may be lost, and asks. May be run again when interrupted.
    """
    from ops.log_repair.restore import restore  # noqa: PLC0415 - `--help` is quick

    _run(restore, yes=yes)


@click.command("adopt-log", short_help="Join a log and a database after a restore.")
@_YES
def adopt_log(*, yes: bool) -> None:
    """Go on with a log and a database that do not belong together.

    For after a restore of one of them. Where the log is older, its directory is brought up to the database;
    where the database is older, the projector reads on from where it stands. Stop every node and worker
    first; servers that `sealstream up` brings are started for it. Says in numbers what may be lost, and asks.
    May be run again when interrupted.
    """
    from ops.log_repair.adopt import adopt  # noqa: PLC0415 - as above

    _run(adopt, yes=yes)


def _run(repair: Repair, *, yes: bool) -> None:
    from ops.log_repair.pair import pair  # noqa: PLC0415 - as above
    from ops.words import confirmed  # noqa: PLC0415 - as above

    def ask(lines: list[str]) -> None:
        for line in lines:
            click.echo(f"- {line}")
        confirmed("Go on?", yes=yes)

    with pair(os.environ) as settings:
        click.echo(asyncio.run(_repaired(repair, settings, ask)))


async def _repaired(repair: Repair, settings: Settings, ask: Callable[[list[str]], None]) -> str:
    from ops.log_repair.fitness import begin_on  # noqa: PLC0415 - as above
    from schema import servers  # noqa: PLC0415

    assert settings.log_url
    assert settings.database_url
    log_client: Any = servers.client(settings.log_url)
    try:
        return await repair(log_client, begin_on(settings.database_url), settings.partitions, ask)
    finally:
        await log_client.aclose()
