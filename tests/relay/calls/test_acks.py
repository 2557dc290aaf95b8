"""Acknowledgements are merged per device and turn, each is answered, and room is made at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from relay.calls import acks
from relay.calls.acks import Acknowledgements
from relay.delivery.live import LiveSocket
from relay.log.mailbox_log import MailboxLog
from schema import codec, functions, keys
from schema.clock import now_ms
from schema.events import EnvelopeAccepted
from schema.link import OutcomeUnknown
from schema.partitions import partition_of
from tests.support.until import until

HEAD = 7


class Wire:
    """A connection: the answers that went out, by call, and whether it was cut."""

    sid = "s"
    unsent = 0
    room = 1 << 30

    def __init__(self) -> None:
        self.answers: dict[int, Any] = {}
        self.cut = False

    def write(self, data: bytes) -> None:
        packet = msgspec.msgpack.decode(data)
        if "id" in packet:
            assert packet["id"] not in self.answers, "answered twice"
            self.answers[packet["id"]] = packet["data"][0]

    def abort(self) -> None:
        self.cut = True


class World:
    """Users with one device and HEAD envelopes each, and their sockets."""

    def __init__(self, client: Any, link: Any) -> None:
        self.client = client
        self.log = MailboxLog(
            link, partitions=1, capacity=100, install=lambda: functions.install(client, "relay"), now=now_ms
        )
        self.went_on: list[LiveSocket] = []
        self.acks = Acknowledgements(self.log, self.went_on.append, now_ms)

    async def socket(self) -> tuple[LiveSocket, Wire]:
        user, wire = uuid4(), Wire()
        await self.client.hset(keys.user(0, user), mapping={"i": b"k", "r1": 1, "h1": HEAD})
        opened: Any = wire
        socket = LiveSocket(opened, user, 1, uuid4(), now_ms() + 60_000)
        for seq in range(1, HEAD + 1):
            event = EnvelopeAccepted(
                user=user, device=1, at=1, id=uuid4(), from_user=uuid4(), from_device=1, kind="message",
                body=b"x",
            )  # fmt: skip
            socket.queue(seq, event)
        socket.flush()
        return socket, wire

    async def acknowledged(self) -> list[tuple[UUID, int]]:
        """What the log says, in order."""
        found = [codec.decode_entry(fields) for _, fields in await self.client.xrange(keys.log(0))]
        return [(event.user, seq) for event, seq in found]


@pytest.fixture
async def world(world: Any) -> AsyncIterator[World]:
    made = World(world.client, world.link)
    assert partition_of(uuid4(), 1) == 0
    yield made
    await made.acks.drain()


def codes(wire: Wire) -> dict[int, str]:
    return {call: "ok" if one["ok"] else one["error"]["code"] for call, one in sorted(wire.answers.items())}


async def test_a_turn_appends_one_entry_per_device_and_answers_every_call(world: World) -> None:
    (ann, at_ann), (ben, at_ben) = await world.socket(), await world.socket()
    for call, upto in enumerate((1, 3, 2)):
        world.acks.submit(ann, upto, call)
    world.acks.submit(ben, 5, 0)
    world.acks.submit(ben, 6, None)
    await until(lambda: len(at_ann.answers) == 3 and len(at_ben.answers) == 1)
    assert (codes(at_ann), codes(at_ben)) == ({0: "ok", 1: "ok", 2: "ok"}, {0: "ok"})
    assert await world.acknowledged() == [(ann.user, 3), (ben.user, 6)]
    assert (ann.budgets.calls, ben.budgets.calls) == (0, 0)


async def test_a_number_beyond_the_head_is_refused_and_the_others_count(world: World) -> None:
    ann, wire = await world.socket()
    for call, upto in enumerate((2, HEAD + 1, 4)):
        world.acks.submit(ann, upto, call)
    await world.acks.drain()
    assert codes(wire) == {0: "ok", 1: "invalid", 2: "ok"}
    assert await world.acknowledged() == [(ann.user, 2), (ann.user, 4)]
    assert (ann.window.sent, ann.budgets.calls) == (HEAD, 0)


async def test_room_is_made_before_the_log_has_answered_for_what_was_sent(world: World) -> None:
    ann, wire = await world.socket()
    world.acks.submit(ann, HEAD + 3, 1)
    assert (ann.window.in_flight, ann.window.sent) == (0, HEAD)
    assert world.went_on == [ann]
    assert wire.answers == {}
    await world.acks.drain()
    assert codes(wire) == {1: "invalid"}


async def test_a_device_that_acknowledges_often_does_not_wait_for_the_end_of_the_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acks, "TURN_SECONDS", 1000.0)
    ann, wire = await world.socket()
    for call in range(acks.ACKS_OF_A_DEVICE):
        world.acks.submit(ann, 1, call)
    await until(lambda: len(wire.answers) == acks.ACKS_OF_A_DEVICE)
    world.acks.submit(ann, 2, 100)
    await world.acks.drain()
    assert codes(wire)[100] == "ok"


async def test_an_outcome_that_stays_unknown_cuts_the_socket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, wire = await world.socket()
    unknown: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    unknown.set_exception(OutcomeUnknown("it did not come back"))
    monkeypatch.setattr(world.log, "acknowledge", lambda *_: unknown)
    world.acks.submit(ann, 1, 1)
    await world.acks.drain()
    assert (wire.cut, wire.answers, ann.budgets.calls) == (True, {}, 0)
