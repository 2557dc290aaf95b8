"""The output of `sealstream users`: tables within 80 columns, or JSON."""

import click
import msgspec
from rich.console import Console
from rich.table import Table

from ops.users.portrait import Portrait
from ops.words import count, moment
from relay.identity.accounts import Account


def portrait(found: Portrait, *, as_json: bool) -> None:
    """An account, its devices and its sessions."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    click.echo(f"{found.contact or '@' + found.username}  {found.user}")
    if not found.devices:
        click.echo("No device is logged in.")
        return
    table = Table("device", "state", "since (UTC)", "closed (UTC)")
    for name in ("waiting", "sessions"):
        table.add_column(name, justify="right")
    for row in found.devices:
        table.add_row(
            str(row.device), row.state, _moment(row.since), _moment(row.closed), count(row.waiting),
            str(row.sessions),
        )  # fmt: skip
    Console().print(table)
    if found.sessions:
        table = Table("device", "session", "since (UTC)", "last used (UTC)")
        for session in found.sessions:
            since, used = moment(session.created_at), moment(session.last_used_at)
            table.add_row(str(session.device_id), str(session.session_id)[:8], since, used)
        Console().print(table)


def closed(account: Account, device: int, ended: int, *, as_json: bool) -> None:
    """A closed device."""
    if as_json:
        _json(user=account.user_id, username=account.username, device=device, sessions_ended=ended)
    else:
        click.echo(f"Device {device} of @{account.username} is closed; login sessions ended: {ended}.")


def deleted(account: Account, *, as_json: bool) -> None:
    """A deleted account."""
    if as_json:
        _json(user=account.user_id, username=account.username)
    else:
        click.echo(f"The account of @{account.username} is deleted.")


def _json(**values: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(values)).decode())


def _moment(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else moment(milliseconds)
