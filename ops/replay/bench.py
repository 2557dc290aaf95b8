"""`make bench-audit`: how many entries a second the audit folds, and what bounds it."""

import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import click
import msgspec
import psutil
import uvloop

from ops.child import Child
from ops.embedded import valkey
from ops.embedded.layout import layout, prepare
from ops.replay.shares import Request, collect_rarely, count, in_shares
from schema import codec, keys, servers
from schema.events import (
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    IdentitySet,
    Prekey,
    PrekeysUploaded,
    SignedPrekey,
)
from schema.partitions import partition_of
from schema.settings import Settings
from workers.positions import START, Position
from workers.replay.audit import Scope
from workers.replay.fold import Fold
from workers.replay.log_source import LogSource

PARTITIONS: Final = 8
ACKNOWLEDGES: Final = 4
"""Envelopes per acknowledgement, as under load."""
AT_ONCE: Final = 2000


class Measured(msgspec.Struct, frozen=True):
    """Seconds by the clock, and of CPU: of this process and of the log's."""

    wall: float
    own: float
    server: float


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--entries", default=300_000, show_default=True, type=click.IntRange(1000), help="In the log.")
@click.option("--users", default=1000, show_default=True, type=click.IntRange(1), help="Mailboxes.")
@click.option("--body", default=512, show_default=True, type=click.IntRange(1, 65536), help="Bytes.")
def main(entries: int, users: int, body: int) -> None:
    """Fills a log of its own with synthetic entries and times the fold."""
    with _log(entries * (body + 500) // 1_000_000 + 64) as (url, pid):
        uvloop.run(_bench(url, psutil.Process(pid), entries, users, body))


@contextmanager
def _log(memory_mb: int) -> Iterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory(prefix="sealstream-bench-") as folder:
        places = layout(Path(folder) / "data")
        prepare(places, traversable=True)
        child = Child.start(valkey.program(valkey.LOG, places, memory_mb=memory_mb), places)
        try:
            url = valkey.url(valkey.LOG, places)
            while not valkey.is_ready(url):
                time.sleep(0.05)
            yield url, child.pid
        finally:
            child.stop()


async def _bench(url: str, server: psutil.Process, entries: int, users: int, body: int) -> None:
    client = servers.client(url)
    try:
        click.echo(f"Writing {entries:,} entries of {users:,} mailboxes, {body} bytes a body …")
        await _fill(client, entries, users, body)
        collect_rarely()
        source = LogSource(client, rate=None)

        async def read(partition: int) -> int:
            name, begin, total = keys.log(partition), "-", 0
            while rows := await client.execute_command(b"XRANGE", name, begin, "+", "COUNT", 500):
                total += len(rows)
                begin = f"({rows[-1][0].decode()}"
            return total

        async def decode(partition: int) -> int:
            end = (await source.extent(partition)).last
            return sum([len(page.records) async for page in source.pages(partition, START, end)])

        folds: list[Fold] = []

        async def fold(partition: int) -> int:
            folds.append(Fold(partition, complete=True, partitions=PARTITIONS))
            async for page in source.pages(partition, START, (await source.extent(partition)).last):
                folds[-1].take(page)
            return folds[-1].totals.entries

        click.echo(f"\n{'step':24} {'entries/s':>12} {'µs an entry':>12} {'own CPU':>9} {'log CPU':>9}")
        measured = Measured(0, 0, 0)
        for name, step in (("read", read), ("read, decode", decode), ("read, decode, fold", fold)):
            measured = await _measure(server, step, entries)
            each = (1e6 / entries * seconds for seconds in (measured.wall, measured.own, measured.server))
            click.echo(
                "{:24} {:>12,.0f} {:>12.2f} {:>9.2f} {:>9.2f}".format(name, entries / measured.wall, *each)
            )
        found = sum(len(fold.violations) for fold in folds)
        owed = sum(fold.owed() for fold in folds)
        memory = psutil.Process().memory_info().rss / 1024 / 1024
        click.echo(f"\n{found} violations; {owed:,} envelopes owed; {memory:.0f} MiB of memory.")
        cores = os.cpu_count() or 1
        free = cores * entries / (measured.own + measured.server)
        click.echo("CPU is in µs an entry. One process is bound by decoding and folding (own CPU).")
        click.echo(f"By its CPU, {cores} cores that nobody else uses fold {free:,.0f} entries/s.")
        await _in_shares(url, entries)
    finally:
        await client.aclose()


async def _in_shares(url: str, entries: int) -> None:
    """The log alone, as `sealstream replay audit --fast` folds it."""
    scope = Scope(PARTITIONS, tuple(range(PARTITIONS)), upto=Position(2**62, 0))
    settings = Settings.from_env({"SEALSTREAM_LOG_URL": url, "SEALSTREAM_ARCHIVE": "off"})
    request = Request(settings, scope, fast=True)
    shares = count(request)
    report = await in_shares(request, shares, lambda _more: None)
    click.echo(f"\n{entries / report.seconds:,.0f} entries/s in {shares} processes ({report.seconds:.1f} s).")


async def _measure(server: psutil.Process, step: Callable[[int], Awaitable[int]], entries: int) -> Measured:
    def times() -> tuple[float, float, float]:
        own, log = psutil.Process().cpu_times(), server.cpu_times()
        return time.perf_counter(), own.user + own.system, log.user + log.system

    before, total = times(), 0
    for partition in range(PARTITIONS):
        total += await step(partition)
    assert total == entries, total
    return Measured(*(now - then for then, now in zip(before, times(), strict=True)))


async def _fill(client: Any, entries: int, mailboxes: int, body: int) -> None:
    await client.set(keys.PARTITION_COUNT, PARTITIONS)
    users = [uuid4() for _ in range(mailboxes)]
    piece = client.pipeline(transaction=False)
    for written, (partition, fields) in enumerate(_entries(users, entries, bytes(body)), 1):
        piece.xadd(keys.log(partition), fields)
        if written % AT_ONCE == 0:
            await piece.execute()
    await piece.execute()


def _entries(users: list[UUID], entries: int, body: bytes) -> Iterator[tuple[int, dict[bytes, bytes]]]:
    now, left = round(time.time() * 1000), entries
    key, sender = b"\x05" + bytes(32), uuid4()
    for user in users:
        signed = SignedPrekey(1, key, bytes(64))
        identity = IdentitySet(
            user=user,
            device=1,
            at=now,
            change="first",
            identity_key=key,
            registration_id=1,
            signed_prekey=signed,
        )
        prekeys = PrekeysUploaded(
            user=user, device=1, at=now, prekeys=tuple(Prekey(i, key) for i in range(1, 101))
        )
        for event in (identity, prekeys)[:left]:
            yield partition_of(user, PARTITIONS), {codec.EVENT_FIELD: codec.encode(event)}
            left -= 1
    number = 0
    while left:
        number += 1
        for user in users[:left]:
            accepted = EnvelopeAccepted(
                user=user, device=1, at=now, id=uuid5(user, str(number)), from_user=sender, from_device=1,
                kind="message", body=body,
            )  # fmt: skip
            acknowledged = EnvelopesAcknowledged(user=user, device=1, at=now)
            is_ack = number % (ACKNOWLEDGES + 1) == 0
            seq = number - number // (ACKNOWLEDGES + 1)
            fields = {
                codec.SEQ_FIELD: b"%d" % seq,
                codec.EVENT_FIELD: codec.encode(acknowledged if is_ack else accepted),
            }
            yield partition_of(user, PARTITIONS), fields
            left -= 1


if __name__ == "__main__":
    main()
