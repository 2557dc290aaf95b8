"""Linking a device over real HTTP: the mailbox of two devices, and the grant that lets one in once."""

import asyncio
from base64 import b64encode
from contextlib import AsyncExitStack, ExitStack
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from relay.http import linking
from relay.http.app import build_app
from relay.http.peer import Peers
from relay.linking.mailboxes import OF_NODE, PER_LINK, Waits
from schema import keys
from schema.limits import CREDENTIAL_CHANGES
from schema.refusals import Refusal
from schema.settings import Settings
from tests.support.people import PASSWORD, Person, Reply
from tests.support.relay import Relay, open_services, serve
from tests.support.until import until

NOWHERE = "/v1/links/" + "A" * 43


def body(data: bytes) -> dict[str, str]:
    return {"body": b64encode(data).decode()}


async def opened(person: Person) -> str:
    reply = await person.call("POST", "/v1/links")
    assert reply.status == 201, reply.body
    return f"/v1/links/{reply.body['link_id']}"


async def put(person: Person, link: str, data: bytes, tag: str | None) -> Reply:
    return await person.call("PUT", link, body(data), headers={} if tag is None else {"If-Match": tag})


async def test_two_devices_take_turns_in_a_mailbox(node: Relay) -> None:
    new, old = node.stranger(), node.stranger()
    link = await opened(new)
    empty = await old.call("GET", link)
    assert (empty.status, empty.body) == (200, {"body": None})
    first = await put(old, link, b"hello", empty.headers["ETag"])
    assert first.status == 204
    assert first.headers["ETag"] != empty.headers["ETag"]
    found = await new.call("GET", link, headers={"If-None-Match": empty.headers["ETag"]})
    assert (found.status, found.body) == (200, body(b"hello"))
    assert found.headers["ETag"] == first.headers["ETag"]
    answer = await put(new, link, b"and you", found.headers["ETag"])
    assert (await old.call("GET", link)).body == body(b"and you")
    assert (await put(new, link, b"", answer.headers["ETag"])).status == 204
    assert (await old.call("GET", link)).body == {"body": ""}, "empty is not nothing"


async def test_who_waits_is_answered_when_the_other_has_written(node: Relay) -> None:
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    waiting = asyncio.create_task(node.stranger().call("GET", link, headers={"If-None-Match": tag}))
    assert (await put(node.stranger(), link, b"now", tag)).status == 204
    assert (await waiting).body == body(b"now")


async def test_who_waits_in_vain_is_told_that_nothing_is_new(
    node: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "WAIT_SECONDS", 0.1)
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    reply = await node.stranger().call("GET", link, headers={"If-None-Match": tag})
    assert (reply.status, reply.body, reply.headers["ETag"]) == (304, b"", tag)


def test_waits_are_bounded_per_link_and_node() -> None:
    waits = Waits()
    with ExitStack() as stack:
        for number in range(OF_NODE):
            stack.enter_context(waits.at(f"link {number // PER_LINK}"))
        for link, code in (("link 0", "rate_limited"), ("another", "unavailable")):
            with pytest.raises(Refusal, match=code):
                stack.enter_context(waits.at(link))
    with waits.at("link 0"):
        pass


async def test_more_than_two_devices_that_wait_are_refused(node: Relay) -> None:
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    waiting = [
        asyncio.create_task(node.stranger().call("GET", link, headers={"If-None-Match": tag}))
        for _ in range(PER_LINK + 1)
    ]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [(await reply).status for reply in done] == [429]
    assert (await put(node.stranger(), link, b"now", tag)).status == 204
    assert sorted([(await reply).status for reply in waiting]) == [200] * PER_LINK + [429]


async def test_who_is_gone_waits_no_longer(node: Relay) -> None:
    """A phone whose line is cut again and again still finds room to wait."""
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    url = urlsplit(node.url)
    for _ in range(PER_LINK):
        _, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(f"GET {link} HTTP/1.1\r\nHost: {url.netloc}\r\nIf-None-Match: {tag}\r\n\r\n".encode())
        await writer.drain()
        await until(lambda: node.services.link_waits._by_link.total() == 1)
        writer.close()
        await until(lambda: node.services.link_waits._by_link.total() == 0)
    waiting = asyncio.create_task(node.stranger().call("GET", link, headers={"If-None-Match": tag}))
    assert (await put(node.stranger(), link, b"now", tag)).status == 204
    assert (await waiting).status == 200


