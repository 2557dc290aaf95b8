"""Crossings: what happens to a socket while something else happens to its device."""

import asyncio
import os
import signal

from tests.support.people import Person
from tests.support.stack import Stack
from tests.support.until import until
from tests.wire.conftest import Party


async def test_a_session_that_ends_during_the_handshake_does_not_stay_connected(
    party: Party, stack: Stack
) -> None:
    anna = await party.person()
    phone = await party.device_of(anna)
    line = party.unopened(anna)
    board = stack.pid("board")
    os.kill(board, signal.SIGSTOP)
    try:
        opening = asyncio.create_task(line.open())
        await until(lambda: line.client.eio.state == "connected")
        await anna.call("GET", "/healthz")  # the node has read what was sent before
        assert (await phone.call("DELETE", f"/v1/sessions/{anna.session['session_id']}")).status == 204
        await until(lambda: is_refused(anna), seconds=20)
    finally:
        os.kill(board, signal.SIGCONT)
    await opening
    assert await line.until_event("session.ended", seconds=5) == {"reason": "revoked"}


async def is_refused(person: Person) -> bool:
    """The node has learned that the person's session has ended."""
    return (await person.call("GET", "/v1/sessions")).status == 401


async def test_a_device_with_few_kem_prekeys_is_told_when_it_comes(party: Party) -> None:
    few = await party.person(prekeys=30)
    await few.publish(**few.with_kem(one_time=4))
    told = await (await party.line(few)).until_event("prekeys.low", seconds=3)
    assert told == {"available": 30, "kem_available": 4}


async def test_a_device_with_few_prekeys_is_told_when_it_comes(party: Party) -> None:
    few, enough = await party.person(prekeys=3), await party.person(prekeys=20)
    assert await (await party.line(few)).until_event("prekeys.low", seconds=3) == {"available": 3}
    line = await party.line(enough)
    await line.until_event("caught_up")
    for _ in range(2):  # a notice of its own would have come before the second answer
        await line.call("ack", {"upto": 0})
    assert [name for name, _ in line.events] == ["caught_up"]
