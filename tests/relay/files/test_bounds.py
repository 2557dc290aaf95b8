"""The bounds of files over real HTTP: size, quota, number, pieces, disk, transfers at once."""

from contextlib import ExitStack

import pytest

from relay.files import uploads
from relay.files.transfers import (
    DOWNLOADS,
    DOWNLOADS_PER_ADDRESS,
    UPLOADS,
    UPLOADS_PER_ADDRESS,
    UPLOADS_PER_USER,
    Transfers,
)
from schema.limits import BLOBS
from schema.refusals import Refusal
from tests.relay.files.conftest import DATA, MIB
from tests.support import tus
from tests.support.people import Person
from tests.support.relay import Relay


async def test_crumbs_of_a_cut_are_not_kept(ada: Person) -> None:
    path = await tus.create(ada, len(DATA))
    await tus.cut_off(ada, path, 0, DATA, 1000)
    assert await tus.offset(ada, path) == 0


async def test_a_file_in_crumbs_is_refused_before_it_fills_the_disk_with_objects(
    node: Relay, ada: Person
) -> None:
    """Each piece is an object: of one byte it takes a block of the disk, and the quota counts the byte."""
    path, most = await tus.create(ada, 4096), uploads.most_parts(4096)
    for at in range(most):
        assert (await tus.patch(ada, path, at, b"x")).status == 204
    reply = await tus.patch(ada, path, most, b"x")
    assert (reply.status, reply.body["code"]) == (422, "invalid")
    found = await node.services.files.store.listed()  # type: ignore[union-attr]
    assert len(found[tus.blob(path)].sizes) == most


def test_a_line_that_is_cut_all_the_time_may_still_send_the_largest_file() -> None:
    """What a cut leaves is kept from 64 KiB on."""
    for size in (1, 541, 64 * 1024, MIB, 100 * MIB, 1024 * MIB, 100 * 1024 * MIB):
        assert uploads.most_parts(size) > -(-size // (64 * 1024))


async def test_uploads_leave_the_disk_room_for_log_and_database(
    node: Relay, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = await tus.upload(ada, DATA[:1000]), await tus.create(ada, MIB)
    monkeypatch.setattr(uploads, "DISK_RESERVE_BYTES", 2**60)
    for reply in (
        await tus.ask(ada, "POST", "/v1/blobs", Upload_Length="10"),
        await tus.patch(ada, path, 0, DATA[:MIB]),
    ):
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
    assert (await tus.read(ada, whole)).body == DATA[:1000]
    monkeypatch.undo()
    assert (await tus.patch(ada, path, 0, DATA[:MIB])).status == 204


async def test_what_is_too_large_is_refused_before_it_is_sent(node: Relay, ada: Person) -> None:
    reply = await tus.ask(ada, "POST", "/v1/blobs", Upload_Length=str(6 * MIB + 1))
    assert (reply.status, reply.body["code"], reply.body["limit"]) == (413, "too_large", 6 * MIB)
    path = await tus.create(ada, 100)
    reply = await tus.patch(ada, path, 0, bytes(101))
    assert (reply.status, reply.body["code"]) == (413, "too_large")
    assert (await tus.patch(ada, path, 0, bytes(100))).status == 204


async def test_threat_34_the_quota_counts_what_waits_and_uploads_under_way_and_frees_what_is_given_up(
    node: Relay, ada: Person
) -> None:
    path = await tus.upload(ada, DATA)
    await tus.create(ada, 5 * MIB)
    reply = await tus.ask(ada, "POST", "/v1/blobs", Upload_Length=str(MIB))
    assert (reply.status, reply.body["code"]) == (413, "storage_full")
    assert (reply.body["used"], reply.body["limit"]) == (len(DATA) + 5 * MIB, 11 * MIB)
    eve = await node.stranger().register()
    await tus.create(eve, 6 * MIB)
    assert (await tus.ask(ada, "DELETE", path)).status == 204
    await tus.create(ada, MIB)


async def test_files_an_hour_are_limited_over_all(node: Relay, ada: Person) -> None:
    await node.limit(BLOBS, 2)
    for _ in range(2):
        await tus.create(ada, 10)
    reply = await tus.ask(ada, "POST", "/v1/blobs", Upload_Length="10")
    assert (reply.status, reply.body["code"]) == (429, "rate_limited")
    assert int(reply.headers["Retry-After"]) > 0


def test_transfers_at_once_are_bounded_per_user_address_and_node() -> None:
    transfers = Transfers()
    with ExitStack() as stack:
        for number in range(UPLOADS):
            user, address = number // UPLOADS_PER_USER, number // UPLOADS_PER_ADDRESS
            stack.enter_context(transfers.upload(f"user {user}", f"address {address}"))
        for user, address, code in (
            ("user 0", "another", "rate_limited"),
            ("another", "address 0", "rate_limited"),
            ("another", "another", "unavailable"),
        ):
            with pytest.raises(Refusal, match=code):
                stack.enter_context(transfers.upload(user, address))
        for number in range(DOWNLOADS):
            stack.enter_context(transfers.download(f"address {number // DOWNLOADS_PER_ADDRESS}"))
        for address, code in (("address 0", "rate_limited"), ("another", "unavailable")):
            with pytest.raises(Refusal, match=code):
                stack.enter_context(transfers.download(address))
    with transfers.upload("user 0", "address 0"), transfers.download("address 0"):
        pass
