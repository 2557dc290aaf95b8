"""Reading the servers' side of a run for the checker: the whole log, the directory, the tables."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from schema import codec, keys, servers
from schema.positions import Position
from tests.support.checker import Evidence, Logged, Numbers
from tests.support.history import Device
from tests.support.until import until
from tests.workers.oracle import projected


async def ends(log_url: str, partitions: int) -> dict[int, str]:
    """The position of the newest entry, of each partition that has had one."""
    found: dict[int, str] = {}
    async with servers.client(log_url) as client:
        for partition in range(partitions):
            if await client.exists(keys.log(partition)):
                stream = await client.xinfo_stream(keys.log(partition))
                if stream["last-generated-id"] != b"0-0":
                    found[partition] = stream["last-generated-id"].decode()
    return found


async def gather(
    log_url: str,
    database_url: str,
    partitions: int,
    *,
    seconds: float = 30.0,
    since: Mapping[int, str] | None = None,
    users: set[UUID] | None = None,
) -> Evidence:
    """Waits until every group has read and acknowledged the whole log, then reads everything, or only what
    is after the positions `since` and about these `users`. What does not come to rest in `seconds` is
    `loose`."""
    after = since or {}
    trimmed: list[str] = []
    async with servers.client(log_url) as client:
        loose: list[str] = []

        async def at_rest() -> bool:
            loose[:] = [text for p in range(partitions) for text in await _loose(client, p)]
            return not loose

        with suppress(TimeoutError):  # `loose` says what is left
            await until(at_rest, seconds=seconds)
        for partition, position in after.items():
            first = (await client.xinfo_stream(keys.log(partition)))["first-entry"]
            if first is None or Position.parse(first[0]) > Position.parse(position):
                trimmed.append(f"{keys.log(partition)}: entries after {position} were trimmed")
        log = [
            entry
            for p in range(partitions)
            for entry in await _log(client, p, after.get(p))
            if users is None or entry.event.user in users
        ]
        directory: dict[Device, Numbers] = {}
        for partition in range(partitions):
            directory |= await _directory(client, partition)
    if users is not None:
        directory = {device: numbers for device, numbers in directory.items() if device[0] in users}
    found = list({entry.event.user for entry in log})
    return Evidence(log, projected(database_url, found), directory, [*trimmed, *loose])


async def _log(client: Any, partition: int, after: str | None) -> list[Logged]:
    rows = await client.xrange(keys.log(partition), f"({after}" if after else "-")
    return [
        Logged(partition, Position.parse(position), *codec.decode_entry(fields)) for position, fields in rows
    ]


async def _loose(client: Any, partition: int) -> list[str]:
    name = keys.log(partition)
    if not await client.exists(name):
        return []
    end = (await client.xinfo_stream(name))["last-generated-id"]
    groups = {group["name"].decode(): group for group in await client.xinfo_groups(name)}
    found = [f"{name}: there is no group {group}" for group in keys.LOG_GROUPS if group not in groups]
    for group, info in groups.items():
        if info["pending"]:
            found.append(f"{name}: {info['pending']} entries are pending for {group}")
        if info["last-delivered-id"] != end:
            found.append(f"{name}: {group} has not read everything")
    if aside := await client.xlen(keys.quarantine(partition)):
        found.append(f"{name}: {aside} entries are in quarantine")
    return found


async def _directory(client: Any, partition: int) -> dict[Device, Numbers]:
    found: dict[Device, Numbers] = {}
    prefix = keys.user(partition, "")  # type: ignore[arg-type]  # every user's
    async for name in client.scan_iter(match=f"{prefix}*", count=1000):
        fields = await client.hgetall(name)
        user = UUID(name.decode().removeprefix(prefix))
        for field in fields:
            if field[:1] == b"r":
                number = field[1:]
                head, cursor, floor = (int(fields.get(letter + number, 0)) for letter in (b"h", b"c", b"f"))
                found[user, int(number)] = (head, cursor, floor)
    return found
