"""An envelope reaches its device whichever node accepted it, and whatever crosses on the way: each connection
shows the numbers in order, once, and the newest one shows them all. A node hands over what it accepted; the
pusher passes that over; nothing falls between the two."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from relay.delivery import catch_up
from relay.log import mailbox_log
from schema import keys
from tests.mailbox.crossing_house import CrossingHouse, Wire
from tests.support.until import until

NODES = st.sampled_from((0, 1))


class Crossing(RuleBasedStateMachine):
    """One device, two nodes, one pusher. Every answer of the log arrives when a rule says so."""

    loop: asyncio.AbstractEventLoop
    house: CrossingHouse

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.run(self.house.begin())

    @rule(node=NODES)
    def a_socket_is_registered_on_the_board(self, node: int) -> None:
        self.run(self.house.nodes[node].register())

    @rule(node=NODES)
    def a_device_connects_and_is_live(self, node: int) -> None:
        self.run(self.house.nodes[node].connect())

    @rule(node=NODES)
    def it_enters_the_registry_and_catches_up(self, node: int) -> None:
        self.run(self.house.nodes[node].enter())

    @rule(node=NODES, again=st.booleans())
    def the_log_accepts(self, node: int, again: bool) -> None:
        self.run(self.house.nodes[node].send(again=again))

    @rule(node=NODES)
    def the_log_answers(self, node: int) -> None:
        self.run(self.house.nodes[node].held.answer())
        self.run(asyncio.sleep(0))

    @rule(node=NODES, seconds=st.sampled_from((-1.0, 10.0)))
    def an_answer_is_lost(self, node: int, seconds: float) -> None:
        """The node gives the outcome up at once, or asks again."""
        with mock.patch.object(mailbox_log, "RESOLVE_SECONDS", seconds):
            self.run(self.house.nodes[node].held.lose())
            self.run(asyncio.sleep(0))

    @rule(node=NODES)
    def a_call_is_stuck_and_given_up(self, node: int) -> None:
        with mock.patch.object(mailbox_log, "RESOLVE_SECONDS", -1.0):
            self.house.nodes[node].held.stick_next = True
            self.run(self.house.nodes[node].send())
            self.run(asyncio.sleep(0))

    @rule(node=NODES)
    def it_reaches_the_log_after_all(self, node: int) -> None:
        self.run(self.house.nodes[node].held.arrive())

    @rule()
    def the_pusher_routes(self) -> None:
        self.run(self.house.route())

    @rule()
    def the_projector_writes(self) -> None:
        self.run(self.house.project())

    @rule(node=NODES)
    def a_node_reads_its_inbox(self, node: int) -> None:
        self.run(self.house.nodes[node].hear())

    @rule(node=NODES)
    def a_heart_beats(self, node: int) -> None:
        self.run(self.house.nodes[node].board.beat())

    @rule(node=NODES)
    def a_node_dies(self, node: int) -> None:
        self.run(self.house.kill(node))

    @invariant()
    def every_connection_shows_the_numbers_in_order_and_once(self) -> None:
        for wire in self.house.wires:
            assert wire.numbers == list(range(1, len(wire.numbers) + 1))

    def teardown(self) -> None:
        self.run(self.settled())
        self.run(self.house.end())

    async def settled(self) -> None:
        await self.house.settle()
        newest = self.house.newest
        if newest is not None and not newest.gone:
            head = await self.house.head()
            await until(lambda: newest.gone or newest.numbers == list(range(1, head + 1)))
            assert not newest.gone


@pytest.fixture
async def house(log_url: str, board_url: str, database_url: str) -> AsyncIterator[CrossingHouse]:
    async with CrossingHouse.on(log_url, board_url, database_url) as house:
        await house.begin()
        yield house
        await house.end()


async def shown(house: CrossingHouse, wire: Wire, *numbers: int) -> None:
    """Everything comes to its end; the connection has shown these numbers."""
    await house.settle()
    await until(lambda: wire.numbers == [*numbers])


async def test_a_live_socket_has_it_with_the_answer_and_the_pusher_passes_over_it(
    house: CrossingHouse,
) -> None:
    here, other = house.nodes
    wire = await here.connect()
    await here.send()
    await house.route()
    assert wire.numbers == []
    await here.held.answer()
    await until(lambda: wire.numbers == [1])
    assert await house.board.xlen(keys.inbox(here.name)) == 0
    await other.send()
    await house.route()
    await here.hear()
    assert wire.numbers == [1, 2], "from another node it comes through the pusher"


@pytest.mark.parametrize("when", ["before the log accepts", "before the answer", "after the answer"])
async def test_a_socket_that_registers_meanwhile_has_it(house: CrossingHouse, when: str) -> None:
    here, _ = house.nodes
    await here.register()
    wire = here.registered
    assert wire is not None
    if when == "before the log accepts":
        await here.enter()
        await asyncio.sleep(0)
    await here.send()
    await house.route()
    if when == "before the answer":
        await here.enter()
    await here.held.answer_all()
    await asyncio.sleep(0)
    await here.enter()
    await shown(house, wire, 1)


async def test_a_node_that_dies_after_the_answer_leaves_it_in_the_mailbox(house: CrossingHouse) -> None:
    wire = await house.nodes[0].connect()
    await house.nodes[0].send()
    await house.kill(0)
    await house.route()
    assert wire.gone
    assert wire.numbers == []
    await shown(house, await house.nodes[1].connect(), 1)


async def test_of_two_sockets_of_a_device_the_newer_one_has_it(house: CrossingHouse) -> None:
    here, other = house.nodes
    older = await here.connect()
    newer = await other.connect()
    await here.send()
    await house.route()
    await shown(house, newer, 1)
    await until(lambda: older.gone)


@pytest.mark.parametrize("lost", ["the answer", "the call"])
async def test_what_the_log_has_after_the_node_gave_up_is_pushed(
    house: CrossingHouse, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = house.nodes
    wire = await here.connect()
    monkeypatch.setattr(mailbox_log, "RESOLVE_SECONDS", -1.0)
    here.held.stick_next = lost == "the call"
    await here.send()
    await here.held.lose()
    await asyncio.gather(*here.sends, return_exceptions=True)
    if lost == "the answer":
        await house.route()  # passed over: the board has the earlier name
    await here.board.beat()
    await here.held.answer_all()
    await here.held.arrive()
    await shown(house, wire, 1)


async def test_a_number_that_comes_before_an_earlier_one_waits_for_it(
    house: CrossingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "GAP_SECONDS", 60.0)
    here, other = house.nodes
    wire = await here.connect()
    await other.send()
    for _ in range(2):
        await here.send()
        await here.held.answer()
    await asyncio.sleep(0)
    assert wire.numbers == []
    await house.route()
    await here.hear()
    assert wire.numbers == [1, 2, 3]


async def test_a_number_that_never_comes_is_read_from_the_mailbox(house: CrossingHouse) -> None:
    here, other = house.nodes
    wire = await here.connect()
    await other.send()
    await here.send()
    here.held.flows = True
    await here.held.answer_all()
    await house.project()
    await until(lambda: wire.numbers == [1, 2])


async def test_a_send_that_another_node_took_first_is_read_from_the_mailbox(house: CrossingHouse) -> None:
    """What it has as its bodies this time may be something else."""
    here, other = house.nodes
    wire = await here.connect()
    await other.send()
    await here.send(again=True)
    here.held.flows = True
    await here.held.answer_all()
    await house.project()
    await until(lambda: wire.numbers == [1])
    assert wire.bodies == [b"sealed"]


def test_no_envelope_falls_between_the_node_and_the_pusher(
    log_url: str, board_url: str, database_url: str
) -> None:
    with asyncio.Runner() as runner:
        on = CrossingHouse.on(log_url, board_url, database_url)

        class Bound(Crossing):
            loop = runner.get_loop()
            house = runner.run(on.__aenter__())

        try:
            run_state_machine_as_test(
                Bound,
                settings=settings(
                    max_examples=60,
                    stateful_step_count=40,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(on.__aexit__(None, None, None))
