"""Presence: which node holds a device's socket, and who may know who is online.

Invariant: a device has one live socket; registering a newer one ends the older. All of it is board
state: a board that comes back empty is filled again by the nodes within a heartbeat.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from redis.exceptions import RedisError, ResponseError

from relay.link import Commands
from schema import functions, keys
from schema.inbox import Ephemeral, encode_ephemeral
from schema.refusals import Refusal

HEARTBEAT_SECONDS: Final = 2.5
DEAD_AFTER_MS: Final = 9_000
"""A node silent for so long is reaped; with the heartbeat this stays under 15 seconds in all."""
REAPED_AT_ONCE: Final = 500


class Presence:
    """The board as one node uses it."""

    def __init__(self, commands: Commands, node: str, install: Any) -> None:
        self._commands = commands
        self._node = node
        self._install = install

    async def heartbeat(self) -> bool:
        """Renews the node's life; True when the board did not know it. Raises Refusal unavailable."""
        return bool(await self._call("heartbeat", self._node, DEAD_AFTER_MS, REAPED_AT_ONCE))

    async def register(self, user: UUID, device: int, socket: str) -> None:
        """Makes `socket` the device's live one. Raises Refusal unavailable."""
        await self._call("register", self._node, str(user), device, socket, 0)

    async def register_again(self, user: UUID, device: int, socket: str) -> bool:
        """Restores what the board forgot; False when the device has a newer socket elsewhere.

        Raises Refusal unavailable.
        """
        return bool(await self._call("register", self._node, str(user), device, socket, 1))

    async def unregister(self, user: UUID, device: int, socket: str) -> None:
        """Forgets the socket, if it is still the device's live one. Raises Refusal unavailable."""
        await self._call("unregister", self._node, str(user), device, socket)

    async def part(self) -> None:
        """Takes the node itself off the board. Raises Refusal unavailable."""
        await self._call("part", self._node)

    async def watch(self, user: UUID, device: int, socket: str, watched: Iterable[UUID]) -> list[UUID]:
        """Sets whom the device watches, as long as `socket` is its live one; those who watch back and are
        online. Raises Refusal unavailable."""
        others = dict.fromkeys(str(other) for other in watched if other != user)
        there = await self._call("watch", self._node, str(user), device, socket, *others)
        return [UUID(other.decode()) for other in there]

    async def pass_on(self, user: UUID, items: list[Ephemeral]) -> None:
        """Passes ephemerals to `user`'s online devices. Raises Refusal unavailable."""
        pairs = [part for item in items for part in (item.device, encode_ephemeral(item))]
        await self._call("pass_on", str(user), *pairs)

    async def _call(self, function: str, *args: bytes | str | int) -> Any:
        command = ("FCALL", f"sealstream_{function}", 1, keys.NODES, *args)
        try:
            try:
                return await self._commands.execute(*command)
            except ResponseError as error:
                if not functions.is_missing(error):
                    raise
            await self._install()
            return await self._commands.execute(*command)
        except (RedisError, OSError) as error:  # the link's own failures among them
            raise Refusal("unavailable", "Presence is not reachable.", retry_after_ms=1000) from error
