"""The settings that the log's server needs, so that an answer means "on disk" and nothing is lost.

Invariant: `faults` is empty only for a server that reports every setting of `WANTED` as in force. A
setting that the server does not report is a fault: nobody knows whether the promise holds. `faults` is pure;
`in_force` reads from a client that is given.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import structlog
from redis.exceptions import ResponseError

from schema import primaries
from schema.log_identity import LogUnfit

log = structlog.get_logger(__name__)


class LogUnsafe(LogUnfit):
    """The log can lose accepted messages; the text is a sentence that names each setting."""


class Wanted(msgspec.Struct, frozen=True):
    """A setting, its value, what another value leads to; `is_durability`: it can lose messages."""

    name: str
    value: str
    otherwise: str
    is_durability: bool = True


class Fault(msgspec.Struct, frozen=True):
    """A setting with another value than `wanted`; `found` is None where the server does not report it."""

    server: str
    name: str
    found: str | None
    wanted: str
    otherwise: str
    is_durability: bool


WANTED: Final = (
    Wanted("role", "master", "a replica accepts no writes"),
    Wanted("appendonly", "yes", "a restart loses every message that waits"),
    Wanted("appendfsync", "always", "a loss of power loses messages that were answered `accepted`"),
    Wanted("no-appendfsync-on-rewrite", "no", "a loss of power during a rewrite loses accepted messages"),
    Wanted("maxmemory-policy", "noeviction", "a full server deletes messages and directories"),
    Wanted("aof-use-rdb-preamble", "no", "expired ciphertext stays on the disk", is_durability=False),
    Wanted("stream-node-max-bytes", "4096", "expired ciphertext stays in memory", is_durability=False),
)
SETTINGS: Final = tuple(wanted.name for wanted in WANTED if wanted.name != "role")


def faults(found: Mapping[str, Mapping[str, str]]) -> list[Fault]:
    """The faults of each server of `found` (server → setting → value), in the order of WANTED."""
    return [
        Fault(
            server, wanted.name, values.get(wanted.name), wanted.value, wanted.otherwise, wanted.is_durability
        )
        for server, values in found.items()
        for wanted in WANTED
        if values.get(wanted.name) != wanted.value
    ]


async def check(log_client: Any, *, unsafe_is_taken: bool) -> list[str]:
    """What can lose accepted messages, in words; empty for a log that loses nothing.

    Raises LogUnsafe for any such fault unless `unsafe_is_taken`, and the client library's errors.
    """
    words = in_words(fault for fault in faults(await in_force(log_client)) if fault.is_durability)
    if not words:
        return []
    if not unsafe_is_taken:
        raise LogUnsafe(
            f"The log can lose accepted messages: {'; '.join(words)}. Configure it as the runbook says, or "
            "accept the loss with SEALSTREAM_LOG_UNSAFE=1."
        )
    log.error("log_unsafe", faults=words, setting="SEALSTREAM_LOG_UNSAFE")
    return words


def in_words(found: Iterable[Fault]) -> list[str]:
    """One clause for each fault."""

    def clause(fault: Fault) -> str:
        at = f" on {fault.server}" if fault.server else ""
        return f"{fault.name}{at} is {fault.found or 'not readable'}, not {fault.wanted} ({fault.otherwise})"

    return [clause(fault) for fault in found]


async def in_force(log_client: Any) -> dict[str, dict[str, str]]:
    """The settings in force, by server (a cluster's primaries). Where CONFIG is forbidden, INFO tells some.

    Raises the client library's errors when the log is away.
    """
    informed = await primaries.on_each(log_client, "INFO")
    try:
        configured = await primaries.on_each(log_client, "CONFIG GET", *SETTINGS)
    except ResponseError:  # a managed server, or a user without the right
        configured = {}
    return {
        server: {**_by_info(info), **configured.get(server, {})} for server, info in sorted(informed.items())
    }


def _by_info(info: Mapping[str, Any]) -> dict[str, str]:
    return {
        "role": str(info["role"]),
        "appendonly": "yes" if info["aof_enabled"] else "no",
        "maxmemory-policy": str(info["maxmemory_policy"]),
    }
