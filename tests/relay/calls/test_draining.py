"""A node that drains takes no new call, so that the end of its calls comes."""

from typing import Any

from relay.calls.dispatch import Calls
from schema.clock import now_ms


class Quiet:
    """Nothing is under way."""

    async def drain(self) -> None:
        """At once."""


class Caller:
    """A socket that keeps what it is answered."""

    calls = 0

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def answer(self, packet_id: int | None, answer: Any) -> None:
        self.answers.append((packet_id, answer))


async def test_a_call_that_comes_while_the_node_drains_is_refused() -> None:
    unused: Any = None
    sends: Any = Quiet()
    calls = Calls(sends, unused, unused, unused, unused, unused, now_ms)
    await calls.drain()
    caller: Any = Caller()
    for number, event in enumerate(("send", "ack", "presence.watch", "ephemeral", "auth.refresh")):
        calls.dispatch(caller, event, {}, number)
    assert [number for number, _ in caller.answers] == [0, 1, 2, 3, 4]
    assert {answer["error"]["code"] for _, answer in caller.answers} == {"unavailable"}
