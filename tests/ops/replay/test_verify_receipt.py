"""`sealstream replay verify-receipt`: a receipt that somebody brings is proven, or its lie is named."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid5

import psycopg
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from redis import Redis

from ops.cli import main
from schema import keys, receipts, relay_keys, servers
from schema.positions import Position
from schema.receipts import Acceptance
from schema.relay_keys import RelayKey
from tests.ops.replay.running import USER, run
from tests.workers import stories
from workers.archive.archivist import Archivist
from workers.archive.store import Store

SECRET = bytes(range(32))
LOG, OTHER = uuid5(USER, "log"), uuid5(USER, "other")
SECOND = {"seq": 2, "id": uuid5(USER, "1.2"), "at": 1000, "digest": sha256(b"sealed").digest()}
"""The second envelope of the fixture's log."""


class Desk:
    """Where receipts are brought: the fixture's relay, with a key and a log id of its own."""

    def __init__(self, env: dict[str, str], folder: Path, key: RelayKey) -> None:
        self.env = env
        self.folder = folder
        self.key = key

    def row(self, *, key: RelayKey | None = None, **facts: Any) -> dict[str, Any]:
        """A receipt as the client exports it, signed over exactly these facts."""
        said = Acceptance(**{"log": LOG, "user_id": USER, "device_id": 1, **SECOND, **facts})
        row = {name: str(getattr(said, name)) for name in ("log", "user_id", "id")}
        numbers = {name: getattr(said, name) for name in ("device_id", "seq", "at")}
        signed = b64encode(receipts.sign(said, key or self.key)).decode()
        return {**row, **numbers, "digest": said.digest.hex(), "receipt": signed}

    def verify(self, *rows: dict[str, Any], options: tuple[str, ...] = ()) -> Result:
        path = self.folder / "receipts.json"
        path.write_text(json.dumps({"format": "sealstream receipts 1", "receipts": rows}))
        return run("replay", "verify-receipt", str(path), *options, **self.env)

    def finding(self, row: dict[str, Any]) -> tuple[int, str]:
        done = self.verify(row, options=("--json", "--fast"))
        report = json.loads(done.stdout)
        assert report["proven"] is (done.exit_code == 0)
        return done.exit_code, report["receipts"][0]["finding"]


@pytest.fixture
async def desk(relay: dict[str, str], tmp_path: Path) -> Desk:
    secret = tmp_path / "secret.key"
    secret.write_bytes(b64encode(SECRET))
    secret.chmod(0o600)
    url = relay["SEALSTREAM_DATABASE_URL"]
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        key = await relay_keys.open_or_make(connection, SECRET, 1)
        await connection.execute("INSERT INTO users VALUES (%s, 'user', '', 1, 1)", (USER,))
    with Redis.from_url(relay["SEALSTREAM_LOG_URL"]) as log:
        log.set(keys.log_id(0), str(LOG))
    env = {
        **relay, "SEALSTREAM_SECRET_FILE": str(secret), "SEALSTREAM_ARCHIVE": str(tmp_path / "archive"),
    }  # fmt: skip
    return Desk(env, tmp_path, key)


def test_a_true_receipt_is_proven_and_names_its_entry(desk: Desk) -> None:
    done = desk.verify(desk.row())
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        f"Proven: the relay took number 2 for device 1 of {USER}, envelope {SECOND['id']}, at 1970-01-01 "
        "00:00:01.000 (UTC). It is entry 0:4000-0.\n"
    )
    # Without the secret at hand, as on an auditor's machine, the keys in the database count.
    Path(desk.env["SEALSTREAM_SECRET_FILE"]).unlink()
    assert desk.finding(desk.row()) == (0, "proven")


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"seq": 1}, "other envelope"),
        ({"seq": 4}, "no such number"),
        ({"device_id": 2}, "no such number"),
        ({"id": OTHER}, "other envelope"),
        ({"digest": sha256(b"another").digest()}, "other digest"),
        ({"at": 1001}, "other time"),
        ({"log": OTHER, "seq": 4}, "other log"),
        ({"log": OTHER, "id": OTHER}, "other log"),
    ],
    ids=str,
)
def test_each_lie_that_the_relay_signed_is_named(desk: Desk, change: dict[str, Any], finding: str) -> None:
    done = desk.verify(desk.row(**change))
    assert done.exit_code == 1
    assert done.stdout.startswith(f"Not true ({finding}): ")
    assert desk.finding(desk.row(**change)) == (1, finding)


