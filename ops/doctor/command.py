"""`sealstream doctor`: examines, reports, and exits with what came of it."""

import asyncio
import os

import click

from ops.errors import OperatorError
from schema.roles import OPERATOR
from schema.settings import BadSetting, Settings

COULD_NOT_RUN = 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of findings.")
def doctor(as_json: bool) -> None:
    """Examine the relay: green or red, and what to do.

    It looks at settings, servers, durability, tables, functions, roles, the log's id, clocks, memory, disk,
    the archive, open files, workers, lag and quarantine, and changes nothing. Exit status: 0 all green, 1
    something red, 2 it could not run.
    """
    from ops.addresses import resolved  # noqa: PLC0415
    from ops.doctor.examination import examine  # noqa: PLC0415
    from ops.doctor.report import exit_status, report  # noqa: PLC0415

    try:
        settings = resolved(Settings.from_env(os.environ), OPERATOR)
    except (OperatorError, BadSetting) as error:
        click.echo(f"sealstream: {error}", err=True)
        raise click.exceptions.Exit(COULD_NOT_RUN) from error
    findings = asyncio.run(examine(settings))
    report(findings, as_json=as_json)
    raise click.exceptions.Exit(exit_status(findings))
