"""`sealstream quarantine show|retry|drop`."""

from typing import TYPE_CHECKING

import click

from ops.errors import OperatorError
from ops.reach import Reached, run

if TYPE_CHECKING:
    from ops.quarantine.listing import Listed

ENTRIES = click.argument("entries", metavar="[ENTRY]...", nargs=-1)
ALL = click.option("--all", "everything", is_flag=True, help="Every entry that is set aside.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def quarantine() -> None:
    """Entries that workers could not process.

    A worker sets an entry aside when it cannot be read, keeps failing, or ended three workers; the others
    go on. ENTRY is a name that `sealstream quarantine show` prints, such as 3/1764386286100-0.
    """


@quarantine.command()
@AS_JSON
def show(as_json: bool) -> None:
    """List what is set aside, and why.

    No payload is shown. An entry leaves by `retry`, by `drop`, with its account, or after thirty days.
    """
    from ops.quarantine import listing, printing  # noqa: PLC0415

    async def read(reached: Reached) -> "list[Listed]":
        return await listing.read(await reached.log())

    printing.rows([one.row for one in run(read)], as_json=as_json)


@quarantine.command()
@ENTRIES
@ALL
@AS_JSON
def retry(entries: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Handle entries again, as if in their place.

    Do it after what made them fail is repaired, such as by an upgrade. What is handled leaves the
    quarantine; what fails stays, and the exit status is 1. An envelope that its device no longer waits for
    changes nothing.
    """
    from ops.quarantine import printing  # noqa: PLC0415
    from ops.quarantine.retrying import Retried, retry_all  # noqa: PLC0415

    _check(entries, everything=everything)

    async def again(reached: Reached) -> list[Retried]:
        return await retry_all(reached, entries)

    retried = run(again)
    printing.retried(retried, as_json=as_json)
    if any(not one.is_handled for one in retried):
        raise click.exceptions.Exit(1)


@quarantine.command()
@ENTRIES
@ALL
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
def drop(entries: tuple[str, ...], everything: bool, yes: bool, as_json: bool) -> None:
    """Delete entries from the quarantine, for good.

    The device of a dropped envelope is told that it expired. The log keeps the entry as long as any other.
    What changes an account, such as a device's key, cannot be dropped: it has to be handled.
    """
    from ops.quarantine import dropping, listing, printing  # noqa: PLC0415
    from ops.words import confirmed, count  # noqa: PLC0415

    _check(entries, everything=everything)

    async def read(reached: Reached) -> "list[Listed]":
        listed = await listing.read(await reached.log())
        return listing.chosen(listed, entries) if entries else listed

    wanted = run(read)
    dropping.check(wanted)
    if wanted:
        confirmed(f"Drop {count(len(wanted))} of what is set aside, for good?", yes=yes)

        async def delete_all(reached: Reached) -> None:
            await dropping.drop(await reached.log(), wanted)

        run(delete_all)
    printing.dropped([one.row for one in wanted], as_json=as_json)


def _check(entries: tuple[str, ...], *, everything: bool) -> None:
    if bool(entries) == everything:
        raise OperatorError("Name the entries, or give --all. See `sealstream quarantine show`.")
