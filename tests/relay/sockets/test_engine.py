"""The lean engine by itself: how fast it reads, and how it learns what a client has received."""

import asyncio

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from relay.admission import user_budgets
from relay.sockets import engine, intake, unauthenticated
from relay.sockets.unauthenticated import Places
from tests.support.served_engine import Served
from tests.support.until import until


async def test_threat_13_a_flood_of_frames_is_read_at_a_bounded_pace_and_in_order(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_budgets, "FRAMES_AT_ONCE", 10)
    monkeypatch.setattr(user_budgets, "FRAMES_PER_SECOND", 40.0)
    socket = await served.open()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(30):
        await socket.send_bytes(b"%d" % number)
    await until(lambda: len(served.frames) == 30, seconds=20)
    assert loop.time() - began > 0.4, "twenty of them at forty a second"
    assert served.frames == [b"%d" % number for number in range(30)]


async def test_a_large_frame_counts_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_budgets, "FRAMES_AT_ONCE", 10)
    monkeypatch.setattr(user_budgets, "FRAMES_PER_SECOND", 40.0)
    socket = await served.open()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(2):
        await socket.send_bytes(b"x" * (14 * intake.BYTES_PER_UNIT))
    await until(lambda: len(served.frames) == 2, seconds=20)
    assert loop.time() - began > 0.4


async def test_what_was_written_has_arrived_when_the_ping_behind_it_is_answered(served: Served) -> None:
    socket = await served.open()
    (wire,) = served.engine.sockets.values()
    arrived: list[str] = []
    await socket.send_str("3")  # an answer to nothing
    await socket.send_bytes(b"mark")
    await until(lambda: served.frames == [b"mark"])
    for name in ("first", "second"):
        wire.write(name)
        wire.when_received(lambda name=name: arrived.append(name))  # type: ignore[misc]
    assert [await socket.receive_str() for _ in range(4)] == ["first", "2", "second", "2"]
    assert arrived == []
    await socket.send_str("3")
    await until(lambda: arrived == ["first"])
    await socket.send_str("3")
    await until(lambda: arrived == ["first", "second"])


async def closed(socket: ClientWebSocketResponse) -> bool:
    """The relay closed it, after whatever it said."""
    while not socket.closed:
        if (await socket.receive()).type in {WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR}:
            return True
    return True


async def test_threat_13_before_authentication_a_large_frame_ends_the_socket_undecoded(
    served: Served,
) -> None:
    socket = await served.open_unauthenticated()
    await socket.send_bytes(b"x" * (unauthenticated.FRAME_BYTES + 1))
    assert await closed(socket)
    assert served.frames == []


async def test_threat_13_before_authentication_no_more_is_received_than_two_frames_have(
    served: Served,
) -> None:
    socket = await served.open_unauthenticated()
    (wire,) = served.engine.sockets.values()
    assert socket._writer is not None
    for _ in range(4):  # one message in pieces that never ends
        await socket._writer.send_frame(b"x" * 6000, 0x09)
    assert await closed(socket)
    assert wire.offended


async def test_before_authentication_two_frames_are_taken_and_no_third(served: Served) -> None:
    socket = await served.open_unauthenticated()
    for number in range(3):
        await socket.send_bytes(b"%d" % number)
    assert await closed(socket)
    assert served.frames == [b"0", b"1"]


async def test_an_authenticated_socket_sends_large_frames_and_many(served: Served) -> None:
    socket = await served.open()
    for _ in range(4):
        await socket.send_bytes(b"x" * 600_000)
    await until(lambda: len(served.frames) == 4)
    await socket.ping(b"still there")
    await socket.send_bytes(b"yes")
    await until(lambda: served.frames[-1] == b"yes")


async def test_unauthenticated_sockets_of_an_address_are_bounded(served: Served) -> None:
    served.engine._places = Places(most=9, most_per_address=2)
    first, _ = [await served.open_unauthenticated() for _ in range(2)]
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.open_unauthenticated()
    assert refused.value.status == 429
    await first.close()
    await until(lambda: len(served.engine.sockets) == 1)
    await served.open()
    await served.open_unauthenticated()


async def test_unauthenticated_sockets_of_a_node_are_bounded(served: Served) -> None:
    served.engine._places = Places(most=1, most_per_address=9)
    await served.open_unauthenticated()
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.open_unauthenticated()
    assert refused.value.status == 503


async def test_a_socket_that_broke_a_rule_keeps_its_place_for_a_while(served: Served) -> None:
    served.engine._places = Places(most=9, most_per_address=1)
    socket = await served.open_unauthenticated()
    await socket.send_bytes(b"x" * (unauthenticated.FRAME_BYTES + 1))
    assert await closed(socket)
    await until(lambda: not served.engine.sockets)
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.open_unauthenticated()
    assert refused.value.status == 429


async def test_a_reader_that_takes_bytes_is_there_although_it_answers_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PING_INTERVAL_SECONDS", 1)
    monkeypatch.setattr(engine, "PING_TIMEOUT_SECONDS", 1)
    socket = await served.open()
    (wire,) = served.engine.sockets.values()

    def backed_up() -> bool:
        if wire.unsent < 1_000_000:
            wire.write(b"x" * 500_000)
        return wire._last_look[0] > 0

    await until(backed_up)
    heard = wire.heard
    while wire.heard == heard:
        assert (await socket.receive()).type in {WSMsgType.BINARY, WSMsgType.TEXT}
    await until(lambda: wire.closed, seconds=20)  # nothing is read any more
