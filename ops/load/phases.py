"""The phases of a bench. Each makes users of its own, so that it can run alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import psutil

from ops.errors import OperatorError
from ops.load.account import Account
from ops.load.line import Line
from ops.load.pairs import PREPARED_AT_ONCE, Pairs
from ops.load.returning import in_groups
from ops.load.standing import Phase, Standing, phase
from ops.load.usage import pid_of

SETTLING_SECONDS: Final = 2.0
"""Before a phase: acknowledgements and projections of the one before."""
FIRST_SOCKETS: Final = 16
"""Opened before idle sockets are measured: they fill caches and pools."""
DEVICES: Final = 3
"""Of each user in the phase of several devices."""


class Options(msgspec.Struct, frozen=True):
    """What is asked for; `seconds` for each phase, `sockets` and `catch_up` in numbers."""

    users: int = 50
    window: int = 4
    rate: float = 500.0
    seconds: float = 15.0
    body: int = 512
    sockets: int = 200
    catch_up: int = 20_000


class Bench(msgspec.Struct, frozen=True):
    """A relay under measure: the nodes' addresses, and its data directory if it lies on this machine."""

    urls: tuple[str, ...]
    data: Path | None
    options: Options
    http: aiohttp.ClientSession

    @asynccontextmanager
    async def pairs(self, *, devices: int = 1) -> AsyncIterator[Pairs]:
        """Registered and connected users; the relay has settled."""
        options = self.options
        pairs = Pairs(self.urls, options.users, body_bytes=options.body, devices=devices)
        await pairs.register(self.http)
        await pairs.connect()
        await asyncio.sleep(SETTLING_SECONDS)
        try:
            yield pairs
        finally:
            if ends := await pairs.close():
                raise OperatorError(f"The relay ended sockets: {', '.join(ends)}")


async def idle(bench: Bench) -> Phase:
    """What connected users cost who say nothing."""
    async with bench.pairs():
        before = await Standing.of(bench.data)
        await asyncio.sleep(bench.options.seconds)
        return phase(
            "idle", f"{bench.options.users} users, no messages", before, await Standing.of(bench.data)
        )


async def open_loop(bench: Bench) -> Phase:
    """A fixed rate; latencies count from when a message was due."""
    options = bench.options
    async with bench.pairs() as pairs:
        before = await Standing.of(bench.data)
        await pairs.open_loop(options.seconds, options.rate)
        about = f"{options.rate:g} messages a second by {options.users} users, {options.body} bytes"
        return phase("open loop", about, before, await Standing.of(bench.data), pairs.measured)


async def closed_loop(bench: Bench, name: str = "closed loop", devices: int = 1) -> Phase:
    """As many messages as go with a fixed number under way; latencies count from the frame."""
    options = bench.options
    async with bench.pairs(devices=devices) as pairs:
        before = await Standing.of(bench.data)
        await pairs.closed_loop(options.seconds, options.window)
        about = f"{options.users} users, {options.window} under way each, {options.body} bytes"
        measured = pairs.measured
        return phase(
            name, about, before, await Standing.of(bench.data), measured, messages=len(measured.accepted)
        )


async def several_devices(bench: Bench) -> Phase:
    """The closed loop with several devices per user: each message has an envelope for each."""
    return await closed_loop(bench, f"{DEVICES} devices per user", DEVICES)


async def catch_up(bench: Bench) -> Phase:
    """Devices that were away fetch what waits, all at once."""
    options = bench.options
    async with bench.pairs() as pairs:
        waiting = await pairs.fill(options.catch_up, options.window)
        await asyncio.sleep(SETTLING_SECONDS)
        pairs.measured.received.clear()
        before = await Standing.of(bench.data)
        seconds = await pairs.catch_up(waiting)
        after = await Standing.of(bench.data)
        about = f"{waiting} messages for {options.users // 2} devices, {options.body} bytes"
        return phase("catch-up", about, before, after, messages=waiting, seconds=seconds)


async def idle_sockets(bench: Bench) -> Phase:
    """Memory that idle sockets take in their node."""
    if bench.data is None:
        raise OperatorError("Idle sockets are measured for a relay on this machine only.")
    url, count = bench.urls[0], bench.options.sockets
    accounts = [Account(url) for _ in range(FIRST_SOCKETS + count)]
    await in_groups(PREPARED_AT_ONCE, [lambda a=a: a.register(bench.http) for a in accounts])  # type: ignore[misc]
    lines: list[Line] = []

    async def connect(account: Account) -> None:
        lines.append(await Line.open(url, account.token, lambda _envelopes: None))

    def connecting(some: list[Account]) -> list[Callable[[], Awaitable[None]]]:
        return [lambda a=a: connect(a) for a in some]  # type: ignore[misc]

    await in_groups(PREPARED_AT_ONCE, connecting(accounts[:FIRST_SOCKETS]))
    await asyncio.sleep(SETTLING_SECONDS)
    node = psutil.Process(pid_of(bench.data, "node-0"))
    before, own = await Standing.of(bench.data), node.memory_full_info().uss
    await in_groups(PREPARED_AT_ONCE, connecting(accounts[FIRST_SOCKETS:]))
    await asyncio.sleep(SETTLING_SECONDS)
    kib = (node.memory_full_info().uss - own) / 1024 / count
    after = await Standing.of(bench.data)
    for line in lines:
        await line.close()
    return phase(
        "idle sockets", f"{count} sockets after the first {FIRST_SOCKETS}", before, after, kib_per_socket=kib
    )


async def two_nodes(bench: Bench) -> Phase:
    """The closed loop where every message crosses from one node to the other."""
    return await closed_loop(bench, "two nodes")


PHASES: Final[dict[str, Callable[[Bench], Awaitable[Phase]]]] = {
    "sockets": idle_sockets,
    "idle": idle,
    "open": open_loop,
    "closed": closed_loop,
    "devices": several_devices,
    "catch-up": catch_up,
    "two-nodes": two_nodes,
}
TWO_NODES: Final = "two-nodes"
"""The one phase that needs a relay of two nodes."""
