"""Presence: which node holds a device's socket, and who may know who is online.

Invariant: a device has one live socket; registering a newer one ends the older. All of it is board
state: a board that comes back empty is filled again by the nodes within a heartbeat. What could not be
taken off the board is remembered here until it is.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from redis.exceptions import RedisError, ResponseError

from schema import functions, keys, tasks
from schema.inbox import Ephemeral, encode_ephemeral
from schema.link import Commands
from schema.refusals import Refusal

HEARTBEAT_SECONDS: Final = 2.5
DEAD_AFTER_MS: Final = 9_000
"""A node silent for so long is taken for dead; with the heartbeat this stays under 15 seconds in all."""
REAPED_AT_ONCE: Final = 500
"""Sockets of dead nodes: the board serves nobody else meanwhile."""
CALLS_AT_ONCE: Final = 50


class Beat(NamedTuple):
    """The answer to a heartbeat: the `life` of this node that the board knows ("" while it is still reaping
    the one before), and whether more is to be reaped at once."""

    life: str
    reaping: bool


class Presence:
    """The board as one node uses it."""

    def __init__(self, commands: Commands, node: str, install: Any) -> None:
        self._commands = commands
        self._node = node
        self._install = install
        self._gone: dict[str, tuple[UUID, int]] = {}

    async def heartbeat(self) -> Beat:
        """Renews the node's life, and has dead nodes reaped. Raises Refusal unavailable."""
        life, left = await self._call("heartbeat", self._node, DEAD_AFTER_MS, REAPED_AT_ONCE)
        return Beat(life.decode(), bool(left))

    async def register(self, user: UUID, device: int, socket: str) -> None:
        """Makes `socket` the device's live one. Raises Refusal unavailable."""
        try:
            await self._call("register", self._node, str(user), device, socket, 0)
        except BaseException:
            self._gone[socket] = user, device  # it may be on the board all the same
            raise

    async def register_again(self, user: UUID, device: int, socket: str) -> bool:
        """Restores what the board forgot; False when the device has a newer socket. Raises Refusal
        unavailable."""
        return bool(await self._call("register", self._node, str(user), device, socket, 1))

    async def unregister(self, user: UUID, device: int, socket: str) -> None:
        """Forgets the socket, if it is still the device's live one. Raises Refusal unavailable; then it is
        left to `unregister_again`."""
        self._gone[socket] = user, device
        await self._call("unregister", self._node, str(user), device, socket)
        self._gone.pop(socket, None)

    async def unregister_again(self) -> None:
        """Forgets the sockets that left while the board was away. Raises Refusal unavailable."""
        left = [partial(self.unregister, *device, socket) for socket, device in self._gone.items()]
        await tasks.by_groups(left, CALLS_AT_ONCE)

    async def remove_node(self) -> None:
        """Takes the node itself off the board. Raises Refusal unavailable."""
        await self._call("remove_node", self._node)

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

    async def is_kept_out(self, user: UUID) -> bool:
        """Whether the user was evicted and still cools down. Raises Refusal unavailable."""
        return bool(await self._ask("EXISTS", keys.cooldown(user)))

    async def _call(self, function: str, *args: bytes | str | int) -> Any:
        return await self._ask("FCALL", functions.called("relay", function), 1, keys.NODES, *args)

    async def _ask(self, *command: bytes | str | int) -> Any:
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
