"""Linking a device: the link mailbox, and the grant by which the new device logs in."""

import asyncio
import re
from contextlib import suppress
from typing import Any, Final

from relay.http.calls import Answer, Call
from relay.http.credentials import of_session, own_account, prove
from relay.linking import grants, mailboxes
from relay.linking.mailboxes import Letter
from schema.limits import CREDENTIAL_CHANGES, LINKS
from schema.wire_http import Grant, GrantRequest, Link, LinkBody, LinkLetter

WAIT_SECONDS: Final = 25.0
LOOK_SECONDS: Final = 5.0
"""A call that waits reads the board this often, where no news comes."""
CHECK_SECONDS: Final = 0.25
"""A call that waits sees within this time that its caller is gone, or the node drains."""
READ_SECONDS: Final = WAIT_SECONDS + 10.0
"""Of a call that waits, with its last look."""
_ETAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"')


async def open_link(call: Call[None]) -> Link:
    """A mailbox for two devices, for two minutes."""
    await call.services.admission.admit(LINKS, call.address)
    link, expires = await mailboxes.open_link(call.services.board)
    return Link(link, expires)


async def read_link(call: Call[None]) -> Answer:
    """Reads the mailbox; with `If-None-Match` it waits for another letter."""
    services, link, seen = call.services, call.path["link_id"], _version(call, "If-None-Match")
    letter = await mailboxes.read(services.board, link)
    if letter.version == seen:
        with services.link_waits.at(link):
            letter = await _other(call, link, seen)
    if letter.version == seen:
        return Answer(304, None, _tag(letter.version))
    return Answer(200, LinkLetter(letter.body), _tag(letter.version))


async def write_link(call: Call[LinkBody]) -> Answer:
    """Replaces the letter that `If-Match` names."""
    link, seen = call.path["link_id"], _version(call, "If-Match")
    version = await mailboxes.write(call.services.board, link, seen, call.body.body)
    return Answer(204, None, _tag(version))


async def grant_device(call: Call[GrantRequest]) -> Grant:
    """Lets one new device log in without the password, once."""
    services = call.services
    account = await own_account(call)
    await services.admission.admit(CREDENTIAL_CHANGES, call.user_id)
    await prove(services, of_session(call.claims.session_id), account, call.body.password)
    session = call.claims.session_id
    return Grant(*await grants.issue(services.board, call.user_id, session, account.password_hash))


async def _other(call: Call[None], link: str, seen: int) -> Letter:
    """Reads the mailbox until its letter is not `seen`, the time to wait is over, or the caller is gone."""
    services, loop = call.services, asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    async with services.link_news.of(services.board, link) as written:
        while True:
            letter = await mailboxes.read(services.board, link)
            if letter.version != seen or loop.time() >= deadline or _is_over(call):
                return letter
            await _news(call, written, min(deadline, loop.time() + LOOK_SECONDS))


async def _news(call: Call[None], written: asyncio.Event, until: float) -> None:
    """Returns with the event, at the loop's time `until`, or when nobody waits any more."""
    loop = asyncio.get_running_loop()
    while not written.is_set() and loop.time() < until and not _is_over(call):
        with suppress(TimeoutError):
            await asyncio.wait_for(written.wait(), min(CHECK_SECONDS, max(0.0, until - loop.time())))
    written.clear()


def _is_over(call: Call[None]) -> bool:
    return call.services.draining() or call.is_gone()


def _version(call: Call[Any], name: str) -> int | None:
    found = _ETAG.fullmatch(call.headers.get(name, "").strip())
    return int(found[1]) if found else None


def _tag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}
