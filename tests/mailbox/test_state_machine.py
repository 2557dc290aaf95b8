"""The mailbox as a state machine on a real log, against a naive oracle: accept, repeat, acknowledge, expire,
crash, and sends by a node of an earlier version, which counts no bytes. After every step directory, sizes and
log say what the oracle says."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from redis.exceptions import RedisError

from relay.log.mailbox_log import MailboxLog
from schema import codec, functions, keys, servers
from schema.clock import now_ms
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged, EnvelopesExpired
from schema.link import Link, OutcomeUnknown
from schema.partitions import partition_of
from schema.refusals import Refusal
from schema.wire_socket import OutgoingEnvelope, Send
from tests.servers import Servers
from workers.retention.expiry import expire_mailbox

PARTITIONS = 2
CAPACITY = 6
CAPACITY_BYTES = 1000
WITHOUT_SIZES = Path(__file__).parents[1] / "relay" / "log" / "lua" / "accept_before_receipts.lua"
SIZES = st.integers(0, 400)
DEVICES = (1, 2)

Sizes = tuple[int, int]
"""Bytes of the bodies for the two devices."""


class NaiveMailbox:
    """A device's mailbox as one would explain it: a list, and how far it was read or expired."""

    def __init__(self) -> None:
        self.accepted: list[UUID] = []
        self.sizes: list[int] = []
        self.cursor = 0
        self.floor = 0

    @property
    def head(self) -> int:
        return len(self.accepted)

    @property
    def owed(self) -> list[UUID]:
        return self.accepted[max(self.cursor, self.floor) :]

    @property
    def owed_bytes(self) -> int:
        return sum(self.sizes[max(self.cursor, self.floor) :])


