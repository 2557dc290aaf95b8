"""The functions on log and board: this version's are installed, other versions' pruned.

Promise: no function is pruned that a connected process calls, unless the operator insists.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from schema import functions, primaries, servers
from schema.failures import AWAY

LOOKING_SECONDS: Final = 1.0
"""Between two looks at a server that may have come back empty."""
CALLS: Final = "fcall"
"""The last command of a connection without a name, if it belongs to a version from before names."""


class Pruned(msgspec.Struct, frozen=True):
    """`removed`: names of functions. `older`: how many connections of other versions kept them from being
    removed."""

    removed: tuple[str, ...] = ()
    older: int = 0


async def install(client: Any) -> None:
    """Every function of this version. Raises FunctionsMissing where the user of `client` may load none."""
    for package in functions.PACKAGES:
        await functions.install(client, package)


async def keep_installed(urls: Sequence[str]) -> None:
    """Never returns: servers that came back empty get the functions again."""
    await asyncio.gather(*map(_keep_installed, urls))


async def _keep_installed(url: str) -> None:
    client = servers.client(url)
    while True:
        with suppress(*AWAY):
            await install(client)
        await asyncio.sleep(LOOKING_SECONDS)


async def missing(client: Any) -> list[str]:
    """Functions of this version that a server lacks."""
    lists = await primaries.on_each(client, "FUNCTION LIST", "LIBRARYNAME", f"{functions.PREFIX}*")
    there = [functions.libraries(reply) for reply in lists.values()]
    return sorted(name for name in _present() if not all(name in names for names in there))


async def prune(client: Any, *, insists: bool) -> Pruned:
    """Removes functions of other versions. While a process of another version is connected, only if the
    operator `insists`."""
    older = await _older(client)
    if older and not insists:
        return Pruned(older=older)
    removed: set[str] = set()
    lists = await primaries.on_each(client, "FUNCTION LIST", "LIBRARYNAME", f"{functions.PREFIX}*")
    for name in sorted(set.union(*map(functions.libraries, lists.values())) - _present()):
        await primaries.on_each(client, "FUNCTION DELETE", name)
        removed.add(name)
    return Pruned(tuple(sorted(removed)))


async def _older(client: Any) -> int:
    lists = await primaries.on_each(client, "CLIENT LIST")
    return sum(_is_older(row) for rows in lists.values() for row in rows)


def _is_older(row: dict[str, str]) -> bool:
    name = row.get("name", "")
    if name.startswith(functions.CONNECTION_PREFIX):
        return name != functions.connection_name()
    return not name and row.get("cmd", "").partition("|")[0] == CALLS


def _present() -> set[str]:
    return {
        functions.called(package, name) for package in functions.PACKAGES for name in functions.names(package)
    }
