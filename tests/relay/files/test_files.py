"""Files over real HTTP: the whole way, cut off and continued, refused in types, read by ranges, given up."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

from relay.http.app import build_app
from relay.http.peer import Peers
from schema import whole_file
from schema.blobs import PART_BYTES
from schema.events import BlobErased, BlobStored
from schema.settings import Settings
from tests.relay.files.conftest import DATA, MIB
from tests.support import tus
from tests.support.people import Person
from tests.support.relay import Relay, make_settings, open_services, relay, serve
from tests.support.until import until

UNKNOWN = "/v1/blobs/" + "A" * 43


async def test_a_file_is_created_uploaded_recorded_and_read_without_a_log_in(
    node: Relay, ada: Person
) -> None:
    created = await tus.ask(ada, "POST", "/v1/blobs", Upload_Length=str(len(DATA)))
    assert created.status == 201
    assert created.headers["Tus-Resumable"] == "1.0.0"
    assert "GMT" in created.headers["Upload-Expires"]
    path = created.headers["Location"]
    assert len(path.removeprefix("/v1/blobs/")) == 43
    assert (await tus.read(ada, path)).status == 404, "nothing is read before it is whole"
    reply = await tus.patch(ada, path, 0, DATA)
    assert (reply.status, reply.headers["Upload-Offset"]) == (204, str(len(DATA)))
    (stored,) = tus.of(await node.events(ada), path)
    assert isinstance(stored, BlobStored)
    assert (stored.digest, stored.size, stored.device) == (tus.digest(DATA), len(DATA), 1)
    assert stored.until == stored.at + 30 * 24 * 3_600_000
    found = await tus.read(ada, path)
    assert (found.status, found.body) == (200, DATA)
    assert found.headers["Content-Type"] == "application/octet-stream"
    assert found.headers["ETag"] == f'"{tus.digest(DATA).hex()}"'


async def test_threat_39_neither_log_nor_database_nor_storage_has_the_id(node: Relay, ada: Person) -> None:
    path = await tus.upload(ada, DATA[:MIB])
    name = path.rpartition("/")[2]
    told = [*await node.rows("SELECT * FROM blobs"), *await node.events(ada)]
    assert name not in repr(told)
    assert node.services.settings.blobs is not None
    assert not [found for found in os.walk(node.services.settings.blobs) if name in str(found)]


async def test_an_upload_that_is_cut_twice_goes_on_where_it_was_and_is_recorded_once(
    node: Relay, ada: Person
) -> None:
    path = await tus.create(ada, len(DATA))
    await tus.cut_off(ada, path, 0, DATA, PART_BYTES + MIB)
    first = await until(lambda: _moved(ada, path, PART_BYTES))
    assert first <= PART_BYTES + MIB, "what came before the cut is kept, but for what was still in buffers"
    await tus.cut_off(ada, path, first, DATA, MIB)
    second = await until(lambda: _moved(ada, path, first))
    assert second <= first + MIB
    assert (await tus.patch(ada, path, second, DATA[second:])).status == 204
    assert (await tus.read(ada, path)).body == DATA
    assert len(tus.of(await node.events(ada), path)) == 1


async def _moved(person: Person, path: str, beyond: int) -> int:
    at = await tus.offset(person, path)
    return at if at > beyond else 0


async def test_every_answer_of_tus_names_its_version_also_a_refusal(ada: Person) -> None:
    """Tus 1.0.0: `Tus-Resumable` in every response, `Tus-Version` with 412."""
    path = await tus.create(ada, 10)
    for reply, status in (
        (await tus.ask(ada, "HEAD", path, Tus_Resumable="0.2.2"), 412),
        (await tus.patch(ada, path, 5, b"x"), 409),
        (await tus.ask(ada, "HEAD", UNKNOWN), 404),
        (await tus.ask(ada, "POST", "/v1/blobs", Authorization="", Upload_Length="10"), 401),
    ):
        assert reply.status == status
        assert (reply.headers["Tus-Resumable"], reply.headers["Tus-Version"]) == ("1.0.0", "1.0.0")


async def test_the_wrong_offset_is_refused_with_the_right_one(node: Relay, ada: Person) -> None:
    path = await tus.create(ada, len(DATA))
    await tus.patch(ada, path, 0, DATA[:MIB])
    for wrong in (0, MIB - 1, MIB + 1):
        reply = await tus.patch(ada, path, wrong, DATA[wrong : wrong + 5])
        assert (reply.status, reply.body["code"], reply.body["offset"]) == (409, "offset_mismatch", MIB)
    assert await tus.offset(ada, path) == MIB


async def test_threat_11_another_users_upload_is_not_found_whatever_is_called(
    node: Relay, ada: Person
) -> None:
    eve = await node.stranger().register()
    path = await tus.create(ada, 100)
    whole = await tus.upload(ada, DATA[:1000])
    for unknown in (path, whole, UNKNOWN, "/v1/blobs/short"):
        assert (await tus.ask(eve, "HEAD", unknown)).status == 404
        replies = [await tus.patch(eve, unknown, 0, b"x"), await tus.ask(eve, "DELETE", unknown)]
        assert [(reply.status, reply.body["code"]) for reply in replies] == [(404, "not_found")] * 2
    assert (await tus.read(ada, whole)).body == DATA[:1000]


async def test_uploads_need_a_log_in(node: Relay, ada: Person) -> None:
    path = await tus.create(ada, 10)
    for method, where in (("POST", "/v1/blobs"), ("HEAD", path), ("PATCH", path), ("DELETE", path)):
        reply = await tus.ask(ada, method, where, Authorization="")
        assert reply.status == 401, method


async def test_ranges_are_read_across_parts_and_a_download_goes_on_where_it_was(ada: Person) -> None:
    path = await tus.upload(ada, DATA)
    size = len(DATA)
    for asked, begin, end in (
        (f"bytes={PART_BYTES - 5}-{PART_BYTES + 4}", PART_BYTES - 5, PART_BYTES + 5),
        (f"bytes={3 * MIB}-", 3 * MIB, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=0-{size * 2}", 0, size),
    ):
        found = await tus.read(ada, path, Range=asked)
        assert (found.status, found.body) == (206, DATA[begin:end]), asked
        assert found.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{size}"
    refused = await tus.read(ada, path, Range=f"bytes={size}-")
    assert (refused.status, refused.headers["Content-Range"]) == (416, f"bytes */{size}")
    whole = await tus.read(ada, path, Range="bytes=5-9", If_Range='"another"')
    assert (whole.status, whole.body) == (200, DATA)
    for passed_over in ("bytes=0-1,4-5", "lines=1-2", "bytes=9-5"):
        assert (await tus.read(ada, path, Range=passed_over)).status == 200


async def test_what_is_given_up_is_gone_at_once_and_the_log_says_so(node: Relay, ada: Person) -> None:
    path = await tus.upload(ada, DATA[:MIB])
    half = await tus.create(ada, 100)
    for given_up in (path, half):
        assert (await tus.ask(ada, "DELETE", given_up)).status == 204
        assert (await tus.read(ada, given_up)).status == 404
        assert (await tus.ask(ada, "HEAD", given_up)).status == 404
        assert (await tus.ask(ada, "DELETE", given_up)).status == 404
    assert [type(event) for event in tus.of(await node.events(ada), path)] == [BlobStored, BlobErased]
    assert tus.of(await node.events(ada), half) == []
    assert await node.services.files.store.listed() == {}  # type: ignore[union-attr]


async def test_tus_says_what_it_can_and_refuses_other_versions_and_bodies(ada: Person) -> None:
    told = await ada.call("OPTIONS", "/v1/blobs")
    assert told.status == 204
    assert told.headers["Tus-Version"] == "1.0.0"
    assert set(told.headers["Tus-Extension"].split(",")) == {"creation", "termination", "expiration"}
    assert told.headers["Tus-Max-Size"] == str(6 * MIB)
    listing = await ada.call("GET", "/v1/blobs")
    assert (listing.status, listing.body["code"]) == (405, "method_not_allowed")
    path = await tus.create(ada, 10)
    other = await tus.ask(ada, "HEAD", path, Tus_Resumable="0.2.2")
    assert other.status == 412
    assert (await tus.patch(ada, path, 0, b"x", Content_Type="text/plain")).status == 415
    assert (await tus.patch(ada, path, 0, b"x", Content_Encoding="gzip")).status == 415
    for length in ("", "-1", "0", "many", "9" * 30):
        reply = await tus.ask(ada, "POST", "/v1/blobs", Upload_Length=length)
        assert (reply.status, reply.body["code"]) == (422, "invalid"), length


async def test_an_upload_is_continued_on_another_node(settings: Settings, node: Relay, ada: Person) -> None:
    async with AsyncExitStack() as stack:
        services = await open_services(stack, settings)
        await services.limits.policy.read()
        other = await serve(stack, build_app(services, Peers(())))
        path = await tus.create(ada, len(DATA))
        here = ada.url
        for begin, end, url in ((0, 2 * MIB, here), (2 * MIB, 4 * MIB, other), (4 * MIB, len(DATA), here)):
            ada.url = url
            assert (await tus.patch(ada, path, begin, DATA[begin:end])).status == 204
        for url in (here, other):
            ada.url = url
            assert (await tus.read(ada, path)).body == DATA
        ada.url = here


async def test_two_connections_at_one_offset_do_not_mix(node: Relay, ada: Person) -> None:
    path = await tus.create(ada, 2 * MIB)
    one, other = DATA[: 2 * MIB], DATA[3 * MIB : 5 * MIB]
    replies = await asyncio.gather(*(tus.patch(ada, path, 0, data) for data in (one, other)))
    assert sorted(reply.status for reply in replies) == [204, 409]
    assert (await tus.read(ada, path)).body == (one if replies[0].status == 204 else other)


async def test_a_relay_without_files_says_so(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    settings = make_settings(log_url, board_url, database_url, tmp_path, SEALSTREAM_BLOBS="off")
    async with relay(settings) as node:
        ada = await node.stranger().register()
        reply = await tus.ask(ada, "POST", "/v1/blobs", Upload_Length="5")
        assert (reply.status, reply.body["code"]) == (404, "not_found")
        assert (await tus.read(ada, UNKNOWN)).status == 404


async def test_a_deleted_accounts_files_are_over(node: Relay, ada: Person) -> None:
    from tests.support.people import PASSWORD

    path = await tus.upload(ada, DATA[:1000])
    await tus.create(ada, 100)
    user = UUID(ada.user_id)
    assert (await ada.call("DELETE", "/v1/account", {"password": PASSWORD})).status == 204

    async def over() -> bool:
        rows = await node.rows("SELECT 1 FROM blobs WHERE user_id = %s AND expires_at = 0", user)
        return len(rows) == 2

    await until(over)
    assert (await tus.ask(ada, "HEAD", path)).status == 401


def test_a_folder_goes_with_the_drafts_that_a_crash_left_and_not_with_files(tmp_path: Path) -> None:
    for name in ("empty", "used"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".draft").write_bytes(b"x")
    (tmp_path / "used" / "file").write_bytes(b"x")
    for name in ("empty", "used", "missing"):
        whole_file.remove_folder(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["used"]
