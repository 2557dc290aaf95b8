"""The group `sealstream replay`. Exit status: 0 all is well, 1 something was found, 2 it could not run."""

import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from ops.errors import OperatorError
from ops.replay.places import POSITION, USER
from schema.events import KINDS
from schema.positions import START, Position
from schema.settings import BadSetting, Settings
from workers.replay.flat import Filter


class _Replay(click.Group):
    """An error that keeps a command from running is one line on stderr and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperatorError, BadSetting) as error:
            click.echo(f"sealstream: {error}", err=True)
            ctx.exit(2)


@click.group(cls=_Replay)
def replay() -> None:
    """Prove what happened to every envelope.

    Reads the log and its archive, over ciphertext only, and changes nothing; adopt-log and
    restore-log-heads, which mend a log that was lost or restored, say what they change and ask. Positions
    are MS-N as the log has them, ms since the epoch, or a time such as 2026-11-29T03:00 (UTC).
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
_kind = click.option(
    "--kind", multiple=True, type=click.Choice(KINDS), metavar="KIND",
    help=f"Only this kind; may be repeated. One of {', '.join(KINDS)}.",
)  # fmt: skip
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
    """Compare log, PostgreSQL and directory.

    The relay may run meanwhile: the answer says as of which positions it speaks. With --to, only the log
    itself is looked at: nobody knows what the tables held then.

    Exit status: 0 clean, 1 violations, 2 it could not run.
    """
    from ops.replay.auditing import audit as run  # noqa: PLC0415

    sys.exit(run(_settings(), after or START, upto, user, partition, as_json=as_json, fast=fast))


@replay.command()
@click.argument("envelope", metavar="ENVELOPE_ID", type=click.UUID)
@_from
@_user
@_json
@_fast
def trace(envelope: UUID, after: Position | None, user: UUID | None, as_json: bool, fast: bool) -> None:
    """Follow one envelope.

    When it was accepted, projected and pushed, and how it ended: for each device of the recipient. --user
    (the recipient) and --from make it quicker.

    Exit status: 0 found, 1 in neither archive nor log, 2 it could not run.
    """
    from ops.replay.tracing import trace as run  # noqa: PLC0415

    sys.exit(run(_settings(), envelope, after or START, user, as_json=as_json, fast=fast))


@replay.command()
@click.option(
    "--from", "after", type=POSITION, metavar="POSITION", help="Begin there; else with what comes next."
)
@_user
@_partition
@_kind
@_json
@click.option("--lines", type=click.IntRange(1), metavar="N", help="End after so many.")
def tail(
    after: Position | None,
    user: UUID | None,
    partition: int | None,
    kind: tuple[str, ...],
    as_json: bool,
    lines: int | None,
) -> None:
    """Show entries as they come.

    One line each, until Ctrl-C. --user also shows what the user sent. With --from, what was trimmed since is
    read from the archive; what neither log nor archive has is said.
    """
    from ops.replay.tailing import tail as run  # noqa: PLC0415

    run(_settings(), after, partition, Filter(user, kind), as_json=as_json, lines=lines)


@replay.command()
@_from
@_to
@_user
@_partition
@_kind
@_fast
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; .parquet for Parquet.")
def export(
    after: Position | None,
    upto: Position | None,
    user: UUID | None,
    partition: int | None,
    kind: tuple[str, ...],
    fast: bool,
    out: Path | None,
) -> None:
    """Write entries as JSON lines or Parquet.

    What archive and log have, with digests instead of ciphertext. Without --out it writes JSON lines to the
    standard output. Parquet needs the extra `sealstream[parquet]`.
    """
    from ops.replay.exporting import export as run  # noqa: PLC0415

    sys.exit(run(_settings(), after or START, upto, partition, Filter(user, kind), fast=fast, out=out))


@replay.command()
@click.option(
    "--into", required=True, metavar="URL", help="An empty PostgreSQL database, or a rebuild begun before."
)
@click.option(
    "--compare/--no-compare", default=True, show_default=True, help="Compare with the live database."
)
@click.option(
    "--partial", is_flag=True, help="Where entries are missing, build what the others say; else it stops."
)
@_fast
def rebuild(into: str, compare: bool, partial: bool, fast: bool) -> None:
    """Make the projections anew from archive and log.

    Devices, identities, prekeys, mailboxes and owed envelopes come into the database URL, by the
    projector's own code. Accounts, log-in sessions and signing keys are not in the log: they come from a
    backup (ops/runbook.md, Restore). It can be stopped, and goes on where it was.

    What was trimmed is read from the archive. One that keeps digests alone has no ciphertext: what is owed
    from that time has no row then, and is counted.

    Exit status: 0 whole, and the same as the live database; 1 it differs, or lacks something, which is said
    in numbers; 2 it could not run, or entries are missing.
    """
    from ops.replay.rebuilding import rebuild as run  # noqa: PLC0415

    sys.exit(run(_settings(), into, compare=compare, fast=fast, partial=partial))


@replay.command()
@_from
@_to
@_partition
@_json
@_fast
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with plots.")
def stats(
    after: Position | None,
    upto: Position | None,
    partition: int | None,
    as_json: bool,
    fast: bool,
    html: Path | None,
) -> None:
    """Sum archive and log up.

    Accepted over time, how long delivery takes, what is owed and for how long, and refusals. --html writes
    one page that needs no network.
    """
    from ops.replay.summing import stats as run  # noqa: PLC0415

    sys.exit(run(_settings(), after or START, upto, partition, as_json=as_json, fast=fast, html=html))


@replay.command("verify-receipt")
@click.argument("file", type=click.Path(path_type=Path))
@_json
@_fast
def verify_receipt(file: Path, as_json: bool, fast: bool) -> None:
    """Check receipts that somebody brings.

    FILE is what the client exports; - reads the standard input. For each receipt: one of the relay's keys
    signed it, and log or archive has the entry that it names, equal in every part. A receipt that is not
    true is named: unknown key, wrong signature, other log, no such number, other envelope, other digest,
    other time.

    Exit status: 0 all are proven, 1 one is not true, 2 one cannot be checked (the relay keeps that time no
    longer, the account is gone, the archive is damaged), or it could not run.
    """
    from ops.replay.verifying import verify_receipt as run  # noqa: PLC0415

    sys.exit(run(_settings(), file, as_json=as_json, fast=fast))


def _settings() -> Settings:
    return Settings.from_env(os.environ)