@pytest.mark.parametrize("field", ["log", "user_id", "device_id", "seq", "id", "digest", "at", "receipt"])
def test_each_part_that_was_changed_after_signing_is_a_wrong_signature(desk: Desk, field: str) -> None:
    other = {"log": OTHER, "user_id": OTHER, "device_id": 2, "seq": 1, "id": OTHER, "at": 999}
    row, changed = (
        desk.row(),
        desk.row(**{field: other.get(field, sha256(b"x").digest())} if field != "receipt" else {"at": 2}),
    )
    assert desk.finding({**row, field: changed[field]}) == (1, "wrong signature")


def test_another_relays_receipt_is_of_an_unknown_key(desk: Desk) -> None:
    stranger = RelayKey("0" * 16, Ed25519PrivateKey.generate())
    assert desk.finding(desk.row(key=stranger)) == (1, "unknown key")
    named_alike = RelayKey(desk.key.kid, stranger.private)
    assert desk.finding(desk.row(key=named_alike)) == (1, "wrong signature")


def test_another_relays_secret_does_not_make_receipts_look_forged(desk: Desk) -> None:
    Path(desk.env["SEALSTREAM_SECRET_FILE"]).write_bytes(b64encode(bytes(32)))
    done = desk.verify(desk.row())
    assert (done.exit_code, done.stdout) == (2, "")
    assert "opens none of the relay's keys" in done.stderr


def test_a_key_that_the_secret_does_not_open_is_unknown(desk: Desk) -> None:
    stranger = RelayKey("0" * 16, Ed25519PrivateKey.generate())
    public = stranger.private.public_key().public_bytes_raw()
    with psycopg.connect(desk.env["SEALSTREAM_DATABASE_URL"]) as connection:
        connection.execute("INSERT INTO relay_keys VALUES (%s, %s, %s, 1)", (stranger.kid, b"x", public))
    assert desk.finding(desk.row(key=stranger)) == (1, "unknown key")


def test_a_receipt_of_an_earlier_log_is_proven_if_the_entry_is_still_there(desk: Desk) -> None:
    assert desk.finding(desk.row(log=OTHER)) == (0, "proven")


def test_a_number_that_was_given_twice_proves_both_receipts(desk: Desk) -> None:
    """After a restore a log may have a number a second time, for another envelope."""
    again = stories.accepted(USER, 1, 2, body=b"after the restore")
    with Redis.from_url(desk.env["SEALSTREAM_LOG_URL"]) as log:
        log.xadd(keys.log(0), stories.fields(again))  # type: ignore[arg-type]
    later = desk.row(digest=sha256(b"after the restore").digest())
    done = desk.verify(desk.row(), later, desk.row(digest=bytes(32)))
    assert done.exit_code == 1
    assert [line.split(" ", 1)[0] for line in done.stdout.splitlines()] == ["Proven:", "Proven:", "Not"]


def test_an_entry_that_cannot_be_read_may_be_the_missing_one(desk: Desk) -> None:
    assert desk.finding(desk.row(seq=9)) == (1, "no such number")
    with Redis.from_url(desk.env["SEALSTREAM_LOG_URL"]) as log:
        log.xadd(keys.log(0), {"n": 9, "e": b"nobody's entry"})
    assert desk.finding(desk.row(seq=9)) == (2, "source damaged")


def test_an_entry_far_from_the_time_on_the_receipt_is_found(desk: Desk) -> None:
    """The clocks of a node and of the log may differ by hours."""
    hours = 36_000_000
    with Redis.from_url(desk.env["SEALSTREAM_LOG_URL"]) as log:
        for seq, at in ((4, 5 * hours), (5, 1000)):
            log.xadd(
                keys.log(0), stories.fields(stories.accepted(USER, 1, seq, at=at)), f"{2 * hours + seq}-0"
            )  # type: ignore[arg-type]
    for seq, at in ((4, 5 * hours), (5, 1000)):
        assert desk.finding(desk.row(seq=seq, at=at, id=uuid5(USER, f"1.{seq}"))) == (0, "proven")


