"""`python -m ops.load.archive`: many messages through a small log, then everything read back and compared.

It starts a relay of its own, writes through the accepting function as a node does (refused under the same
pressure), acknowledges as clients do, and leaves archiving and trimming to the real workers.
"""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import aiohttp
import click
import psycopg
import uvloop

from ops.addresses import address
from ops.embedded import postgres, valkey
from ops.embedded.layout import layout
from ops.errors import OperatorError
from ops.load.account import Account
from ops.load.ledger import Ledger
from ops.load.own_relay import RAISED, own_relay
from ops.load.usage import usage
from relay.admission.pressure import Pressure
from relay.log.mailbox_log import MailboxLog
from schema import functions, keys, servers
from schema.clock import now_ms
from schema.link import Link
from schema.roles import ADMIN
from schema.settings import Settings
from schema.wire_socket import OutgoingEnvelope, Send
from workers.archive.opening import open_joined
from workers.positions import START, Position
from workers.projector import checkpoints
from workers.replay.log_source import LogSource

PARTITIONS: Final = 8
UNDER_WAY: Final = 256
ACKNOWLEDGED_AT_ONCE: Final = 20
SETTLED_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.25
SAY_SECONDS: Final = 10.0
END: Final = Position(2**60, 0)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--messages", default=300_000, show_default=True, type=click.IntRange(1))
@click.option("--memory", default=256, show_default=True, type=click.IntRange(64), help="MiB of the log.")
@click.option("--users", default=200, show_default=True, type=click.IntRange(2))
@click.option("--body", default=512, show_default=True, type=click.IntRange(16, 65536), help="Bytes.")
def main(messages: int, memory: int, users: int, body: int) -> None:
    """Messages through a log smaller than they are; exit status 1 if one was refused or is missing."""
    settings = {
        **RAISED,
        "SEALSTREAM_LOG_MEMORY_MB": str(memory),
        "SEALSTREAM_PARTITIONS": str(PARTITIONS),
        "SEALSTREAM_LOG_FORMAT": "json",
    }
    try:
        with own_relay(settings) as (node, data):
            is_clean = uvloop.run(_run(node, data, messages, users, body))
    except (OperatorError, aiohttp.ClientError) as error:
        raise click.ClickException(str(error)) from error
    if not is_clean:
        raise click.exceptions.Exit(1)


class Load:
    """Sends `left` messages to `accounts`."""

    def __init__(self, log: MailboxLog, pressure: Pressure, accounts: list[Account], body: int) -> None:
        self.ledger = Ledger()
        self.refused = 0
        self.sent = 0
        self._log = log
        self._pressure = pressure
        self._accounts = accounts
        self._boxes = [(UUID(account.user_id), account.device_id) for account in accounts]
        self._block = secrets.token_bytes(body - 16)

    async def run(self, messages: int) -> None:
        """Until all are accepted and acknowledged."""
        turns = iter(range(messages))
        await asyncio.gather(*(self._writer(turns) for _ in range(UNDER_WAY)))
        for number in range(len(self._boxes)):
            await self._acknowledge(number)

    async def _writer(self, turns: Iterator[int]) -> None:
        for turn in turns:
            while self._pressure.refusal() is not None:
                self.refused += 1
                await asyncio.sleep(1.0)
            await self._send(turn % len(self._accounts))

    async def _send(self, number: int) -> None:
        account, box = self._accounts[number], self._boxes[number]
        sender = self._boxes[secrets.randbelow(len(self._boxes))]
        body = secrets.token_bytes(16) + self._block
        envelope = OutgoingEnvelope(
            device_id=box[1], registration_id=account.registration_id, kind="message", body=body
        )
        send = Send(id=uuid4(), to=box[0], envelopes=[envelope])
        accepted = await self._log.accept(sender[0], sender[1] if sender != box else 99, send, now_ms())
        seq = accepted.seqs[0][1]
        self.ledger.accept(box, seq, sha256(body).digest())
        self.sent += 1
        if seq % ACKNOWLEDGED_AT_ONCE == 0:
            await self._acknowledge(number)

    async def _acknowledge(self, number: int) -> None:
        user, device = self._boxes[number]
        upto = self.ledger.accepted[user, device]
        known = self.ledger.cursors.get((user, device), 0)
        if upto > known:
            self.ledger.cursors[user, device] = upto
            await self._log.acknowledge(user, device, upto, now_ms())


class Watch:
    """The memory of the log and the size of the archive while the load goes on."""

    def __init__(self, client: Any, data: Path, load: Load) -> None:
        self.peak = 0
        self.most = 0
        self._client = client
        self._data = data
        self._load = load

    async def run(self) -> None:
        """Until cancelled."""
        said, began = time.monotonic(), time.monotonic()
        while True:
            memory = await self._client.info("memory")
            self.peak, self.most = max(self.peak, memory["used_memory"]), memory["maxmemory"]
            if time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                entries = sum([await self._client.xlen(keys.log(number)) for number in range(PARTITIONS)])
                click.echo(
                    f"{self._load.sent:>10,} messages, {self._load.sent / (said - began):>7,.0f}/s; log "
                    f"{memory['used_memory'] / 2**20:.0f} MiB with {entries:,} entries; archive "
                    f"{archive_bytes(self._data) / 2**20:.1f} MiB; refused {self._load.refused}"
                )
            await asyncio.sleep(LOOK_SECONDS)


