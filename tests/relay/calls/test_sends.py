"""Sends that wait for their answers take a bounded amount of a node's memory."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from relay.admission.admission import Admission
from relay.admission.user_budgets import UNANSWERED_BYTES
from relay.calls.sends import Sends
from relay.delivery.live import LiveSocket
from relay.log.mailbox_log import MailboxLog
from relay.log.replies import Accepted
from schema import functions, servers
from schema.clock import now_ms
from schema.limits import BODY_BYTES, DEFAULTS, Limit
from schema.link import Link, OutcomeUnknown
from schema.refusals import Refusal
from tests.support.until import until

PAUSE_MS = 30_000


class Wire:
    """A connection: the answers that went out."""

    sid = "s"
    unsent = 0
    room = 1 << 30

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def abort(self) -> None:
        """Nothing is kept."""

    def write(self, data: bytes) -> None:
        self.answers.append(msgspec.msgpack.decode(data)["data"][0])


class Cut(LiveSocket):
    """A socket on a connection that can be cut."""

    def __init__(self, user: UUID) -> None:
        wire: Any = Wire()
        super().__init__(wire, user, 1, uuid4(), now_ms() + 60_000)


class Defaults:
    """The policy as it is without settings."""

    def row(self, name: str) -> Limit:
        return next(row for row in DEFAULTS if row.name == name)


def call() -> msgspec.Raw:
    envelopes = [
        {"device_id": number, "registration_id": 1, "kind": "message", "body": b"x" * BODY_BYTES}
        for number in (1, 2, 3, 4)
    ]
    payload = {"id": str(uuid4()), "to": str(uuid4()), "envelopes": envelopes}
    return msgspec.Raw(msgspec.msgpack.encode(payload))


async def test_threat_12_a_board_that_stalls_does_not_let_sends_pile_up(board_url: str) -> None:
    client = servers.client(board_url)
    await functions.install(client, "relay")
    link = Link(board_url, name="board")
    await link.start()
    unused: Any = None
    admission = Admission(link, Defaults(), unused, lambda *_: None)
    mailbox_log = MailboxLog(link, partitions=1, capacity=1, install=unused, now=now_ms)
    sends = Sends(mailbox_log, admission, lambda: None, lambda *_: [], now_ms)
    wire: Any = Wire()
    socket = LiveSocket(wire, uuid4(), 1, uuid4(), now_ms() + 60_000)
    await client.execute_command("CLIENT PAUSE", PAUSE_MS, "WRITE")
    try:
        for number in range(UNANSWERED_BYTES // (4 * BODY_BYTES)):
            sends.submit(socket, call(), number)
        with pytest.raises(Refusal) as caught:
            sends.submit(socket, call(), 99)
        assert (caught.value.code, caught.value.retry_after_ms) == ("rate_limited", 1000)
        await link.close()  # as the link itself does with a server that stalls
        await until(lambda: len(wire.answers) == UNANSWERED_BYTES // (4 * BODY_BYTES))
    finally:
        await client.execute_command("CLIENT UNPAUSE")
        await client.aclose()
    assert {answer["error"]["code"] for answer in wire.answers} == {"unavailable"}
    assert (socket.budgets.calls, socket.budgets.unanswered_bytes) == (0, 0)


class UnknownOutcome:
    """A log of which no send's outcome can be learned."""

    def accept(self, *_: Any) -> "asyncio.Future[Any]":
        future = asyncio.get_running_loop().create_future()
        future.set_exception(OutcomeUnknown("the log did not come back in time"))
        return future


async def test_threat_12_sends_of_all_users_that_wait_are_bounded_and_unknown_ones_wait_no_longer(
    board_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.calls.sends.UNANSWERED_BYTES_OF_NODE", 8 * BODY_BYTES)
    client = servers.client(board_url)
    await functions.install(client, "relay")
    link = Link(board_url, name="board")
    await link.start()
    unused: Any = None
    unknown: Any = UnknownOutcome()
    admission = Admission(link, Defaults(), unused, lambda *_: None)
    sends = Sends(unknown, admission, lambda: None, lambda *_: [], now_ms)
    sockets = [Cut(uuid4()) for _ in range(3)]
    for socket in sockets[:2]:
        sends.submit(socket, call(), 1)
    with pytest.raises(Refusal) as caught:
        sends.submit(sockets[2], call(), 1)
    assert (caught.value.code, caught.value.retry_after_ms) == ("unavailable", 1000)
    await sends.drain()
    assert [socket.ended for socket in sockets] == [True, True, False], "their clients send again"
    assert {(socket.budgets.calls, socket.budgets.unanswered_bytes) for socket in sockets} == {(0, 0)}
    sends.submit(sockets[2], call(), 1)
    await sends.drain()
    await link.close()
    await client.aclose()


class InAnyOrder:
    """A log that answers each send when the test says so."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[Any]] = []

    def accept(self, *_: Any) -> "asyncio.Future[Any]":
        self.asked.append(asyncio.get_running_loop().create_future())
        return self.asked[-1]


async def test_threat_34_an_answer_does_not_wait_for_other_sends_of_its_turn(board_url: str) -> None:
    client = servers.client(board_url)
    await functions.install(client, "relay")
    link = Link(board_url, name="board")
    await link.start()
    unused: Any = None
    log: Any = InAnyOrder()
    sends = Sends(
        log, Admission(link, Defaults(), unused, lambda *_: None), lambda: None, lambda *_: [], now_ms
    )
    wires: list[Any] = [Wire(), Wire(), Wire()]
    for number, wire in enumerate(wires):
        sends.submit(LiveSocket(wire, uuid4(), 1, uuid4(), now_ms() + 60_000), call(), number)
    await until(lambda: len(log.asked) == 3)
    log.asked[2].set_result(Accepted(7, [(1, 1)]))
    await until(lambda: wires[2].answers)
    assert [len(wire.answers) for wire in wires] == [0, 0, 1]
    log.asked[1].set_exception(ZeroDivisionError("a bug"))
    log.asked[0].set_result(Accepted(7, [(1, 1)]))
    await sends.drain()
    assert [len(wire.answers) for wire in wires] == [1, 0, 1], "of a bug the outcome is unknown"
    await link.close()
    await client.aclose()
