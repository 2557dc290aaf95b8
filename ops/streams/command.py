"""`sealstream streams`: how far each group has read, as a table or as JSON."""

from typing import TYPE_CHECKING

import click

from ops.reach import Reached, run

if TYPE_CHECKING:
    from ops.streams.groups import GroupState


@click.command()
@click.option(
    "--partition", "by_partition", is_flag=True, help="One row per partition, not the sum over all."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of rows, ages in milliseconds.")
def streams(by_partition: bool, as_json: bool) -> None:
    """Show how far each consumer group has read.

    lag: entries it has not read. pending: entries it has read and not acknowledged. oldest: the age of
    the oldest of both. consumers: who asked for entries within the last ten seconds; the pusher reads without
    being listed, and moves its group about once a second. quarantine: entries that it set aside (see
    `sealstream quarantine show`).
    """
    import msgspec  # noqa: PLC0415

    from ops.streams import groups  # noqa: PLC0415

    async def read(reached: Reached) -> "list[GroupState]":
        return await groups.read(await reached.log())

    states = run(read)
    rows = states if by_partition else groups.summed(states)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        _print(rows, by_partition=by_partition)


def _print(rows: "list[GroupState]", *, by_partition: bool) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from ops.words import age, count  # noqa: PLC0415

    table = Table()
    table.add_column("group")
    if by_partition:
        table.add_column("partition", justify="right")
    for name in ("lag", "pending", "oldest", "consumers", "quarantine"):
        table.add_column(name, justify="right")
    for row in rows:
        place = ["-" if row.partition is None else str(row.partition)] if by_partition else []
        readers = "no group" if row.is_missing else str(len(row.consumers))
        lag = "unknown" if row.lag is None else count(row.lag)
        aside = count(row.quarantine)
        table.add_row(row.group, *place, lag, count(row.pending), age(row.oldest_ms), readers, aside)
    Console().print(table)