def test_a_wait_is_twenty_five_seconds_and_the_call_outlives_it() -> None:
    assert linking.WAIT_SECONDS == 25
    assert linking.READ_SECONDS > 25


async def test_of_two_that_replace_the_same_one_is_refused(node: Relay) -> None:
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    replies = await asyncio.gather(*(put(node.stranger(), link, data, tag) for data in (b"a", b"b")))
    assert sorted(reply.status for reply in replies) == [204, 412]
    for wrong in (tag, None, '"nonsense"', "*"):
        reply = await put(node.stranger(), link, b"c", wrong)
        assert (reply.status, reply.body["code"]) == (412, "conflict")


async def test_a_body_is_at_most_8_kib(node: Relay) -> None:
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    for size in (8193, 60_000):
        reply = await put(node.stranger(), link, bytes(size), tag)
        assert (reply.status, reply.body["code"]) == (413, "too_large")
    assert (await put(node.stranger(), link, bytes(8192), tag)).status == 204


async def test_a_link_that_is_unknown_or_over_is_not_found(node: Relay) -> None:
    over = await opened(node.stranger())
    board, name = node.services.board, keys.link(over.rpartition("/")[2])
    tag = (await node.stranger().call("GET", over)).headers["ETag"]
    assert 110_000 < await board.pttl(name) <= 120_000
    await put(node.stranger(), over, b"x", tag)
    assert 0 < await board.pttl(name) <= 120_000, "writing does not lengthen its life"
    waiting = asyncio.create_task(node.stranger().call("GET", over, headers={"If-None-Match": '"1"'}))
    await board.pexpire(name, 1)
    replies = [await waiting]
    for link in (over, NOWHERE, "/v1/links/short"):
        replies += [await node.stranger().call("GET", link), await put(node.stranger(), link, b"x", '"0"')]
        replies.append(await put(node.stranger(), link, b"x", None))
    assert {(reply.status, reply.body["code"]) for reply in replies} == {(404, "not_found")}


async def test_links_are_five_a_minute_per_address(node: Relay) -> None:
    for _ in range(5):
        await opened(node.stranger())
    reply = await node.stranger().call("POST", "/v1/links")
    assert (reply.status, reply.body["code"]) == (429, "rate_limited")
    assert int(reply.headers["Retry-After"]) <= 60


async def granted(person: Person) -> Any:
    reply = await person.call("POST", "/v1/devices/grants", {"password": PASSWORD})
    assert reply.status == 201, reply.body
    return reply.body


async def use(person: Person, grant: str) -> Reply:
    return await person.call("POST", "/v1/sessions", {"grant": grant}, headers={"Authorization": ""})


async def test_a_grant_lets_one_device_in_once_under_a_new_number(node: Relay) -> None:
    ada = await node.person()
    grant = (await granted(ada))["grant"]
    phone = node.stranger()
    reply = await use(phone, grant)
    assert reply.status == 200
    assert (reply.body["user_id"], reply.body["device_id"]) == (ada.user_id, 2)
    again = await use(phone, grant)
    assert (again.status, again.body["code"]) == (401, "bad_credentials")
    phone.session = reply.body
    assert len((await phone.call("GET", "/v1/sessions")).body) == 2


async def test_of_two_that_use_a_grant_at_once_one_is_let_in_on_whichever_node(
    settings: Settings, node: Relay
) -> None:
    async with AsyncExitStack() as stack:
        services = await open_services(stack, settings)
        await services.policy.read()
        other = await serve(stack, build_app(services, Peers(())))
        grant = (await granted(await node.person()))["grant"]
        people = [node.stranger() for _ in range(4)]
        for person in people[::2]:
            person.url = other
        replies = await asyncio.gather(*(use(person, grant) for person in people))
        assert sorted(reply.status for reply in replies) == [200, 401, 401, 401]
        link = await opened(people[0])
        tag = (await people[1].call("GET", link)).headers["ETag"]
        waiting = asyncio.create_task(people[1].call("GET", link, headers={"If-None-Match": tag}))
        await put(people[0], link, b"from the other node", tag)
        assert (await waiting).body == body(b"from the other node")


