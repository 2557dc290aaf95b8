"""`sealstream with-servers`: log and PostgreSQL alone, for what is done by hand while nothing else runs."""

import os
import subprocess
import sys

import click


@click.command(
    "with-servers",
    short_help="Run a command while log and PostgreSQL run alone.",
    context_settings={"allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def with_servers(command: tuple[str, ...]) -> None:
    """Run COMMAND while log and PostgreSQL run, and nothing else of the relay.

    For a dump or a restore by hand. The servers that `sealstream up` brings are started for it, with this
    version's tables, and stopped after it. COMMAND finds their addresses in SEALSTREAM_LOG_URL and
    SEALSTREAM_DATABASE_URL. The exit status is the command's.
    """
    from ops.log_repair.pair import pair  # noqa: PLC0415 - `--help` is quick

    with pair(os.environ) as settings:
        urls = {"SEALSTREAM_LOG_URL": settings.log_url, "SEALSTREAM_DATABASE_URL": settings.database_url}
        found = {name: url for name, url in urls.items() if url}
        try:
            status = subprocess.run(command, env={**os.environ, **found}, check=False).returncode
        except OSError as error:
            raise click.ClickException(f"{command[0]} cannot be run: {error.strerror}.") from error
    sys.exit(status)
