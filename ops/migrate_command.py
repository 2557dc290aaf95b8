"""`sealstream migrate`: all that a new version needs from the servers before its processes start."""

import os

import click

from schema.settings import Settings


@click.command()
@click.option(
    "--print-acl", "acl", type=click.Choice(["log", "board"]), help="Print the users of that server, and end."
)
def migrate(acl: str | None) -> None:
    """Bring the database to this version's tables and rights.

    Waits for a database that is away. `sealstream up` does all of it by itself.

    --print-acl prints an aclfile for Valkey or Redis: one user for each kind of process (ops/roles.md).
    Append ` >PASSWORD` to each line: a user without one cannot log in.
    """
    from ops.addresses import database  # noqa: PLC0415
    from ops.migrate import migrate as run  # noqa: PLC0415
    from schema.roles.valkey import access_list  # noqa: PLC0415

    if acl is not None:
        click.echo("\n".join(access_list(acl)))
        return
    granted = run(database(Settings.from_env(os.environ)), tell=click.echo)
    click.echo("The database has this version's tables.")
    if granted.created:
        click.echo(f"New roles, without a password yet: {', '.join(granted.created)} (ops/roles.md).")
    if granted.missing:
        click.echo(
            f"Roles that are missing, and that this one may not create: {', '.join(granted.missing)}. "
            "Until they are there, every process uses the owner's address (ops/roles.md)."
        )
