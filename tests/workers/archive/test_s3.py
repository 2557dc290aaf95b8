"""An archive in S3-compatible storage is what one in a directory is; where it fails, nothing is lost."""

import socket
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from schema import keys
from schema.blobs import BlobStore, Manifest, parts_of
from schema.positions import Position
from schema.storage import Storage
from tests.support.s3 import BUCKET, S3, serving
from tests.workers.archive.conftest import Make, read_by_all, tell
from tests.workers.archive.reads import archive, faults, joined, positions
from tests.workers.archive.test_archivist import history
from workers.archive import store as places
from workers.archive.ageing import age
from workers.archive.archivist import Archivist
from workers.archive.store import NotThere, Store, StoreAway
from workers.retention.trimming import Trimmer

WINDOW = 300
SEGMENT = places.segment_name(0, 1)


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with serving() as running:
        yield running


@pytest.fixture
def place(server: S3, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of its own in the bucket; the environment has the credential."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid4()}"


async def test_objects_are_written_once_listed_in_order_replaced_and_removed(place: str) -> None:
    store = Store.open(place)
    with pytest.raises(NotThere):
        await store.read(SEGMENT)
    assert await store.put_new(SEGMENT, b"one")
    assert not await store.put_new(SEGMENT, b"other")
    assert await store.read(SEGMENT) == b"one"
    assert await store.read_start(SEGMENT, 2) == b"on"
    for number in (2, 10):
        await store.put_new(places.segment_name(0, number), b"x")
    await store.put(places.bodies_name(0, 2), b"bodies")
    assert await store.numbers(0) == [1, 2, 10]
    assert await store.numbers(0, after=2) == [10]
    assert await store.numbers(0, places.BODIES) == [2]
    assert await store.numbers(1) == []
    for data in (b"a", b"b"):
        await store.put(places.floor_name(0), data)
    assert await store.read(places.floor_name(0)) == b"b"
    await store.remove([SEGMENT, "nothing"])
    assert await store.numbers(0) == [2, 10]


async def test_stretches_are_archived_trimmed_read_back_and_reach_their_age(
    place: str, log: Any, database: Any, make: Make
) -> None:
    await tell(log, history(30))
    await read_by_all(log, database)
    archivist = make(entries=8, where=place, keep_bodies=True)
    trimmer = Trimmer(database, log, archivist)
    assert await trimmer.trim_window(1, now=WINDOW + 20, window_ms=WINDOW) == 19
    assert await positions(joined(make(where=place), log)) == list(range(1, 31))
    assert await faults_in(place, archivist, database) == []
    again = make(entries=8, where=place)
    head = await again.head(0)
    assert head == await archivist.head(0)
    assert await age(again, 1, before=10) == 1
    assert await faults_in(place, again, database) == []
    await again.store.remove([places.segment_name(0, 2)])
    assert await faults_in(place, again, database) == [("missing", 2)]


async def faults_in(place: str, archivist: Archivist, database: Any) -> list[tuple[str, int]]:
    return await faults(archivist, database, where=place)


async def test_two_archivists_at_once_do_not_fork_the_chain(
    place: str, log: Any, database: Any, make: Make
) -> None:
    await tell(log, history(20))
    one, other = make(entries=5, where=place), make(entries=7, where=place)
    for each in (one, other, one):
        await each.write(0, Position(99, 0))
    assert await positions(archive(one)) == list(range(1, 18))
    assert await faults_in(place, one, database) == []


async def test_files_lie_there_in_parts_and_are_read_listed_and_removed(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, blob = BlobStore(Storage.open(place)), b"b" * 32
    names = [await store.put_part(blob, begin, data) for begin, data in ((0, b"sealed "), (7, b"bytes"))]
    assert await store.manifest(blob) is None
    parts = parts_of(names, 12)
    await store.publish(blob, Manifest(12, b"d" * 32, 9000, parts))
    assert await store.manifest(blob) == Manifest(12, b"d" * 32, 9000, parts)
    assert [data async for data in store.contents(blob, parts)] == [b"sealed ", b"bytes"]
    assert await store.read_part(blob, parts[1], 1, 3) == b"yte"
    found = (await store.listed())[blob]
    assert {name: found.sizes[name] for name in names} == {names[0]: 7, names[1]: 5}
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        broken = BlobStore(Storage.open(place))
        for call in (broken.listed, lambda: broken.manifest(blob), lambda: broken.put_part(blob, 0, b"")):
            with pytest.raises(StoreAway, match="403 Forbidden"):
                await call()
    await store.remove(blob)
    await store.remove(blob)
    assert await store.listed() == {}
    elsewhere = BlobStore(Storage.open(f"s3://no-such-bucket/{uuid4()}"))
    for call in (elsewhere.listed, lambda: elsewhere.manifest(blob), lambda: elsewhere.remove(blob)):
        with pytest.raises(StoreAway):
            await call()


FAILING = {
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "403 Forbidden: SignatureDoesNotMatch"),
    "an unknown key": ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, "403 Forbidden: InvalidAccessKeyId"),
    "nobody listens": ({"AWS_ENDPOINT_URL": "unused"}, "no connection"),
}


@pytest.mark.parametrize("how", FAILING)
async def test_storage_that_refuses_or_does_not_answer_is_a_typed_error_and_nothing_is_lost(
    place: str, log: Any, database: Any, make: Make, monkeypatch: pytest.MonkeyPatch, capsys: Any, how: str
) -> None:
    settings, words = FAILING[how]
    await tell(log, history(30))
    await read_by_all(log, database)
    with monkeypatch.context() as wrong:
        for name, value in settings.items():
            wrong.setenv(name, value if value != "unused" else unused_address())
        broken = make(entries=8, where=place)
        for call in (
            lambda: broken.store.numbers(0),
            lambda: broken.store.read(SEGMENT),
            lambda: broken.store.put_new(SEGMENT, b""),
            lambda: broken.store.put(SEGMENT, b""),
            lambda: broken.store.remove([SEGMENT]),
            lambda: broken.write(0, Position(99, 0)),
            lambda: Trimmer(database, log, broken).trim_oldest(0, Position(99, 0)),
        ):
            with pytest.raises(StoreAway, match=words):
                await call()
    assert await log.xlen(keys.log(0)) == 30
    archivist = make(entries=8, where=place)
    assert await Trimmer(database, log, archivist).trim_window(1, now=WINDOW + 20, window_ms=WINDOW) == 19
    assert await positions(joined(archivist, log)) == list(range(1, 31))


async def test_a_bucket_that_is_not_there_is_said(place: str, log: Any, make: Make) -> None:
    await tell(log, history(5))
    with pytest.raises(StoreAway, match="404 Not Found: NoSuchBucket"):
        await make(where="s3://elsewhere/x").write(0, Position(99, 0))
    with pytest.raises(StoreAway, match="404 Not Found: NoSuchBucket"):
        await Store.open("s3://elsewhere/x").put(places.floor_name(0), b"x")


def unused_address() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"
