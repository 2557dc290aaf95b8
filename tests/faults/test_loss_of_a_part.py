"""One server away at a time, under traffic: what must go on goes on, the rest is refused, all of it heals."""

import asyncio
import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
import socketio

from schema import keys
from tests.servers import Servers
from tests.support.house import House
from tests.support.people import Line, Person, Reply
from tests.support.until import until
from tests.wire.conftest import Party


class Sender:
    """Writes numbered bodies until each is accepted: the same call with the same id, as a client must."""

    def __init__(self, line: Line, to: Person) -> None:
        self.line = line
        self.to = to
        self.accepted: list[bytes] = []
        self.refusals: list[str] = []

    async def send(self, number: int, *, tries: int = 200) -> None:
        body, envelope_id = f"body {number}".encode(), str(uuid4())
        for _ in range(tries):
            answer: Any = await self.line.send(self.to, body, envelope_id=envelope_id)
            if answer["ok"]:
                self.accepted.append(body)
                return
            self.refusals.append(answer["error"]["code"])
            await asyncio.sleep(0.1)
        raise AssertionError(f"never accepted: {self.refusals[-3:]}")


async def test_without_postgres_accepting_and_live_delivery_go_on_and_catch_up_waits(
    party: Party, house: House, servers: Servers
) -> None:
    anna, bela, carl = [await party.person() for _ in range(3)]
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    await at_bela.until_event("caught_up")
    servers.kill("postgres")
    for number in range(10):
        assert (await at_anna.send(bela, f"live {number}".encode()))["ok"]
        assert (await at_anna.send(carl, f"waits {number}".encode()))["ok"]
    assert await at_bela.until_bodies(10) == [f"live {number}".encode() for number in range(10)]
    waits = house.stack.logs()["node-0"].count("catch_up_waits")
    at_carl = await party.line(carl)
    await until(lambda: house.stack.logs()["node-0"].count("catch_up_waits") > waits, seconds=20)
    assert at_carl.envelopes == [], "its mailbox is not readable yet"
    servers.revive()
    assert await at_carl.until_bodies(10, seconds=40) == [f"waits {number}".encode() for number in range(10)]
    assert (await at_carl.until_event("caught_up"))["head"] == 10


async def test_without_the_log_sends_are_unavailable_and_nothing_is_lost_or_doubled(
    party: Party, servers: Servers
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    sender = Sender(at_anna, bela)
    for number in range(5):
        await sender.send(number)
    servers.kill("log")
    answer = await at_anna.send(bela, b"refused")
    assert (answer["ok"], answer["error"]["code"]) == (False, "unavailable")
    newcomer = party.unopened(anna)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await newcomer.open()
    assert newcomer.refusal["data"]["code"] == "unavailable"
    under_way = asyncio.gather(*(sender.send(number) for number in range(5, 25)))
    await until(lambda: len(sender.refusals) >= 20, seconds=20)
    servers.revive()
    await under_way
    bodies = await at_bela.until_bodies(25, seconds=40)
    assert sorted(bodies) == sorted(sender.accepted)
    assert [envelope["seq"] for envelope in at_bela.envelopes] == list(range(1, 26))


async def test_a_log_killed_while_sends_are_in_flight_keeps_what_it_accepted(
    party: Party, servers: Servers
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    sender = Sender(at_anna, bela)
    under_way = asyncio.gather(*(sender.send(number) for number in range(100)))
    await at_bela.until_bodies(10)
    servers.kill("log")
    servers.revive()
    await under_way
    bodies = await at_bela.until_bodies(100, seconds=40)
    assert len(bodies) == len(set(bodies)) == 100
    assert [envelope["seq"] for envelope in at_bela.envelopes] == list(range(1, 101))


async def test_without_the_board_sends_and_connections_are_refused_and_nothing_is_lost(
    party: Party, servers: Servers
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    await at_bela.until_event("caught_up")
    sender = Sender(at_anna, bela)
    await sender.send(0)
    servers.kill("board")
    answer = await at_anna.send(bela, b"refused")
    assert (answer["ok"], answer["error"]["code"]) == (False, "unavailable")
    newcomer = party.unopened(anna)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await newcomer.open()
    assert newcomer.refusal["data"]["code"] == "unavailable"
    servers.revive()
    for number in range(1, 11):
        await sender.send(number)
    assert await at_bela.until_bodies(11, seconds=30) == sender.accepted


async def test_readiness_names_what_is_down_and_health_stays(party: Party, servers: Servers) -> None:
    stranger = party.stranger()
    assert (await stranger.call("GET", "/readyz")).status == 200
    servers.kill("postgres")
    ready = await readiness(stranger, 503)
    assert ready.body["down"] == ["database"]
    assert (await stranger.call("GET", "/healthz")).status == 200
    servers.revive()
    await readiness(stranger, 200)


async def readiness(stranger: Person, status: int) -> Reply:
    """`/readyz` once it answers so."""
    async with asyncio.timeout(30):
        while (ready := await stranger.call("GET", "/readyz")).status != status:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.2)
    return ready


async def test_a_token_of_a_key_not_yet_read_is_unavailable_while_postgres_is_away(
    party: Party, servers: Servers
) -> None:
    anna = await party.person()
    header = b'{"alg":"EdDSA","typ":"at+jwt","kid":"newer"}'
    _, payload, signature = anna.session["access_token"].split(".")
    newer = ".".join((base64.urlsafe_b64encode(header).decode().rstrip("="), payload, signature))
    servers.kill("postgres")
    line = party.unopened(anna)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await line.open(newer)
    assert line.refusal["data"]["code"] == "unavailable"


async def test_a_board_that_came_back_empty_knows_again_who_watches_whom(
    party: Party, house: House, servers: Servers
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    for line, other in ((at_anna, bela), (at_bela, anna)):
        assert (await line.call("presence.watch", {"users": [other.user_id]}))["ok"]
    await at_anna.until_event("presence")
    servers.kill("board")
    servers.revive()
    await readiness(anna, 200)
    watches = [keys.watch(UUID(person.user_id)) for person in (anna, bela)]
    async with house.client("board") as board:
        await until(lambda: all_there(board, watches), seconds=20)
    await at_bela.close()
    await at_anna.until(lambda: ("presence", {"user_id": bela.user_id, "online": False}) in at_anna.events)


async def all_there(board: Any, names: list[str]) -> bool:
    return bool(await board.exists(*names) == len(names))
