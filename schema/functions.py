"""Server-side functions (Valkey/Redis FUNCTION): one Lua file per function, beside its wrapper.

A package keeps them in its `lua/` folder; the file `NAME.lua` defines the library and the function
`sealstream_NAME`. A line `--#include PART` is replaced by `schema/lua/PART.lua`, so that functions
of both packages share what they must agree on.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

INCLUDE = "--#include "


@cache
def source(package: str, name: str) -> str:
    """The Lua text of one function of `package`, its header and includes in place."""
    text = files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")
    body = "\n".join(_included(line) for line in text.splitlines())
    return f"#!lua name=sealstream_{name}\n{body}\n"


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
    """Loads every function of `package` on the server (on every primary of a cluster)."""
    loads = [("FUNCTION LOAD", "REPLACE", source(package, name)) for name in names(package)]
    if isinstance(client, RedisCluster):
        for load in loads:
            await client.execute_command(*load, target_nodes=RedisCluster.PRIMARIES)
        return
    async with client.pipeline(transaction=False) as pipeline:
        for load in loads:
            pipeline.execute_command(*load)
        await pipeline.execute()


async def call(
    client: "Redis | RedisCluster", package: str, name: str, keys: list[str], args: list[Any]
) -> Any:
    """The reply of `sealstream_NAME`; a server that lost its functions gets them again first."""
    try:
        return await client.fcall(f"sealstream_{name}", len(keys), *keys, *args)
    except ResponseError as error:
        if not is_missing(error):
            raise
    await install(client, package)
    return await client.fcall(f"sealstream_{name}", len(keys), *keys, *args)


def is_missing(error: Exception) -> bool:
    """Whether the server answered that it does not know the function."""
    return "Function not found" in str(error)


def _included(line: str) -> str:
    if not line.startswith(INCLUDE):
        return line
    part = line.removeprefix(INCLUDE).strip()
    return files("schema").joinpath("lua", f"{part}.lua").read_text("utf-8")
