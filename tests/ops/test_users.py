"""`sealstream users` finds one account, and does to it what its owner could do, in the same way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schema import keys
from schema.events import AccountDeleted, DeviceClosed
from schema.partitions import partition_of
from schema.settings import Settings
from tests.ops.conftest import PARTITIONS
from tests.ops.hand import Done, Hand
from tests.support.people import Person
from tests.support.relay import Relay, make_settings, relay
from tests.support.until import until


@pytest.fixture
def settings(log_url: str, board_url: str, database_url: str, tmp_path: Path) -> Settings:
    return make_settings(log_url, board_url, database_url, tmp_path, SEALSTREAM_PARTITIONS=str(PARTITIONS))


@pytest.fixture
async def node(log: Any, settings: Settings) -> AsyncIterator[Relay]:
    async with relay(settings) as running:
        yield running


async def users(hand: Hand, *arguments: str, **options: str) -> Done:
    return await asyncio.to_thread(hand, "users", *arguments, **options)


async def test_an_account_is_found_by_its_exact_name_or_its_id(hand: Hand, node: Relay) -> None:
    anna = await node.stranger("Anna_1").register()
    shown = await users(hand, "show", "@anna_1")
    assert shown.out.splitlines()[0] == f"@anna_1  {anna.user_id}"
    assert shown.row("1")[1:] == ["no keys", "-", "-", "0", "1"]
    await anna.publish()
    for name in ("ANNA_1", anna.user_id):
        shown = await users(hand, "show", name)
        assert shown.out.splitlines()[0] == f"@anna_1#{anna.fingerprint}  {anna.user_id}"
        assert shown.row("1")[1] == "active"
        assert shown.row("1", anna.session["session_id"][:8])
    told = (await users(hand, "show", "anna_1", "--json")).json
    assert told["username"] == "anna_1"
    assert [row["state"] for row in told["devices"]] == ["active"]
    assert {"password_hash", "refresh_token"} & told.keys() == set()
    for name in ("anna", "anna_", "a' OR 1=1", "00000000-0000-4000-8000-000000000000"):
        gone = await users(hand, "show", name)
        assert (gone.status, gone.out, gone.err) == (1, "", f"sealstream: There is no user {name!r}.\n")


async def test_a_closed_device_is_closed_as_by_its_owner(hand: Hand, node: Relay, log: Any) -> None:
    anna = await node.person()
    phone = await anna.another_device()
    done = await users(hand, "close", anna.username, "2", "--yes")
    assert (done.status, done.out) == (
        0, f"Device 2 of @{anna.username} is closed; login sessions ended: 1.\n",
    )  # fmt: skip
    (closing,) = [event for event in await node.events(anna) if isinstance(event, DeviceClosed)]
    assert (str(closing.user), closing.device) == (anna.user_id, 2)
    user = UUID(anna.user_id)
    assert log.smembers(keys.closed(partition_of(user, node.services.partitions), user)) == {b"2"}
    assert await until(lambda: node.ended.get(UUID(phone.session["session_id"]))) == "revoked"
    assert (await phone.call("GET", "/v1/sessions")).status == 401
    assert (await anna.call("GET", "/v1/sessions")).status == 200
    shown = await users(hand, "show", anna.username)
    assert [shown.row("1")[1], shown.row("2")[1]] == ["active", "closed"]
    for asked in ((), ("--yes",)):  # nobody is asked about a device that is not there
        again = await users(hand, "close", anna.username, "2", *asked)
        assert (again.status, again.err) == (1, f"sealstream: @{anna.username} has no open device 2.\n")
    await phone.close()


async def test_a_device_without_keys_loses_its_sessions(hand: Hand, node: Relay) -> None:
    anna = await node.person()
    thief = Person(node.url, anna.username)
    assert (await thief.log_in()).status == 200
    done = await users(hand, "close", anna.username, "2", "--yes", "--json")
    assert done.json["sessions_ended"] == 1
    assert (await thief.call("GET", "/v1/sessions")).status == 401
    assert not [event for event in await node.events(anna) if isinstance(event, DeviceClosed)]
    await thief.close()


async def test_a_deleted_account_is_deleted_as_by_its_owner(hand: Hand, node: Relay, board: Any) -> None:
    anna = await node.person()
    board.hset(keys.override(anna.user_id), "messages", 1)
    done = await users(hand, "delete", anna.username, "--yes")
    assert (done.status, done.out) == (0, f"The account of @{anna.username} is deleted.\n")
    (deletion,) = [event for event in await node.events(anna) if isinstance(event, AccountDeleted)]
    assert (str(deletion.user), deletion.device) == (anna.user_id, 0)
    assert await node.directory(anna) == {}
    assert await until(lambda: node.ended.get(UUID(anna.session["session_id"]))) == "account_deleted"
    assert not board.exists(keys.override(anna.user_id))
    assert (await anna.log_in()).status == 401
    assert (await node.stranger(anna.username).register()).user_id != anna.user_id, "the name is free"


async def test_nothing_is_done_unasked(hand: Hand, node: Relay) -> None:
    anna = await node.person()
    for command in (("close", anna.username, "1"), ("delete", anna.username)):
        kept = await users(hand, *command)
        assert kept.status == 1
        assert kept.err.endswith("sealstream: Nothing was changed. With --yes nobody is asked.\n")
    assert (await anna.call("GET", "/v1/sessions")).status == 200


async def test_with_the_log_away_nothing_is_changed(hand: Hand, node: Relay) -> None:
    anna = await node.person()
    for command in (("close", anna.username, "1"), ("delete", anna.username)):
        done = await users(hand, *command, "--yes", SEALSTREAM_LOG_URL="redis://127.0.0.1:1")
        assert (done.status, done.err) == (1, "sealstream: The log is away: Connection refused.\n")
    assert (await anna.call("GET", "/v1/sessions")).status == 200
