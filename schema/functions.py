"""Server-side functions (Valkey/Redis FUNCTION): one Lua file per function, beside its wrapper.

A package keeps them in its `lua/` folder; the file `NAME.lua` defines the function `sealstream_NAME`. Nodes
and workers call those of `schema`. A line `--#include PART` is replaced by `schema/lua/parts/PART.lua`: so
functions share what they must agree on.

Invariant: on the server a function's name ends with a digest of its text, and each process calls its own. So
processes of two versions run side by side, whichever of them loads its functions last.

Where processes have users of their own, none of them may load functions: `sealstream migrate` does it. Older
versions' functions stay until `sealstream migrate --prune`.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoPermissionError, ResponseError

from schema import primaries

INCLUDE: Final = "--#include "
DIGITS: Final = 16
"""Of the digest in a function's name."""
PREFIX: Final = "sealstream_"
CONNECTION_PREFIX: Final = "sealstream-"
SHARED: Final = "schema"
PACKAGES: Final = (SHARED, "relay", "workers")
"""Those that bring functions for servers."""


class FunctionsMissing(NoPermissionError):
    """The server lacks functions of this version, and this process may not load them."""


@cache
def source(package: str, name: str) -> str:
    """The library of one function of `package`: its header, its includes and its name in place."""
    own = called(package, name)
    return f"#!lua name={own}\n{_text(package, name).replace(_registered(name), _quoted(own))}\n"


@cache
def called(package: str, name: str) -> str:
    """The name of the function on the server, and of its library."""
    digest = sha256(_text(package, name).encode()).hexdigest()
    return f"{PREFIX}{name}_{digest[:DIGITS]}"


@cache
def version() -> str:
    """A digest of every function of this version. Connections carry it in their name, so that it is known
    which versions' processes are connected."""
    own = "\n".join(called(package, name) for package in PACKAGES for name in names(package))
    return sha256(own.encode()).hexdigest()[:DIGITS]


@cache
def connection_name() -> str:
    """The name of each connection to log and board."""
    return f"{CONNECTION_PREFIX}{version()}"


def _text(package: str, name: str) -> str:
    text = files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")
    body = "\n".join(_included(line) for line in text.splitlines())
    if body.count(_registered(name)) != 1:
        raise ValueError(f"{package}/lua/{name}.lua does not register 'sealstream_{name}' once")
    return body


def _registered(name: str) -> str:
    return _quoted(f"{PREFIX}{name}")


def _quoted(text: str) -> str:
    return f"'{text}'"


@cache
def names(package: str) -> tuple[str, ...]:
    """The functions that `package` brings."""
    return tuple(
        sorted(
            entry.name.removesuffix(".lua")
            for entry in files(package).joinpath("lua").iterdir()
            if entry.name.endswith(".lua")
        )
    )


async def install(client: "Redis | RedisCluster", package: str) -> None:
    """The server has every function that `package` calls from now on (every primary of a cluster). Raises
    FunctionsMissing."""
    lists = await primaries.on_each(client, "FUNCTION LIST", "LIBRARYNAME", f"{PREFIX}*")
    there = set.intersection(*(libraries(reply) for reply in lists.values()))
    loads = [
        ("FUNCTION LOAD", "REPLACE", source(owner, name))
        for owner in {SHARED, package}
        for name in names(owner)
        if called(owner, name) not in there
    ]
    try:
        for load in loads:
            await primaries.on_each(client, *load)
    except NoPermissionError as error:
        raise FunctionsMissing("functions of this version are missing, and this user loads none") from error


def libraries(reply: Any) -> set[str]:
    """The names in the reply to FUNCTION LIST, in RESP 2 or 3."""
    found = (row if isinstance(row, dict) else dict(zip(row[::2], row[1::2], strict=True)) for row in reply)
    return {row[b"library_name"].decode() for row in found}


async def call(
    client: "Redis | RedisCluster", package: str, name: str, keys: list[str], args: list[Any]
) -> Any:
    """The function's reply; a server that lost its functions gets them again first."""
    own = called(package, name)
    try:
        return await client.fcall(own, len(keys), *keys, *args)
    except ResponseError as error:
        if not is_missing(error):
            raise
    await install(client, package)
    return await client.fcall(own, len(keys), *keys, *args)


async def call_lean(
    execute: Callable[..., Awaitable[Any]],
    install: Callable[[], Awaitable[None]],
    package: str,
    name: str,
    keys: list[str],
    args: list[Any],
) -> Any:
    """As `call`, over a connection of `schema.link`; `install` gives the server the functions it lost."""
    command = ("FCALL", called(package, name), len(keys), *keys, *args)
    try:
        return await execute(*command)
    except ResponseError as error:
        if not is_missing(error):
            raise
    await install()
    return await execute(*command)


def is_missing(error: Exception) -> bool:
    """Whether the server answered that it does not know the function."""
    return "Function not found" in str(error)


def _included(line: str) -> str:
    if not line.startswith(INCLUDE):
        return line
    part = line.removeprefix(INCLUDE).strip()
    return files("schema").joinpath("lua", "parts", f"{part}.lua").read_text("utf-8")
