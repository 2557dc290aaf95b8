"""During an upgrade nodes of two versions call their own functions on one log; neither breaks the other."""

import asyncio
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

from schema import codec, functions, keys
from schema.events import EnvelopeAccepted
from schema.partitions import partition_of
from schema.wire_socket import Send
from tests.support.mailboxes import CAPACITY, PARTITIONS, World, sending

SENDS = 40
BEFORE_RECEIPTS = Path(__file__).parent / "lua" / "accept_before_receipts.lua"


class OlderNode:
    """A node from before receipts: it loads `sealstream_accept`, in place of whatever has that name."""

    def __init__(self, world: World) -> None:
        self._client = world.client

    async def start(self) -> None:
        await self._client.execute_command("FUNCTION LOAD", "REPLACE", BEFORE_RECEIPTS.read_text("utf-8"))

    async def accept(self, sender: UUID, send: Send, at: int) -> list[object]:
        partition = partition_of(send.to, PARTITIONS)
        seen = keys.seen(partition, send.to, sender, 1, send.id)
        names = (keys.log(partition), keys.user(partition, send.to), seen)
        (one,) = send.envelopes
        event = EnvelopeAccepted(
            user=send.to, device=one.device_id, at=at, id=send.id, from_user=sender, from_device=1,
            kind=one.kind, body=one.body,
        )  # fmt: skip
        envelope = (one.device_id, one.registration_id, codec.encode(event))
        arguments = (CAPACITY, keys.SEEN_SECONDS, at, 0, 1, *envelope)
        (reply,) = await self._client.fcall("sealstream_accept", 3, *names, *arguments)
        return list(reply)


async def test_two_versions_number_one_mailbox_whichever_loads_its_functions_last(world: World) -> None:
    older, sender, anna = OlderNode(world), uuid4(), await world.user(d1=11)
    for round_ in range(3):
        await older.start()  # a node of the older version starts: the newer one's functions stay
        seq = 3 * round_ + 1
        assert await older.accept(sender, sending(anna, (1, 11)), 7) == [b"ok", 7, 1, seq]
        plain = await world.log.accept(sender, 1, sending(anna, (1, 11)), 7)
        asking = Send(**{**_fields(sending(anna, (1, 11))), "receipt": True})
        signed = await world.log.accept(sender, 1, asking, 7)
        assert (plain.seqs, plain.digests) == ([(1, seq + 1)], ())
        assert (signed.seqs, signed.digests) == ([(1, seq + 2)], (sha256(b"\x33c").digest(),))
        await world.log.acknowledge(anna, 1, seq + 2, 7)
        await functions.install(world.client, "relay")  # one of the newer version: the older one's stays
    entries = await world.entries(anna)
    assert [seq for event, seq in entries if isinstance(event, EnvelopeAccepted)] == list(range(1, 10))


async def test_two_versions_at_once_under_load_give_each_number_once(world: World) -> None:
    older, sender, anna = OlderNode(world), uuid4(), await world.user(d1=11)
    await older.start()

    async def by_the_older() -> list[int]:
        return [await acknowledged(int(str((await older.accept(sender, one(), 7))[3]))) for _ in range(SENDS)]

    async def by_the_newer() -> list[int]:
        return [
            await acknowledged((await world.log.accept(sender, 1, one(), 7)).seqs[0][1]) for _ in range(SENDS)
        ]

    def one() -> Send:
        return sending(anna, (1, 11))

    async def acknowledged(seq: int) -> int:
        await world.log.acknowledge(anna, 1, seq, 7)
        return seq

    async def restarts() -> list[int]:
        for _ in range(5):  # of nodes of both versions meanwhile
            await older.start()
            await functions.install(world.client, "relay")
        return []

    tasks = [by_the_older(), by_the_older(), by_the_newer(), by_the_newer(), restarts()]
    given = sorted(seq for seqs in await asyncio.gather(*tasks) for seq in seqs)
    assert given == list(range(1, 4 * SENDS + 1))
    entries = await world.entries(anna)
    assert [seq for event, seq in entries if isinstance(event, EnvelopeAccepted)] == given


async def test_each_version_answers_a_send_that_the_other_accepted_as_the_first_time(world: World) -> None:
    older, sender, anna = OlderNode(world), uuid4(), await world.user(d1=11)
    await older.start()
    send = sending(anna, (1, 11))
    await older.accept(sender, send, 7)
    again = await world.log.accept(sender, 1, Send(**{**_fields(send), "receipt": True}), 9)
    assert (again.seqs, again.at, again.digests) == ([(1, 1)], 7, ()), "nobody remembered a digest"
    asking = Send(**{**_fields(sending(anna, (1, 11))), "receipt": True})
    await world.log.accept(sender, 1, asking, 8)
    assert await older.accept(sender, asking, 9) == [b"ok", 8, 1, 2]
    assert len(await world.entries(anna)) == 2


def _fields(send: Send) -> dict[str, object]:
    return {name: getattr(send, name) for name in send.__struct_fields__}
