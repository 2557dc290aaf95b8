"""The group `sealstream replay`. Exit status: 0 all is well, 1 something was found, 2 it could not run."""

import os
import sys
from typing import Any
from uuid import UUID

import click

from ops.errors import OperatorError
from ops.replay.places import POSITION, USER
from schema.settings import BadSetting, Settings
from workers.positions import START, Position


class _Replay(click.Group):
    """What keeps a command from running is one line on stderr and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperatorError, BadSetting) as error:
            click.echo(f"sealstream: {error}", err=True)
            ctx.exit(2)


@click.group(cls=_Replay)
def replay() -> None:
    """Prove what happened to every envelope.

    Reads the log, over ciphertext only, and changes nothing. Positions are MS-N as the log has them, ms
    since the epoch, or a time such as 2026-11-29T03:00 (UTC).
    """


_from = click.option(
    "--from", "after", type=POSITION, metavar="POSITION", help="Begin there; else at the start."
)
_to = click.option("--to", "upto", type=POSITION, metavar="POSITION", help="End there; else at the end.")
_user = click.option("--user", type=USER, metavar="ID", help="Only what is about this user (an id).")
_partition = click.option(
    "--partition", type=click.IntRange(0, 1023), metavar="P", help="Only this partition."
)
_json = click.option("--json", "as_json", is_flag=True, help="For machines.")
_fast = click.option("--fast", is_flag=True, help="As fast as it goes; else 20,000 entries a second.")


@replay.command()
@_from
@_to
@_user
@_partition
@_json
@_fast
def audit(
    after: Position | None,
    upto: Position | None,
    user: UUID | None,
    partition: int | None,
    as_json: bool,
    fast: bool,
) -> None:
    """Compare the log with PostgreSQL and the directory.

    The relay may run meanwhile: the answer says as of which positions it speaks. With --to, only the log
    itself is looked at: nobody knows what the tables held then.

    Exit status: 0 clean, 1 violations, 2 it could not run.
    """
    from ops.replay.auditing import audit as run  # noqa: PLC0415

    sys.exit(run(_settings(), after or START, upto, user, partition, as_json=as_json, fast=fast))


def _settings() -> Settings:
    return Settings.from_env(os.environ)
