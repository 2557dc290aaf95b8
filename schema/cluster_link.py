"""The hot path's connections to a cluster: one to each primary, and a map of the slots.

Invariant: a command is sent again only where the server answered that it did not do it, so it runs at most
once. Commands of one slot arrive in the order in which they were given, also while the slot moves: from the
first MOVED on, later ones are held until the former primary has answered all before them.
"""

import asyncio
from functools import partial
from typing import Any, Final

import structlog
from redis.crc import key_slot
from redis.exceptions import ResponseError

from schema import tasks
from schema.backoff import Backoff
from schema.cluster_slots import Command, Place, no_slots, primaries, read_map, redirected, slot_of
from schema.link import Check, Link, NotSent
from schema.servers import address, is_cluster

log = structlog.get_logger(__name__)

REDIRECTS: Final = 16
"""Of one command, at most."""
TRY_AGAIN_SECONDS: Final = 0.05
"""While keys of a function call are at two servers (TRYAGAIN)."""


class _Pending:
    """A command that has no answer yet."""

    __slots__ = ("command", "future", "redirects", "slot")

    def __init__(self, command: Command, slot: int) -> None:
        self.command = command
        self.slot = slot
        self.redirects = 0
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class _Held:
    """Commands of a slot that moves: `returned` came back unexecuted, `queued` were given after them."""

    def __init__(self) -> None:
        self.returned: list[_Pending] = []
        self.queued: list[_Pending] = []


