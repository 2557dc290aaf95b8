"""`DELETE /v1/account`, to the end: directory, projections, limits, answers, the log and its files
hold nothing of its ciphertext; everybody else's mailbox is as it was."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest
from redis.asyncio import Redis

from ops.addresses import address
from ops.embedded import postgres, valkey
from ops.embedded.layout import layout
from schema import codec, keys, overrides
from schema.events import AccountDeleted, LogEvent
from schema.roles import ADMIN
from schema.tables import metadata
from tests.support.people import PASSWORD, Person
from tests.support.stack import Stack, data_folder
from tests.support.until import until
from tests.wire.conftest import Party
from tests.workers.retention.test_rounds import files_with

CANARY = b"canary-ciphertext-of-a-deleted-account"
STAYS = b"ciphertext-of-somebody-else"
OUTLIVES = {"login_sessions"}
"""A little: so every node learns that the session has ended."""


class Messenger:
    """One node, one partition, and a retention in a hurry."""

    def __init__(self, stack: Stack) -> None:
        self.party = Party(stack.url())
        self.data = stack.data
        self.database_url = postgres.url(layout(stack.data))
        self.log = Redis.from_url(address(valkey.LOG, layout(stack.data), ADMIN))
        self.board = Redis.from_url(address(valkey.BOARD, layout(stack.data), ADMIN))

    async def rows(self, person: Person) -> dict[str, int]:
        """How many rows each table has of them, where there are any."""
        found = {}
        async with await psycopg.AsyncConnection.connect(self.database_url) as database:
            for table in metadata.tables.values():
                if "user_id" in table.columns and table.name not in OUTLIVES:
                    query = f"SELECT count(*) FROM {table.name} WHERE user_id = %s"
                    row = await (await database.execute(query.encode(), (person.user_id,))).fetchone()
                    if row is not None and row[0]:
                        found[table.name] = row[0]
        return found

    async def allow(self, person: Person, count: int) -> None:
        """The operator's own limit of messages for them."""
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as database:
            await overrides.set(database, self.board, UUID(person.user_id), "messages", count)

    async def logged(self, person: Person) -> list[LogEvent]:
        """What the log has of them."""
        events = [codec.decode_entry(fields)[0] for _, fields in await self.log.xrange(keys.log(0))]
        return [event for event in events if str(event.user) == person.user_id]


@pytest.fixture
async def messenger() -> AsyncIterator[Messenger]:
    with data_folder() as data:
        settings = {
            "SEALSTREAM_PARTITIONS": "1",
            "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.3",
            "SEALSTREAM_REWRITE_INTERVAL_SECONDS": "1",
        }
        stack = await asyncio.to_thread(lambda: Stack(data, **settings).start())
        messenger = Messenger(stack)
        yield messenger
        await messenger.party.close()
        await messenger.log.aclose()
        await messenger.board.aclose()
        await asyncio.to_thread(stack.stop)


async def test_nothing_of_a_deleted_accounts_ciphertext_is_left_anywhere(messenger: Messenger) -> None:
    party, log = messenger.party, messenger.log
    anna, bela = await party.person(prekeys=3), await party.person(prekeys=3)
    await bela.publish(**bela.with_kem(one_time=2))
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    assert (await at_anna.send(bela, CANARY + b"-read"))["ok"]
    await at_bela.until_bodies(1)
    assert (await at_bela.send(anna, STAYS))["ok"]
    await at_anna.until_bodies(1)
    await at_bela.close()
    assert (await at_anna.send(bela, CANARY + b"-owed"))["ok"]
    bundle = f"/v1/bundles/{bela.username}/{bela.fingerprint}"
    contact = f"/v1/contacts/{bela.username}/{bela.fingerprint}"
    assert (await anna.call("GET", bundle)).status == 200
    await messenger.allow(bela, 600)
    files = messenger.data / "log"
    assert files_with(files, CANARY)

    async def has_all_rows() -> bool:
        rows = await messenger.rows(bela)
        of_keys = {"one_time_prekeys", "used_prekeys", "kem_prekeys", "used_kem_prekeys"}
        return {"users", "overrides", "envelopes", *of_keys} <= rows.keys()

    await until(has_all_rows)
    assert (await bela.call("DELETE", "/v1/account", {"password": PASSWORD})).status == 204

    assert not await log.exists(keys.user(0, UUID(bela.user_id)))
    assert not await messenger.board.exists(keys.override(bela.user_id))
    for path in (bundle, contact):
        assert (await anna.call("GET", path)).body["code"] == "not_found"
    assert (await at_anna.send(bela, b"too late"))["error"]["code"] == "not_found"

    async def is_projected() -> bool:
        return await messenger.rows(bela) == {}

    async def is_erased() -> bool:
        return [type(event) for event in await messenger.logged(bela)] == [AccountDeleted]

    async def has_left_the_disk() -> bool:
        # Twice: a file that was renamed while we looked may have hidden the words.
        return not (files_with(files, CANARY) or files_with(files, CANARY))

    await until(is_projected, seconds=20)
    await until(is_erased, seconds=20)
    await until(has_left_the_disk, seconds=30)
    assert not await log.exists(keys.deleted(0))
    assert files_with(files, STAYS), "the other's is where it was"

    carla = await party.person(bela.username)
    at_carla = await party.line(carla)
    for number in (1, 2):
        answer = await at_anna.send(carla, f"hello {number}".encode())
        assert [one["seq"] for one in answer["accepted"]] == [number]
    assert await at_carla.until_bodies(2) == [b"hello 1", b"hello 2"]
    assert (await at_carla.send(anna, b"hello anna"))["accepted"][0]["seq"] == 2, "anna's mailbox goes on"
    assert await at_anna.until_bodies(2) == [STAYS, b"hello anna"]
