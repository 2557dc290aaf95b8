"""A call over its budget is refused before its payload is decoded."""

from typing import Any
from uuid import uuid4

import msgspec

from relay.admission.budgets import WATCHED_AT_ONCE, UserBudgets
from relay.calls.dispatch import Calls
from schema.clock import now_ms
from schema.limits import WATCHED_USERS


class Caller:
    """A socket that keeps the codes of its refusals."""

    def __init__(self) -> None:
        self.budgets = UserBudgets()
        self.codes: list[str] = []

    def answer(self, _packet_id: int | None, answer: Any) -> None:
        self.codes.append(answer["error"]["code"])


async def test_threat_13_long_lists_cost_the_same_whether_or_not_they_can_be_read() -> None:
    unused: Any = None
    calls, caller = Calls(unused, unused, unused, unused, unused, unused, now_ms), Caller()
    users = [str(uuid4()) for _ in range(WATCHED_USERS - 1)]
    wrong = msgspec.Raw(msgspec.msgpack.encode({"users": [*users, "nobody"]}))
    for _ in range(WATCHED_AT_ONCE):
        calls.dispatch(caller, "presence.watch", wrong, 1)  # type: ignore[arg-type]
    assert caller.codes[0] == "invalid"
    assert caller.codes[-1] == "rate_limited"
    assert caller.codes.count("invalid") <= WATCHED_AT_ONCE // 50 + 1
