"""Mailboxes on a real log: users put down by hand, and one node's writing side."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from relay.log.mailbox_log import MailboxLog
from schema import codec, functions, keys
from schema.clock import now_ms
from schema.link import Link
from schema.partitions import partition_of
from schema.refusals import Refusal
from schema.wire_socket import OutgoingEnvelope, Send

PARTITIONS = 4
CAPACITY = 5
MAILBOX_BYTES = 64 << 20


class World:
    """A log with a few users, and one node's writing side."""

    def __init__(self, client: "Redis[bytes]", link: Link) -> None:
        self.client = client
        self.link = link
        self.log = self.writing_side()

    def writing_side(self, *, capacity_bytes: int = MAILBOX_BYTES) -> MailboxLog:
        """That of a node whose mailboxes hold so many bytes."""
        return MailboxLog(
            self.link,
            partitions=PARTITIONS,
            capacity=CAPACITY,
            capacity_bytes=capacity_bytes,
            install=lambda: functions.install(self.client, "relay"),
            now=now_ms,
        )

    async def user(self, **devices: int) -> UUID:
        """A user with active devices, given as d1=REGISTRATION_ID."""
        user = uuid4()
        fields: dict[str, Any] = {"i": b"\x05identity"}
        for name, registration in devices.items():
            fields[f"r{name[1:]}"] = registration
        await self.client.hset(keys.user(partition_of(user, PARTITIONS), user), mapping=fields)
        return user

    async def entries(self, user: UUID) -> list[tuple[Any, int]]:
        """What the log says about a user, in order."""
        rows = await self.client.xrange(keys.log(partition_of(user, PARTITIONS)))
        decoded = [codec.decode_entry(fields) for _, fields in rows]
        return [(event, seq) for event, seq in decoded if event.user == user]


def sending(
    to: UUID, *envelopes: tuple[int, int], envelope_id: UUID | None = None, body: bytes = b"\x33c"
) -> Send:
    made = [
        OutgoingEnvelope(device_id=device, registration_id=registration, kind="message", body=body)
        for device, registration in envelopes
    ]
    return Send(id=envelope_id or uuid4(), to=to, envelopes=made)


async def refusal(awaitable: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await awaitable
    return caught.value