def archive_bytes(data: Path) -> int:
    """On disk."""
    return sum(path.stat().st_size for path in (data / "archive").rglob("*.segment"))


async def _run(node: str, data: Path, messages: int, users: int, body: int) -> bool:
    places = layout(data)
    async with aiohttp.ClientSession() as http:
        accounts = [await Account(node).register(http) for _ in range(users)]
    url = address(valkey.LOG, places, ADMIN)  # it sends as a node and reads as the auditor
    client, link = servers.client(url), Link(url, name="log")
    await link.start()
    log = MailboxLog(
        link,
        partitions=PARTITIONS,
        capacity=10_000,
        install=lambda: functions.install(client, "relay"),
        now=now_ms,
    )
    pressure = Pressure(client, PARTITIONS)
    load = Load(log, pressure, accounts, body)
    watch = Watch(client, data, load)
    beside = [asyncio.create_task(pressure.run()), asyncio.create_task(watch.run())]
    before, began = usage(data), time.monotonic()
    try:
        await load.run(messages)
        took = time.monotonic() - began
        await _settled(client, postgres.url(places))
    finally:
        for task in beside:
            task.cancel()
    after = usage(data)
    click.echo(
        f"{load.sent:,} messages of {body} bytes in {took:.0f} s: {load.sent / took:,.0f}/s, refused "
        f"{load.refused}; the log's memory at most {watch.peak / 2**20:.0f} of {watch.most / 2**20:.0f} MiB"
    )
    for name, used in after.items():
        spent = used.since(before.get(name))
        click.echo(f"  {name:18} {spent.cpu_seconds:8.1f} s CPU {spent.memory_bytes / 2**20:8.0f} MiB")
    is_clean = await _compare(client, places.data, postgres.url(places), load)
    await link.close()
    await client.aclose()
    return await _audit(data) and is_clean and load.refused == 0


async def _audit(data: Path) -> bool:
    """What `sealstream replay audit` says of the running relay."""
    command = (sys.executable, "-m", "ops.cli", "replay", "audit", "--fast")
    environment = {**os.environ, "SEALSTREAM_DATA": str(data), "SEALSTREAM_PARTITIONS": str(PARTITIONS)}
    audit = await asyncio.create_subprocess_exec(*command, env=environment)
    return await audit.wait() == 0


async def _settled(client: Any, database_url: str) -> None:
    """Returns when the projector has read everything."""
    deadline = time.monotonic() + SETTLED_SECONDS
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as database:
        while True:
            reached = await checkpoints.read_all(database, keys.PROJECTOR)
            ends = [await client.xinfo_stream(keys.log(number)) for number in range(PARTITIONS)]
            if all(
                reached.get(number) == Position.parse(end["last-generated-id"])
                for number, end in enumerate(ends)
            ):
                return
            if time.monotonic() > deadline:
                raise OperatorError("The projector does not catch up.")
            await asyncio.sleep(0.2)


async def _compare(client: Any, data: Path, database_url: str, load: Load) -> bool:
    """Reads archive and log as one, and holds them against what the load was told."""
    settings = Settings.from_env({"SEALSTREAM_DATA": str(data)})
    async with await psycopg.AsyncConnection.connect(database_url) as database:
        source = await open_joined(settings, database, LogSource(client, rate=None))
    assert source
    archive = source.archive
    ledger, entries = Ledger(), 0
    began = time.monotonic(), time.process_time()
    for partition in range(PARTITIONS):
        async for page in source.pages(partition, START, END):
            entries += len(page.records)
            for record in page.records:
                ledger.read(record)
    took, spent = time.monotonic() - began[0], time.process_time() - began[1]
    chains = [await archive.refresh(partition) for partition in range(PARTITIONS)]
    archived = sum(chain.entries for chain in chains)
    messages = sum(ledger.accepted.values())
    size = archive_bytes(data)
    wrong = [
        *(fault.text for partition in range(PARTITIONS) for fault in archive.faults(partition)),
        *ledger.gaps,
        *load.ledger.differences(ledger),
    ]
    click.echo(
        f"read back {entries:,} entries ({messages:,} messages) in {took:.1f} s, {spent:.1f} s CPU: "
        f"{entries / took:,.0f} entries/s\n"
        f"archive: {archived:,} entries in {sum(len(chain.segments) for chain in chains)} segments, "
        f"{size / 2**20:.1f} MiB, {size / max(1, archived):.1f} bytes an entry, "
        f"{size / max(1, archived) * entries / max(1, messages):.1f} bytes a message\n"
        f"{'clean: every message is there once, in order' if not wrong else f'{len(wrong)} WRONG'}"
    )
    for text in wrong[:20]:
        click.echo(f"  {text}")
    return not wrong


if __name__ == "__main__":
    main()