class Mailboxes(RuleBasedStateMachine):
    """One user with two devices; one sender."""

    servers: Servers

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.user, self.sender = uuid4(), uuid4()
        self.partition = partition_of(self.user, PARTITIONS)
        self.boxes = {device: NaiveMailbox() for device in DEVICES}
        self.sent: list[tuple[Send, list[tuple[int, int]]]] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def accepting(self, send: Send) -> Any:
        return await self.log.accept(self.sender, 1, send, now_ms())

    async def acknowledging(self, device: int, upto: int) -> Any:
        return await self.log.acknowledge(self.user, device, upto, now_ms())

    @initialize()
    def open(self) -> None:
        self.client = servers.client(self.servers.log_url)
        self.run(self._open())

    async def _open(self) -> None:
        await functions.install(self.client, "relay")
        await functions.install(self.client, "workers")
        fields = {"i": b"\x05identity", **{f"r{device}": 100 + device for device in DEVICES}}
        await self.client.hset(keys.user(self.partition, self.user), mapping=fields)
        self.link = Link(self.servers.log_url, name="log")
        await self.link.start()
        self.log = MailboxLog(
            self.link,
            partitions=PARTITIONS,
            capacity=CAPACITY,
            capacity_bytes=CAPACITY_BYTES,
            install=lambda: functions.install(self.client, "relay"),
            now=now_ms,
        )

    def sending(self, devices: tuple[int, ...], registration: int = 100, sizes: Sizes = (1, 1)) -> Send:
        envelopes = [
            OutgoingEnvelope(device, registration + device, "message", b"\x33" * size)
            for device, size in zip(devices, (*sizes, 1), strict=False)
        ]
        return Send(id=uuid4(), to=self.user, envelopes=envelopes)

    def take(self, send: Send) -> None:
        """What the oracle says of a send that was accepted."""
        for box, envelope in zip(self.boxes.values(), send.envelopes, strict=True):
            box.accepted.append(send.id)
            box.sizes.append(len(envelope.body))
        self.sent.append((send, [(device, self.boxes[device].head) for device in DEVICES]))

    def why_full(self, sizes: Sizes) -> str | None:
        for box, size in zip(self.boxes.values(), sizes, strict=True):
            if len(box.owed) >= CAPACITY:
                return "Too many envelopes wait for a device."
            if box.owed_bytes + size > CAPACITY_BYTES:
                return "Too many bytes wait for a device."
        return None

    @rule(sizes=st.tuples(SIZES, SIZES))
    def accept(self, sizes: Sizes) -> None:
        send, why_full = self.sending(DEVICES, sizes=sizes), self.why_full(sizes)
        try:
            answer = self.run(self.accepting(send))
        except Refusal as refusal:
            assert (refusal.code, refusal.detail) == ("mailbox_full", why_full)
        else:
            assert why_full is None
            self.take(send)
            assert answer.seqs == self.sent[-1][1]

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.sent:
            send, seqs = data.draw(st.sampled_from(self.sent))
            assert self.run(self.accepting(send)).seqs == seqs

    @rule(devices=st.sampled_from([(1,), (2,), (1, 2, 3), ()]), registration=st.sampled_from([100, 200]))
    def mismatch(self, devices: tuple[int, ...], registration: int) -> None:
        try:
            self.run(self.accepting(self.sending(devices, registration)))
        except Refusal as refusal:
            assert refusal.code == "device_mismatch"
            assert refusal.extra["missing"] == [device for device in DEVICES if device not in devices]
        else:
            raise AssertionError("it was accepted")

    @rule(device=st.sampled_from(DEVICES), upto=st.integers(0, 12))
    def acknowledge(self, device: int, upto: int) -> None:
        box = self.boxes[device]
        try:
            cursor = self.run(self.acknowledging(device, upto))
        except Refusal as refusal:
            assert refusal.code == "invalid"
            assert upto > box.head
        else:
            assert upto <= box.head
            box.cursor = max(box.cursor, upto)
            assert cursor == box.cursor

    @rule(device=st.sampled_from(DEVICES), upto=st.integers(0, 12))
    def expire(self, device: int, upto: int) -> None:
        box = self.boxes[device]
        count = self.run(expire_mailbox(self.client, self.partition, self.user, device, upto, now_ms()))
        expected = upto - max(box.cursor, box.floor)
        if expected <= 0 or upto > box.head:
            assert count == 0
        else:
            assert count == expected
            box.floor = upto

    @rule()
    def accept_at_a_node_of_an_earlier_version(self) -> None:
        """It calls its own function, which keeps no sizes: what it accepts counts nothing."""
        if any(len(box.owed) >= CAPACITY for box in self.boxes.values()):
            return
        send = self.sending(DEVICES)
        self.run(self._accept_without_sizes(send))
        self.take(send)
        for box in self.boxes.values():
            box.sizes[-1] = 0

    async def _accept_without_sizes(self, send: Send) -> None:
        names = [keys.log(self.partition), keys.user(self.partition, self.user)]
        names.append(keys.seen(self.partition, self.user, self.sender, 1, send.id))
        args: list[Any] = [CAPACITY, keys.SEEN_SECONDS, now_ms(), 0, len(send.envelopes)]
        for envelope in send.envelopes:
            event = EnvelopeAccepted(
                user=self.user, device=envelope.device_id, at=now_ms(), id=send.id, from_user=self.sender,
                from_device=1, kind="message", body=envelope.body,
            )  # fmt: skip
            args += [envelope.device_id, envelope.registration_id, codec.encode(event)]
        await self.client.execute_command("FUNCTION LOAD", "REPLACE", WITHOUT_SIZES.read_text("utf-8"))
        ((answer, *_),) = await self.client.fcall("sealstream_accept", len(names), *names, *args)
        assert answer == b"ok"

    @rule(kill=st.booleans())
    def crash_in_the_middle_of_a_send(self, kill: bool) -> None:
        """The outcome is found out by the same id; it was on disk or it was not, never half."""
        if self.why_full((1, 1)):
            return
        send = self.sending(DEVICES)
        self.run(self._crash(send, kill))
        answer = self.run(self._sending_again(send))
        self.take(send)
        assert answer.seqs == self.sent[-1][1]

    async def _sending_again(self, send: Send) -> Any:
        """As a client does: the node may not have noticed yet that its connection ended."""
        async with asyncio.timeout(10):
            while True:
                try:
                    return await self.accepting(send)
                except Refusal as refusal:
                    assert refusal.code == "unavailable"
                    await asyncio.sleep(0.02)

    async def _crash(self, send: Send, kill: bool) -> None:
        under_way = self.log.accept(self.sender, 1, send, now_ms())
        await asyncio.sleep(0)
        if kill:
            self.servers.kill("log")
            self.servers.revive()
        else:
            await self.client.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        with suppress(Refusal, OutcomeUnknown):
            await under_way
        await asyncio.wait_for(self.link.connected.wait(), 10)
        deadline = time.monotonic() + 10
        while True:
            try:
                await self.client.ping()
                return
            except (RedisError, OSError):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.02)

    @invariant()
    def the_directory_says_what_the_oracle_says(self) -> None:
        for device, box in self.boxes.items():
            mailbox = self.run(self.log.mailbox(self.user, device))
            assert (mailbox.head, mailbox.cursor, mailbox.floor) == (box.head, box.cursor, box.floor)

    @invariant()
    def sizes_are_kept_for_what_is_owed_alone(self) -> None:
        for device, box in self.boxes.items():
            kept = self.run(self.client.lrange(keys.owed(self.partition, self.user, device), 0, -1))
            assert not kept or box.owed
            noted = self.run(self.client.hget(keys.user(self.partition, self.user), f"o{device}"))
            if kept:
                seq, total = (int(number) for number in noted.split(b":"))
                assert [int(size) for size in kept] == box.sizes[seq - len(kept) : seq]
                assert sum(box.sizes[seq - len(kept) : seq]) == total

    @invariant()
    def the_log_is_gapless_and_folds_to_the_oracle(self) -> None:
        rows = self.run(self.client.xrange(keys.log(self.partition)))
        folded = {device: NaiveMailbox() for device in DEVICES}
        for _, fields in rows:
            event, seq = codec.decode_entry(fields)
            if event.user != self.user:
                continue
            box = folded[event.device]
            if isinstance(event, EnvelopeAccepted):
                assert seq == box.head + 1
                box.accepted.append(event.id)
            elif isinstance(event, EnvelopesAcknowledged):
                assert box.cursor < seq <= box.head
                box.cursor = seq
            elif isinstance(event, EnvelopesExpired):
                assert event.count == seq - max(box.cursor, box.floor)
                box.floor = seq
        for device, box in self.boxes.items():
            assert folded[device].owed == box.owed
            assert folded[device].accepted == box.accepted

    def teardown(self) -> None:
        self.run(self._close())
        self.loop.close()

    async def _close(self) -> None:
        await self.link.close()
        await self.client.aclose()


def test_whatever_happens_the_mailbox_is_what_the_oracle_says(servers: Servers, log_url: str) -> None:
    assert log_url == servers.log_url

    class Bound(Mailboxes):
        pass

    Bound.servers = servers
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