class ClusterLink:
    """The interface of `Link` over a cluster; `url` names any of its servers. With `only`, a key, the primary
    of that key's slot is all that it connects to: a read that blocks needs a connection of its own."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        stall_seconds: float = 5.0,
        check: Check | None = None,
        only: str | None = None,
    ) -> None:
        self._url = url
        self._name = name
        self._stall = stall_seconds
        self._check = check
        self._only = None if only is None else key_slot(only.encode())
        seed: Any = address(url)
        self._seed: Place = (seed.host, seed.port)
        self._servers = {self._seed: None}
        self._slots = no_slots()
        self._links: dict[Place, Link] = {}
        self._held: dict[int, _Held] = {}
        self._outdated = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connects to every primary. Raises OSError or ResponseError if one cannot be reached."""
        try:
            async with asyncio.timeout(self._stall):
                wanted = await self._read_map()
                self._links = {place: self._link_at(place) for place in wanted}
                starting = [link.start() for link in self._links.values()]
                for failure in await asyncio.gather(*starting, return_exceptions=True):
                    if failure is not None:
                        raise failure
        except BaseException:
            await self.close()
            raise
        self._spawn(self._keep())

    async def close(self) -> None:
        """Ends the connections; commands in flight end as OutcomeUnknown."""
        await tasks.end([*self._tasks])
        links, self._links = self._links, {}
        for link in links.values():
            await link.close()

    def drop(self) -> None:
        """Gives the present connections up; the next ones are checked anew."""
        for link in self._links.values():
            link.drop()

    def execute(self, *command: bytes | str | int) -> "asyncio.Future[Any]":
        """See Commands.execute."""
        slot = slot_of(command)
        pending = _Pending(command, (self._only or 0) if slot is None else slot)
        self._send(pending)
        return pending.future

    def _send(self, pending: _Pending) -> None:
        if (held := self._held.get(pending.slot)) is not None:
            held.queued.append(pending)
            return
        place = self._slots[pending.slot]
        link = None if place is None else self._links.get(place)
        if link is None:
            self._fail(pending, NotSent(f"no connection to a primary of the {self._name}"))
        else:
            self._forward(link, pending)

    def _forward(self, link: Link, pending: _Pending) -> None:
        link.execute(*pending.command).add_done_callback(partial(self._answered, link, pending))

    def _answered(self, link: Link, pending: _Pending, answer: "asyncio.Future[Any]") -> None:
        error = answer.exception()
        if error is None:
            if not pending.future.done():
                pending.future.set_result(answer.result())
            return
        if not isinstance(error, ResponseError):
            self._fail(pending, error)
            return
        code, _, rest = str(error).partition(" ")
        pending.redirects += 1
        match code:
            case "MOVED" | "ASK" | "TRYAGAIN" if pending.redirects <= REDIRECTS:
                self._redirect(code, rest, link, pending)
            case "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN":
                self._fail(pending, NotSent(f"no server of the {self._name} serves the slot"))
            case _:
                if not pending.future.done():
                    pending.future.set_exception(error)

    def _redirect(self, code: str, rest: str, link: Link, pending: _Pending) -> None:
        """`link` did not do the command."""
        until = None
        if code == "MOVED":
            self._outdated.set()
            self._slots[pending.slot] = redirected(rest, link.host)
        elif code == "ASK":  # the key is at the server that the slot is on its way to
            until = self._begun(redirected(rest, link.host))
            if until.connected.is_set() and pending.slot not in self._held:
                until.execute("ASKING").add_done_callback(lambda done: done.exception())
                self._forward(until, pending)
                return
        self._hold(link, pending, until)

    def _hold(self, link: Link, pending: _Pending, until: Link | None) -> None:
        """The command leaves again, before later ones of its slot, when `link` has answered all that was sent
        there before, and the next server (or `until`) is connected."""
        held = self._held.get(pending.slot)
        if held is None:
            held = self._held[pending.slot] = _Held()
            self._spawn(self._release(link, pending.slot, held, until))
        held.returned.append(pending)

    async def _release(self, link: Link, slot: int, held: _Held, until: Link | None) -> None:
        try:
            await asyncio.gather(link.execute("PING"), return_exceptions=True)
            place = self._slots[slot]
            next_link = until or (link if place is None else self._begun(place))
            if next_link is link:
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            async with asyncio.timeout(self._stall):
                await next_link.connected.wait()
        except TimeoutError:
            pass  # then the commands end as NotSent
        finally:
            del self._held[slot]
            for pending in (*held.returned, *held.queued):
                self._send(pending)

    def _fail(self, pending: _Pending, error: BaseException) -> None:
        """The primary is away, or is none any more."""
        self._outdated.set()
        if not pending.future.done():
            pending.future.set_exception(error)

    async def _keep(self) -> None:
        """Reads the map again after a command failed or was redirected, until every primary is connected."""
        backoff = Backoff(first=0.05, factor=2.0, most=0.5)
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            try:
                async with asyncio.timeout(self._stall):
                    wanted = await self._read_map()
            except (OSError, ConnectionError, ResponseError, TimeoutError):
                self._outdated.set()
            else:
                for place in wanted:
                    self._begun(place)
                for place in self._links.keys() - wanted:
                    self._spawn(self._retire(self._links.pop(place)))
            if all(link.connected.is_set() for link in self._links.values()):
                backoff.reset()
            else:
                self._outdated.set()
            await asyncio.sleep(backoff.next())

    async def _read_map(self) -> set[Place]:
        """The primaries to connect to, by the map of the first server that answers."""
        at, reply = await self._ask_anyone("CLUSTER", "SLOTS")
        self._slots, servers = read_map(reply, at[0])
        self._servers = dict.fromkeys([*servers, self._seed])
        return primaries(self._slots if self._only is None else [self._slots[self._only]])

    async def _ask_anyone(self, *command: str) -> tuple[Place, Any]:
        """A server, and its answer. Raises what the last one raised."""
        failure: Exception = NotSent("no server is known")
        open_links = [(place, link) for place, link in self._links.items() if link.connected.is_set()]
        for place, link in open_links:
            try:
                return place, await link.execute(*command)
            except (ConnectionError, ResponseError) as error:
                failure = error
        for place in self._servers:
            link = Link(self._url, name=self._name, at=place)
            try:
                await link.start()
                return place, await link.execute(*command)
            except (OSError, ConnectionError, ResponseError) as error:
                failure = error
            finally:
                await link.close()
        raise failure

    def _link_at(self, place: Place) -> Link:
        return Link(self._url, name=self._name, stall_seconds=self._stall, check=self._check, at=place)

    def _begun(self, place: Place) -> Link:
        """The connection to a server, which may not be open yet."""
        link = self._links.get(place)
        if link is None:
            link = self._links[place] = self._link_at(place)
            link.begin()
        return link

    async def _retire(self, link: Link) -> None:
        """Closes a connection to a server that is no primary, when it has answered everything."""
        await asyncio.gather(link.execute("PING"), return_exceptions=True)
        await link.close()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work, name=f"cluster-link-{self._name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def link_to(
    url: str, *, name: str, check: Check | None = None, only: str | None = None
) -> Link | ClusterLink:
    """The connection for `url`, not open yet; each server passes `check`. `only`: see ClusterLink."""
    if is_cluster(url):
        return ClusterLink(url, name=name, check=check, only=only)
    return Link(url, name=name, check=check)
