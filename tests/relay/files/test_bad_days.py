"""Files on a bad day: slow lines, silence, a storage that is away, a node that dies on the way to the log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from relay.files.transfers import UPLOADS_PER_USER
from relay.http import blobs, connections
from schema.blobs import PART_BYTES
from schema.events import BlobStored
from schema.settings import Settings
from tests.relay.files.conftest import DATA, MIB
from tests.servers import Servers
from tests.support import tus
from tests.support.people import Person
from tests.support.relay import Relay, relay
from tests.support.until import until


def put_away(place: Path, aside: Path) -> None:
    place.rename(aside)
    place.write_text("no directory")


def put_back(place: Path, aside: Path) -> None:
    place.unlink()
    aside.rename(place)


async def test_a_storage_that_is_away_is_unavailable_and_an_upload_goes_on_when_it_is_back(
    node: Relay, ada: Person
) -> None:
    whole = await tus.upload(ada, DATA[:1000])
    path = await tus.create(ada, len(DATA))
    await tus.patch(ada, path, 0, DATA[:MIB])
    place = Path(node.services.settings.blobs or "")
    aside = place.with_name("aside")
    put_away(place, aside)
    for reply in (await tus.patch(ada, path, MIB, DATA[MIB:]), await tus.read(ada, whole)):
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
    put_back(place, aside)
    at = await tus.offset(ada, path)
    assert at == MIB
    assert (await tus.patch(ada, path, at, DATA[at:])).status == 204
    assert (await tus.read(ada, path)).body == DATA


CRASHES = ("publish", "record", "set_recorded")


@pytest.mark.parametrize("where", CRASHES)
async def test_a_crash_on_the_way_to_the_log_is_finished_by_the_next_look(
    node: Relay, ada: Person, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the manifest is written, between it and the record, and behind the record."""
    files = node.services.files
    assert files is not None
    path = await tus.create(ada, MIB)
    with monkeypatch.context() as crash:
        await _crash(crash, files, where)
        assert (await tus.patch(ada, path, 0, DATA[:MIB])).status == 500
    before = tus.of(await node.events(ada), path)
    assert len(before) == (1 if where == "set_recorded" else 0)
    assert await tus.offset(ada, path) == MIB
    events = tus.of(await node.events(ada), path)
    assert set(events) == set(events[:1]), "said again, it is the same"
    assert isinstance(events[0], BlobStored)
    assert (await tus.read(ada, path)).body == DATA[:MIB]


async def _crash(crash: pytest.MonkeyPatch, files: Any, where: str) -> None:
    from relay.files import rows

    async def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    match where:
        case "publish":
            crash.setattr(files.store, "publish", dies)
        case "record":
            crash.setattr("relay.identity.directory.Directory.record", dies)
        case _:
            crash.setattr(rows, "set_recorded", dies)


