"""`sealstream users show|close|delete`."""

from typing import TYPE_CHECKING

import click

from ops.reach import Reached, run

if TYPE_CHECKING:
    from ops.users.portrait import Portrait
    from relay.identity.accounts import Account

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, times in ms since 1970.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def users() -> None:
    """One account: look at it, close a device, delete it.

    USER is an exact user name (with or without @) or a user id. There is no list of all users.
    """


@users.command()
@click.argument("user")
@AS_JSON
def show(user: str, as_json: bool) -> None:
    """Show the devices and login sessions of USER."""
    from ops.users import printing  # noqa: PLC0415

    printing.portrait(_portrait(user), as_json=as_json)


@users.command()
@click.argument("user")
@click.argument("device", type=click.IntRange(1, 2**31 - 1), metavar="DEVICE")
@YES
@AS_JSON
def close(user: str, device: int, yes: bool, as_json: bool) -> None:
    """Close the device number DEVICE of USER, for good.

    Its login sessions end, its sockets within seconds, and its mailbox and keys are deleted. Other devices
    stay. `sealstream users show USER` lists the numbers.
    """
    from ops.users import printing  # noqa: PLC0415
    from ops.users.changes import close as do  # noqa: PLC0415
    from ops.words import confirmed  # noqa: PLC0415

    _portrait(user).check_open(device)
    confirmed(f"Close device {device} of {user} and delete what waits for it?", yes=yes)

    async def change(reached: Reached) -> "tuple[Account, int]":
        return await do(reached, user, device)

    account, ended = run(change)
    printing.closed(account, device, ended, as_json=as_json)


@users.command()
@click.argument("user")
@YES
@AS_JSON
def delete(user: str, yes: bool, as_json: bool) -> None:
    """Delete the account of USER, for good.

    Name, devices, keys, mailboxes and sessions go; sockets end within seconds. Retention erases what the
    log holds of the account.
    """
    from ops.users import printing  # noqa: PLC0415
    from ops.users.changes import delete as do  # noqa: PLC0415
    from ops.words import confirmed  # noqa: PLC0415

    _portrait(user)
    confirmed(f"Delete the account of {user}?", yes=yes)

    async def change(reached: Reached) -> "Account":
        return await do(reached, user)

    printing.deleted(run(change), as_json=as_json)


def _portrait(user: str) -> "Portrait":
    from ops.users.portrait import portrait  # noqa: PLC0415

    async def read(reached: Reached) -> "Portrait":
        return await portrait(await reached.database(), user)

    return run(read)
