"""A real board as nodes use it for presence, and what it told them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from relay.delivery.presence import Presence
from schema import functions, inbox, keys
from schema.link import Link


class PresenceBoard:
    """A board and the nodes on it."""

    def __init__(self, client: "Redis[bytes]", link: Link) -> None:
        self.client = client
        self.link = link

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> "AsyncIterator[PresenceBoard]":
        client: Redis[bytes] = Redis.from_url(url)
        await client.flushall()
        link = Link(url, name="board")
        await link.start()
        yield cls(client, link)
        await link.close()
        await client.aclose()

    async def node(self, name: str) -> Presence:
        presence = Presence(self.link, name, lambda: functions.install(self.client, "relay"))
        await presence.heartbeat()
        return presence

    async def told(self, node: str) -> list[inbox.Item]:
        rows = await self.client.xrange(keys.inbox(node))
        return [item for _, fields in rows for item in inbox.read(list(fields.items()))[0]]
