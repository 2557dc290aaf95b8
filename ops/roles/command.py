"""`sealstream roles`: files for servers of one's own."""

import os
from pathlib import Path

import click

from ops.errors import OperatorError
from schema.settings import Settings


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def roles(directory: Path) -> None:
    """Write users and addresses for servers of your own.

    Into DIRECTORY: log.acl and board.acl (the servers' aclfile), database.sql (PostgreSQL's roles and their
    passwords), and for each kind of process NAME.env with its three addresses; admin.env is for `sealstream
    migrate`. SEALSTREAM_LOG_URL, SEALSTREAM_BOARD_URL and SEALSTREAM_DATABASE_URL say where the servers are;
    the database's user must own the tables. Run it again after an upgrade: the passwords stay.
    """
    from ops.addresses import VARIABLES  # noqa: PLC0415
    from ops.embedded import postgres, valkey  # noqa: PLC0415
    from ops.roles.files import write  # noqa: PLC0415

    settings = Settings.from_env(os.environ)
    given = {
        valkey.LOG: settings.log_url, valkey.BOARD: settings.board_url, postgres.NAME: settings.database_url,
    }  # fmt: skip
    urls = {server: url for server, url in given.items() if url}
    if missing := [VARIABLES[server] for server in given if server not in urls]:
        raise OperatorError(f"Set {', '.join(missing)}: `sealstream up` gives its own servers the roles.")
    for path in write(directory, urls):
        click.echo(path)
