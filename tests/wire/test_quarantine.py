"""An envelope that no worker can process: its device goes on, and is told that one is missing."""

from uuid import UUID, uuid4

from redis.asyncio import Redis

from ops.addresses import address
from ops.embedded import valkey
from ops.embedded.layout import layout
from schema import functions, keys
from schema.partitions import partition_of
from schema.roles import ADMIN
from tests.support.people import Person
from tests.support.stack import PARTITIONS, Stack
from tests.wire.conftest import Party

POISON = b"\xc1 nobody's entry"


async def accept_poison(stack: Stack, to: Person) -> None:
    """As if a node had encoded nonsense: numbered and in the log, and no worker can read it."""
    user = UUID(to.user_id)
    partition = partition_of(user, int(PARTITIONS))
    names = [
        keys.log(partition), keys.user(partition, user),
        keys.seen(partition, user, uuid4(), 1, uuid4()), keys.log_id(partition),
    ]  # fmt: skip
    async with Redis.from_url(address(valkey.LOG, layout(stack.data), ADMIN)) as log:
        _, reply = await log.fcall(
            functions.called("relay", "accept"),
            len(names),
            *names,
            "100 1000000",
            60,
            "",
            "",
            1,
            0,
            1,
            to.device_id,
            to.registration_id,
            POISON,
            len(POISON),
        )
        assert reply[0] == b"ok"


async def test_a_device_goes_on_past_an_envelope_that_was_set_aside(party: Party, stack: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    assert (await at_anna.send(bela, b"one"))["ok"]
    await accept_poison(stack, bela)
    assert (await at_anna.send(bela, b"three"))["ok"]
    at_bela = await party.line(bela)
    assert await at_bela.until_bodies(2) == [b"one", b"three"]
    assert [envelope["seq"] for envelope in at_bela.envelopes] == [1, 3]
    assert await at_bela.until_event("expired") == {"upto": 2, "count": 1}
    assert (await at_bela.until_event("caught_up"))["head"] == 3


async def test_a_device_that_is_connected_goes_on_too(party: Party, stack: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    await at_bela.until_event("caught_up")
    await accept_poison(stack, bela)
    assert (await at_anna.send(bela, b"two"))["ok"]
    assert await at_bela.until_bodies(1) == [b"two"]
    assert await at_bela.until_event("expired") == {"upto": 1, "count": 1}
    assert (await at_anna.send(bela, b"three"))["ok"]
    assert await at_bela.until_bodies(2) == [b"two", b"three"]