async def test_a_letter_wakes_those_who_wait_at_another_node(
    settings: Settings, node: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks by themselves here: the news on the board does it."""
    monkeypatch.setattr(linking, "LOOK_SECONDS", 3600.0)
    async with AsyncExitStack() as stack:
        services = await open_services(stack, settings)
        await services.policy.read()
        here, there = node.stranger(), node.stranger()
        there.url = await serve(stack, build_app(services, Peers(())))
        link = await opened(here)
        tag = (await here.call("GET", link)).headers["ETag"]
        for turn in (b"one", b"two", b"three"):
            waiting = asyncio.create_task(there.call("GET", link, headers={"If-None-Match": tag}))
            await until(lambda: services.link_waits._by_link.total() == 1)
            tag = (await put(here, link, turn, tag)).headers["ETag"]
            assert (await waiting).body == body(turn)
        assert services.link_news._reader is None, "nobody waits, nothing is read"


async def test_a_letter_without_news_is_found_by_looking(
    node: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "LOOK_SECONDS", 0.05)
    await node.services.board.set(keys.LINK_NEWS, b"no stream")
    link = await opened(node.stranger())
    tag = (await node.stranger().call("GET", link)).headers["ETag"]
    waiting = asyncio.create_task(node.stranger().call("GET", link, headers={"If-None-Match": tag}))
    await until(lambda: node.services.link_waits._by_link.total() == 1)
    assert (await put(node.stranger(), link, b"now", tag)).status == 204
    assert (await waiting).body == body(b"now")


async def test_a_grant_needs_the_password_and_its_attempts_are_bounded(node: Relay) -> None:
    ada = await node.person()
    wrong = await ada.call("POST", "/v1/devices/grants", {"password": "another password"})
    assert (wrong.status, wrong.body["code"]) == (401, "bad_credentials")
    await node.limit(CREDENTIAL_CHANGES, 1)
    refused = await ada.call("POST", "/v1/devices/grants", {"password": PASSWORD})
    assert (refused.status, refused.body["code"]) == (429, "rate_limited")


async def test_a_grant_ends_with_its_time_the_session_the_password_and_the_account(node: Relay) -> None:
    async def over(person: Person) -> None:
        (name,) = await node.services.board.keys("grant:*")
        assert 110_000 < await node.services.board.pttl(name) <= 120_000
        await node.services.board.pexpire(name, 1)

        async def gone() -> bool:
            return not await node.services.board.exists(name)

        await until(gone)

    async def signed_out(person: Person) -> None:
        assert (await person.call("DELETE", "/v1/sessions/current")).status == 204

    async def changed(person: Person) -> None:
        change = {"password": PASSWORD, "new_password": "another password"}
        assert (await person.call("PUT", "/v1/account/password", change)).status == 204

    async def deleted(person: Person) -> None:
        assert (await person.call("DELETE", "/v1/account", {"password": PASSWORD})).status == 204

    for ending in (over, signed_out, changed, deleted):
        ada = await node.person()
        grant = (await granted(ada))["grant"]
        await ending(ada)
        reply = await use(node.stranger(), grant)
        assert (reply.status, reply.body["code"]) == (401, "bad_credentials"), ending.__name__


async def test_the_board_has_no_grant_in_clear_and_a_log_in_needs_something(node: Relay) -> None:
    ada = await node.person()
    grant = (await granted(ada))["grant"]
    (name,) = await node.services.board.keys("grant:*")
    told = name + await node.services.board.get(name)
    assert grant.encode() not in told
    assert str(UUID(ada.user_id)).encode() in told
    for empty in ({}, {"username": ada.username}, {"password": PASSWORD}):
        reply = await node.stranger().call("POST", "/v1/sessions", empty)
        assert (reply.status, reply.body["code"]) == (422, "invalid")
    for wrong in ("", "x", grant[:-1] + "?"):
        assert (await use(node.stranger(), wrong)).status == 401
