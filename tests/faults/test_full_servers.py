"""The log's memory, the board's memory, the log's disk: full, under traffic. What cannot be kept is refused
before it is accepted, what was accepted is kept, and with room again everything goes on."""

import sys
from dataclasses import replace
from typing import Any

from ops.child import Program
from tests.support.house import House
from tests.support.stack import frozen
from tests.support.until import until

MIB = 1024 * 1024
BODY = 2000
_LIMITED = (
    "import os, resource, signal, sys\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)


async def test_a_log_that_fills_up_refuses_sends_before_its_server_has_to(house: House) -> None:
    """Retention stands still: it would make room by trimming what all have read."""
    with frozen(house.stack.pid("retention")):
        async with (
            house.client("log") as log,
            house.crowd(*[house.url()] * 4) as crowd,
            crowd.connected(),
            crowd.writing(pause=0.02, size=BODY),
        ):
            (room,) = (await log.config_get("maxmemory")).values()
            out_of_memory = await refused_by(log)
            used = (await log.info("memory"))["used_memory"]
            await log.config_set("maxmemory", int((used + MIB) / 0.8))
            await until(crowd.codes, seconds=60)
            assert set(crowd.codes()) == {"unavailable"}
            assert await refused_by(log) == out_of_memory, "it was the node that refused, in time"
            await log.config_set("maxmemory", room)
            await crowd.goes_on()
            await log.config_set("maxmemory", MIB)  # full at once, before the node has looked
            await crowd.is_refused()
            await log.config_set("maxmemory", room)
            await crowd.goes_on()
            assert set(crowd.codes()) == {"unavailable"}
            assert await refused_by(log) > out_of_memory


async def test_without_memory_on_the_board_sends_and_connections_are_refused(house: House) -> None:
    async with (
        house.client("board") as board,
        house.crowd(*[house.url()] * 4) as crowd,
        crowd.connected(but=1),
        crowd.writing(pause=0.02, writers=3),
    ):
        (room,) = (await board.config_get("maxmemory")).values()
        await crowd.goes_on()
        await board.config_set("maxmemory", 1)
        await crowd.is_refused()
        late = crowd.chatters[-1]
        crowd.join(late)
        await until(lambda: late.refusals["unavailable"], seconds=30)
        await board.config_set("maxmemory", room)
        await crowd.goes_on()
        await late.online.wait()
        assert set(crowd.codes()) == set(late.refusals) == {"unavailable"}


async def test_without_room_on_its_disk_the_log_ends_and_keeps_what_was_accepted(house: House) -> None:
    async with (
        house.crowd(*[house.url()] * 4) as crowd,
        crowd.connected(),
        crowd.writing(pause=0.02, size=BODY),
    ):
        await crowd.goes_on()
        await house.kill("log")
        files = house.servers.places.data.glob("log/appendonlydir/*.aof")
        before, longest = crowd.accepted(), max(path.stat().st_size for path in files)
        for more in (200_000, 220_000):  # its supervisor starts it again, and it ends again
            house.servers.start_missing(log=limited(house.servers.program("log"), longest + more))
            await until(lambda: not house.servers.runs("log"), seconds=60)
            await crowd.is_refused()
        assert crowd.accepted() > before + 20
        await house.revive()
        await crowd.goes_on()
    said = house.servers.places.log_file("log").read_text()
    assert said.count("Can't recover from AOF write error") == 2
    assert set(crowd.codes()) == {"unavailable"}


def limited(program: Program, file_bytes: int) -> Program:
    """The program, which may write no longer file: to it the disk is full (EFBIG in place of ENOSPC)."""
    return replace(program, argv=(sys.executable, "-c", _LIMITED, str(file_bytes), *program.argv))


async def refused_by(server: Any) -> int:
    """How often the server itself refused for want of memory."""
    told = (await server.info("errorstats")).get("errorstat_OOM", {"count": 0})
    return int(told["count"])
