"""No `envelopes` event is longer than the contract says, whatever the envelopes are, however they came."""

from typing import Any
from uuid import UUID

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.delivery.live import LiveSocket
from relay.sockets.packet import event_frame
from schema.events import EnvelopeAccepted
from schema.inbox import Ephemeral
from schema.limits import BODY_BYTES, EVENT_BYTES

LARGEST = UUID(int=2**128 - 1)
LAST_NUMBER = 2**53
LAST_TIME = 2**53
LAST_DEVICE = 2**31 - 1


class Network:
    """A connection that takes everything, and keeps the frames."""

    sid = "s"
    unsent = incoming = 0
    room = 1 << 40

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.frames.append(data)


def envelope(size: int) -> EnvelopeAccepted:
    return EnvelopeAccepted(
        user=LARGEST, device=LAST_DEVICE, at=LAST_TIME, id=LARGEST, from_user=LARGEST,
        from_device=LAST_DEVICE, kind="message", body=bytes(size),
    )  # fmt: skip


sizes = st.sampled_from([1, 31, 32, 255, 256, BODY_BYTES - 1, BODY_BYTES]) | st.integers(1, BODY_BYTES)


@settings(max_examples=50)
@given(st.lists(sizes, min_size=1, max_size=12) | st.lists(st.integers(1, 900), min_size=100, max_size=256))
def test_an_event_with_its_packet_is_at_most_128_kib(bodies: list[int]) -> None:
    network: Any = Network()
    socket = LiveSocket(network, LARGEST, 1, LARGEST, LAST_TIME)
    first = LAST_NUMBER - len(bodies)
    socket.window.settle(first - 1)
    socket.live = True
    for number, size in enumerate(bodies):
        socket.push(first + number, envelope(size))
    sent = socket.flush()
    got = [item for frame in network.frames for item in msgpack.unpackb(frame)["data"][1]]
    assert [item["seq"] for item in got] == [first + number for number in range(sent)]
    assert [len(item["body"]) for item in got] == bodies[:sent]
    assert max(len(frame) for frame in network.frames) <= EVENT_BYTES
    for one, other in zip(network.frames, network.frames[1:], strict=False):
        following = msgpack.unpackb(other)["data"][1][0]
        assert len(one) + len(msgpack.packb(following)) > EVENT_BYTES - 4, "no more events than needed"


@pytest.mark.parametrize("body", [BODY_BYTES])
def test_the_largest_envelope_and_the_largest_ephemeral_fit(body: int) -> None:
    network: Any = Network()
    socket = LiveSocket(network, LARGEST, 1, LARGEST, LAST_TIME)
    socket.live = True
    socket.push(1, envelope(body))
    socket.flush()
    item = Ephemeral(LARGEST, LAST_DEVICE, LARGEST, LAST_DEVICE, bytes(body))
    sender = {"user_id": str(item.from_user), "device_id": item.from_device}
    network.write(event_frame("ephemeral", {"from": sender, "body": item.body}))
    assert [len(frame) <= EVENT_BYTES for frame in network.frames] == [True, True]