async def _archived(env: dict[str, str], key: RelayKey, upto: int) -> None:
    public = {key.kid: key.private.public_key()}
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(env["SEALSTREAM_DATABASE_URL"], open=False)
    async with servers.client(env["SEALSTREAM_LOG_URL"]) as log, pool as database:
        store = Store.open(env["SEALSTREAM_ARCHIVE"])
        archivist = Archivist(store, database, log, key, public, lambda: 1, entries=5)
        await archivist.write(0, Position(upto, 0))
        await log.xtrim(keys.log(0), minid=upto + 1, approximate=False)


def _damage(archive: Path) -> None:
    (segment,) = archive.rglob("*.segment")
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)


@pytest.fixture
async def archive(desk: Desk) -> Callable[[int], Awaitable[None]]:
    """Moves what the log has up to a position into the archive."""
    return lambda upto: _archived(desk.env, desk.key, upto)


async def test_the_archive_proves_what_the_log_has_no_more(
    desk: Desk, archive: Callable[[int], Awaitable[None]]
) -> None:
    await archive(5000)
    assert await asyncio.to_thread(desk.finding, desk.row()) == (0, "proven")
    assert await asyncio.to_thread(desk.finding, desk.row(digest=bytes(32))) == (1, "other digest")
    assert await asyncio.to_thread(desk.finding, desk.row(seq=9)) == (1, "no such number")
    await asyncio.to_thread(_damage, Path(desk.env["SEALSTREAM_ARCHIVE"]))
    assert await asyncio.to_thread(desk.finding, desk.row()) == (2, "source damaged")


def test_nothing_is_claimed_about_what_the_relay_keeps_no_longer(desk: Desk) -> None:
    with Redis.from_url(desk.env["SEALSTREAM_LOG_URL"]) as log:
        log.xtrim(keys.log(0), minid="5000-0", approximate=False)
    done = desk.verify(desk.row())
    assert done.exit_code == 2
    assert done.stdout.startswith("Cannot be checked (not kept): number 2 ")
    with psycopg.connect(desk.env["SEALSTREAM_DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM users")
    assert desk.finding(desk.row()) == (2, "account gone")


def test_one_lie_among_several_receipts_decides(desk: Desk) -> None:
    one = desk.row(seq=1, id=uuid5(USER, "1.1"))
    assert desk.verify(one, desk.row()).exit_code == 0
    done = desk.verify(one, desk.row(at=5), desk.row())
    assert done.exit_code == 1
    assert [line.split(" ", 1)[0] for line in done.stdout.splitlines()] == ["Proven:", "Not", "Proven:"]


def test_standard_input_is_read_and_what_is_no_receipt_is_told(desk: Desk, tmp_path: Path) -> None:
    text = json.dumps({"format": "sealstream receipts 1", "receipts": [desk.row()]})
    done = CliRunner().invoke(main, ["replay", "verify-receipt", "-"], input=text, env=desk.env)
    assert (done.exit_code, done.stdout.startswith("Proven: ")) == (0, True)
    for content in ("nothing", "{}", json.dumps({"format": "sealstream receipts 1", "receipts": []})):
        (tmp_path / "file").write_text(content)
        done = run("replay", "verify-receipt", str(tmp_path / "file"), **desk.env)
        assert (done.exit_code, "This is not a file of receipts" in done.stderr) == (2, True)
    done = run("replay", "verify-receipt", str(tmp_path / "missing"), **desk.env)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    for part in ("SEALSTREAM_LOG_URL", "SEALSTREAM_DATABASE_URL"):
        away = {
            "SEALSTREAM_LOG_URL": "redis://127.0.0.1:1",
            "SEALSTREAM_DATABASE_URL": "postgresql://127.0.0.1:1/x",
        }
        (tmp_path / "file").write_text(text)
        done = run("replay", "verify-receipt", str(tmp_path / "file"), **{**desk.env, part: away[part]})
        assert (done.exit_code, " is away: " in done.stderr) == (2, True)