async def test_a_download_whose_storage_fails_half_way_is_cut_and_says_nothing_else(
    node: Relay, ada: Person
) -> None:
    path = await tus.upload(ada, DATA)
    folder = Path(node.services.settings.blobs or "") / tus.blob(path).hex()
    (part,) = [found for found in folder.iterdir() if found.name.startswith(f"{2 * PART_BYTES:012}")]
    part.unlink()
    head, _, body = (await tus.read_raw(ada, path)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == DATA[: 2 * PART_BYTES]


async def test_many_looks_at_an_upload_that_ends_read_it_back_four_times_at_once(
    node: Relay, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds a part in memory."""
    files = node.services.files
    assert files is not None
    path = await tus.create(ada, MIB)
    with monkeypatch.context() as crash:
        await _crash(crash, files, "publish")
        assert (await tus.patch(ada, path, 0, DATA[:MIB])).status == 500
    await node.rows("UPDATE blobs SET finished_at = NULL, digest = NULL RETURNING 1")
    go_on, readers, contents = asyncio.Event(), [], files.store.contents

    async def held(*arguments: Any) -> AsyncIterator[bytes]:
        readers.append(arguments)
        await go_on.wait()
        async for data in contents(*arguments):
            yield data

    monkeypatch.setattr(files.store, "contents", held)
    looks = [asyncio.create_task(tus.ask(ada, "HEAD", path)) for _ in range(UPLOADS_PER_USER + 3)]
    refused: list[asyncio.Task[Any]] = []
    while len(refused) < 3:
        done, _ = await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
        refused += done
        looks = [look for look in looks if look not in done]
    assert {(await look).status for look in refused} == {429}
    go_on.set()
    assert {(await look).status for look in looks} == {200}
    assert len(readers) == UPLOADS_PER_USER


async def test_an_upload_that_ends_after_its_account_is_not_kept(
    node: Relay, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = node.services.files
    assert files is not None
    path, digest = await tus.create(ada, MIB), files.uploads._digest

    async def deleted_meanwhile(row: Any) -> bytes:
        await node.rows("UPDATE blobs SET expires_at = 0 RETURNING 1")
        return await digest(row)

    monkeypatch.setattr(files.uploads, "_digest", deleted_meanwhile)
    assert (await tus.patch(ada, path, 0, DATA[:MIB])).status == 404
    assert (await tus.read(ada, path)).status == 404
    assert await node.rows("SELECT expires_at, finished_at FROM blobs") == [(0, None)]


async def test_a_slow_line_has_its_time_anew_with_every_piece(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "EXCHANGE_SECONDS", 1.5)
    path, step = await tus.create(ada, MIB), MIB // 16
    headers = {**tus.TUS, "Upload-Offset": "0", "Content-Type": tus.BODY}

    async def slowly() -> AsyncIterator[bytes]:
        for begin in range(0, MIB, step):
            yield DATA[begin : begin + step]
            await asyncio.sleep(0.15)

    headers["Authorization"] = f"Bearer {ada.session['access_token']}"
    async with ada._http.patch(ada.url + path, data=slowly(), headers=headers) as response:
        assert response.status == 204
    assert (await tus.read(ada, path)).body == DATA[:MIB]


async def test_an_upload_ends_with_its_session(node: Relay, ada: Person) -> None:
    """A device that was removed does not go on sending for hours."""
    path, ended = await tus.create(ada, MIB), asyncio.Event()
    headers = {**tus.TUS, "Upload-Offset": "0", "Content-Type": tus.BODY}
    headers["Authorization"] = f"Bearer {ada.session['access_token']}"

    async def going_on() -> AsyncIterator[bytes]:
        yield DATA[: MIB // 2]
        await ended.wait()
        yield DATA[MIB // 2 : MIB]

    sending = asyncio.create_task(ada._http.patch(ada.url + path, data=going_on(), headers=headers))
    assert (await ada.call("DELETE", "/v1/sessions/current")).status == 204
    await until(lambda: UUID(ada.session["session_id"]) in node.ended)
    ended.set()
    async with await sending as response:
        assert (response.status, (await response.json())["code"]) == (401, "unauthorized")


async def test_an_upload_on_which_nothing_comes_is_cut_and_keeps_what_came(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "SILENT_SECONDS", 0.3)
    path = await tus.create(ada, MIB)
    reply = await tus.fall_silent(ada, path, DATA[:MIB], sent=200_000)
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"invalid"' in reply
    assert await tus.offset(ada, path) == 200_000


async def test_a_file_is_read_while_database_and_log_are_away_and_an_upload_ends_when_they_are_back(
    servers: Servers, settings: Settings
) -> None:
    async with relay(settings, projector=False) as node:
        ada = await node.stranger().register()
        whole, path = await tus.upload(ada, DATA[:1000]), await tus.create(ada, 2 * MIB)
        assert (await tus.patch(ada, path, 0, DATA[:MIB])).status == 204
        servers.kill("log")
        reply = await tus.patch(ada, path, MIB, DATA[MIB : 2 * MIB])
        assert (reply.status, reply.body["code"]) == (503, "unavailable"), "it is whole, and not recorded"
        servers.kill("postgres")
        assert (await tus.read(ada, whole)).body == DATA[:1000]
        reply = await tus.patch(ada, path, MIB, b"x")
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
        servers.revive()

        async def finished() -> bool:
            reply = await tus.ask(ada, "HEAD", path)
            return reply.status == 200 and reply.headers["Upload-Offset"] == str(2 * MIB)

        await until(finished, seconds=20)
        assert [type(event) for event in tus.of(await node.events(ada), path)] == [BlobStored]
        assert (await tus.read(ada, path)).body == DATA[: 2 * MIB]
