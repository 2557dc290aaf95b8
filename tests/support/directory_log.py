"""The directory on a real log, and what it wrote there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

from relay.identity.directory import Directory
from schema import codec, functions, keys, servers
from schema.events import IdentitySet, LogEvent, Prekey, SignedPrekey
from schema.partitions import partition_of

PARTITIONS = 4
SIGNED = SignedPrekey(1, bytes(33), bytes(64))
ONE, TWO = b"\x05" + b"1" * 32, b"\x05" + b"2" * 32


class DirectoryLog:
    """The directory and what it wrote."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.directory = Directory(client, PARTITIONS)

    @classmethod
    @asynccontextmanager
    async def at(cls, log_url: str) -> AsyncIterator[Self]:
        """On the log server at that address."""
        client = servers.client(log_url)
        await functions.install(client, "relay")
        yield cls(client)
        await client.aclose()

    async def publish(
        self,
        user: UUID,
        device: int,
        identity: bytes = ONE,
        *prekeys: Prekey,
        replace: bool = False,
        **kem: Any,
    ) -> Any:
        return await self.directory.publish(
            user, device, identity, 7, SIGNED, prekeys, replace=replace, last_device=99, at=1, **kem
        )

    async def events(self, user: UUID) -> list[LogEvent]:
        rows = await self.client.xrange(keys.log(partition_of(user, PARTITIONS)))
        return [codec.decode_entry(fields)[0] for _, fields in rows]

    async def changes(self, user: UUID) -> list[str]:
        return [event.change for event in await self.events(user) if isinstance(event, IdentitySet)]

    async def fields(self, user: UUID) -> dict[str, bytes]:
        found = await self.client.hgetall(keys.user(partition_of(user, PARTITIONS), user))
        return {name.decode(): value for name, value in found.items()}

    async def closed(self, user: UUID) -> set[int]:
        found = await self.client.smembers(keys.closed(partition_of(user, PARTITIONS), user))
        return {int(device) for device in found}
