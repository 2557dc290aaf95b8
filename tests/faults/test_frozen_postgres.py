"""PostgreSQL stands still and does not even refuse: what needs it is told so in time, the rest goes on."""

import asyncio

from ops.load.account import Account
from tests.support.crowd import Chatter, Crowd
from tests.support.house import House
from tests.support.people import Person, Reply
from tests.support.until import until

BOUND_SECONDS = 20.0
"""A call's ten (`relay.http.calls.CALL_SECONDS`), and as many for a slow machine."""


async def test_sends_and_live_delivery_go_on_calls_are_told_and_all_of_it_heals(house: House) -> None:
    async with house.crowd(*[house.url()] * 5) as crowd, crowd.connected(but=1), crowd.writing(writers=4):
        late = crowd.chatters[-1]
        await until(lambda: waits_for(late, crowd))  # an empty mailbox is read without PostgreSQL
        with house.frozen("postgres"):
            replies = asyncio.gather(*(ask(late.account, *call) for call in CALLS))
            crowd.join(late)
            await until(lambda: late.connections == 1, seconds=30)
            before, delivered = crowd.accepted(), len(crowd.history.delivered)
            await until(lambda: crowd.accepted() > before + 100, seconds=30)
            await until(lambda: len(crowd.history.delivered) > delivered + 75, seconds=30)
            async with asyncio.timeout(BOUND_SECONDS):
                for reply in await replies:
                    assert (reply.status, reply.body["code"]) == (503, "unavailable")
            assert not late.online.is_set(), "its mailbox cannot be read"
            assert crowd.codes() == []
        await late.online.wait()
        for call in CALLS:
            assert (await ask(late.account, *call)).status < 500


def waits_for(chatter: Chatter, crowd: Crowd) -> bool:
    """Whether something was accepted for the member's device."""
    return any(sent.to == chatter.device and sent.outcome == "accepted" for sent in crowd.history.sent)


CALLS = (
    ("GET", "/v1/sessions", None),
    ("GET", "/v1/keys", None),
    ("POST", "/v1/sessions", {"username": "nobody", "password": "wrong password"}),
    ("POST", "/v1/sessions/refresh", {"refresh_token": "x" * 43}),
)


async def ask(account: Account, method: str, path: str, body: object) -> Reply:
    async with Person(account.url) as asking:
        asking.session = account.session
        return await asking.call(method, path, body)
