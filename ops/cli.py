"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from ops.doctor.command import doctor
from ops.errors import OperatorError
from ops.limits import limits
from ops.log_repair.alone import with_servers
from ops.log_repair.commands import adopt_log, restore_log_heads
from ops.migrate_command import migrate
from ops.quarantine.command import quarantine
from ops.replay.commands import replay
from ops.roles.command import roles
from ops.streams.command import streams
from ops.users.command import users
from schema.roles import NODE, OPERATOR, WORKERS
from schema.settings import DOCUMENTED, BadSetting, Settings


def _overrides(name: str, words: str) -> str:
    """The help of an option that comes before a setting."""
    setting = f"SEALSTREAM_{name}"
    (default,) = (default for known, default, _ in DOCUMENTED if known == setting)
    return f"{words}; else {setting}, else {default}."


class _Commands(click.Group):
    """What the operator must mend is one line on stderr and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperatorError, BadSetting) as error:
            click.echo(f"sealstream: {error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            ctx.exit(130)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """A self-hosted, zero-knowledge messenger. Settings are environment variables: see the README, and for
    what to do when, ops/runbook.md."""
    os.umask(os.umask(0o077) & 0o077)  # whatever it was: what we make is ours to read


@main.command()
@click.option("--data", type=click.Path(file_okay=False), help=_overrides("DATA", "Data directory"))
@click.option("--host", help=_overrides("HOST", "Address to listen on"))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help=_overrides("PORT", "Port of node 0; node i is on port + i"),
)
@click.option("--nodes", type=click.IntRange(1, 64), metavar="N", help=_overrides("NODES", "How many nodes"))
def up(data: str | None, host: str | None, port: int | None, nodes: int | None) -> None:
    """Run everything: servers, nodes, workers. Ctrl-C stops it; the next start finds its data."""
    from ops.supervisor.up import up as run  # noqa: PLC0415

    given = {
        "SEALSTREAM_DATA": data,
        "SEALSTREAM_HOST": host,
        "SEALSTREAM_PORT": port,
        "SEALSTREAM_NODES": nodes,
    }
    chosen = {name: str(value) for name, value in given.items() if value is not None}
    sys.exit(run({**os.environ, **chosen}))


@main.command()
@click.option(
    "--index", type=click.IntRange(0, 63), default=0, show_default=True, help="Listens on port + index."
)
def node(index: int) -> None:
    """Run one node: HTTP and sockets."""
    from ops.addresses import resolved  # noqa: PLC0415
    from ops.supervisor.ports import check_free  # noqa: PLC0415
    from relay.bootstrap import run_node  # noqa: PLC0415

    settings = resolved(_settings(), NODE)
    check_free(settings.host, [(settings.port + index, "SEALSTREAM_PORT")])
    sys.exit(run_node(settings, index))


@main.command()
@click.argument("name", metavar="NAME", type=click.Choice(WORKERS))
def worker(name: str) -> None:
    """Run one worker.

    NAME is projector, pusher, retention or rate-limiter; any number of each may run.
    """
    from ops.addresses import resolved  # noqa: PLC0415
    from workers.bootstrap import run_worker  # noqa: PLC0415

    sys.exit(run_worker(name, resolved(_settings(), name)))


@main.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command()
def rotate() -> None:
    """Sign with a new key from now on.

    Tokens under the old one stay good until they expire (15 minutes): nobody is logged out.
    """
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from ops.addresses import database  # noqa: PLC0415
    from ops.trouble import database_in_words  # noqa: PLC0415
    from relay.auth.keyset import KeysetUnreadable  # noqa: PLC0415
    from relay.auth.keyset import rotate as run  # noqa: PLC0415
    from schema.secret_file import is_exposed  # noqa: PLC0415

    settings = _settings()
    url, secret = database(settings, OPERATOR), settings.secret_file
    if not secret.exists():  # one that is made now would not be the nodes'
        raise OperatorError(
            f"There is no secret file {secret}. "
            "Set SEALSTREAM_SECRET_FILE, or SEALSTREAM_DATA, to what the nodes use."
        )
    try:
        with database_in_words():
            run(make_conninfo(url, connect_timeout=5), secret)
    except KeysetUnreadable as error:
        raise OperatorError(
            f"Nothing was changed: {secret} is not the secret that sealed the present keys. "
            "Set SEALSTREAM_SECRET_FILE to the file that the nodes use."
        ) from error
    if is_exposed(secret):
        click.echo(f"sealstream: Others on this machine may read {secret}: chmod 600 it.", err=True)
    click.echo(
        "A new key signs from now on; nodes take it up within seconds. "
        "Nobody is logged out: tokens under the old one stay good until they expire (15 minutes)."
    )


for command in (migrate, roles, doctor, limits, streams, quarantine, users, replay, with_servers):
    main.add_command(command)
for command in (restore_log_heads, adopt_log):
    replay.add_command(command)


@main.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415
    from importlib.metadata import version as installed  # noqa: PLC0415

    try:
        click.echo(installed("sealstream"))
    except PackageNotFoundError:
        click.echo(f"(not installed, run from {Path(__file__).parent.parent})")


def _settings() -> Settings:
    return Settings.from_env(os.environ)


if __name__ == "__main__":
    main(prog_name="sealstream")
