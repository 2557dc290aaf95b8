"""What each role may do with each key of the log and the board (`schema.keys` says what they hold).

- A function runs with its caller's rights: every role may call every function, each command in it is checked.
- An access list cannot tell one event from another. Of the roles that append to a partition's log, a node
  appends envelopes, retention appends what expired, the operator appends closed devices and deleted accounts.
- The first start proposes log id and number of partitions (SETNX). Only the administrator changes them.
- Only the administrator loads, deletes or replaces functions.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from schema.roles import (
    ADMIN,
    AUDITOR,
    NODE,
    OPERATOR,
    PROJECTOR,
    PUSHER,
    RATE_LIMITER,
    RETENTION,
    ROLES,
    WORKERS,
    on_valkey,
)

LOG: Final = "log"
BOARD: Final = "board"

READ: Final = "read"
ENDS: Final = "ends"
PROPOSE: Final = "propose"
CHANGE: Final = "change"
DROP: Final = "drop"
APPEND: Final = "append"
CONSUME: Final = "consume"
TRIM: Final = "trim"
LOCK: Final = "lock"

_ENDS: Final = ("exists", "xlen", "xinfo|stream", "xinfo|groups")
_READ: Final = (
    *_ENDS, "xinfo|consumers", "xpending", "xrange", "xread", "xrevrange",
    "get", "pttl",
    "hexists", "hget", "hgetall", "hkeys", "hmget",
    "lindex", "llen", "lrange",
    "scard", "sismember", "smembers", "srandmember",
    "zcard", "zcount", "zrange", "zrangebyscore", "zscore",
)  # fmt: skip
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    ENDS: _ENDS,
    READ: _READ,
    PROPOSE: ("setnx",),
    CHANGE: (
        *_READ, "del", "expire", "incr", "pexpire", "set", "unlink",
        "hdel", "hincrby", "hset", "hsetnx",
        "lpop", "rpush",
        "sadd", "srem",
        "zadd", "zrem", "zremrangebyscore",
    ),
    DROP: ("del",),
    APPEND: ("xadd",),
    CONSUME: (
        *_READ, "xack", "xautoclaim", "xreadgroup", "xgroup|create", "xgroup|delconsumer", "xgroup|setid",
    ),
    TRIM: ("xdel", "xtrim"),
    LOCK: ("del", "evalsha", "get", "pexpire", "pttl", "script|load", "set"),
}  # fmt: skip
"""Every access to a key, and its commands."""
_READING: Final = frozenset({READ, ENDS})

ALWAYS: Final = (
    "asking", "client|setinfo", "client|setname", "cluster|nodes", "cluster|shards", "cluster|slots",
    "command", "function|list", "info", "ping", "select", "time",
)  # fmt: skip
"""Every role, on both servers. AUTH and HELLO need no right."""
FURTHER: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    LOG: {
        **dict.fromkeys((NODE, *WORKERS), ("config|get",)),
        RETENTION: ("config|get", "bgrewriteaof"),
        AUDITOR: ("multi", "exec"),
        OPERATOR: ("config|get", "acl|dryrun"),
    },
    BOARD: {RETENTION: ("scan",), RATE_LIMITER: ("scan",), OPERATOR: ("acl|dryrun",)},
}
"""Commands without a key, of single roles."""

_ALL: Final = (NODE, *WORKERS, AUDITOR, OPERATOR)
_SETTLE: Final = {**dict.fromkeys((NODE, *WORKERS), f"{READ} {PROPOSE}"), AUDITOR: READ, OPERATOR: READ}

KEYS: Final[dict[str, dict[str, dict[str, str]]]] = {
    LOG: {
        "{*}:log": {
            NODE: f"{READ} {APPEND}", PROJECTOR: CONSUME, PUSHER: CONSUME,
            RETENTION: f"{READ} {APPEND} {TRIM}", RATE_LIMITER: ENDS, AUDITOR: READ,
            OPERATOR: f"{READ} {APPEND}",
        },
        "{*}:user:*": {NODE: CHANGE, RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:owed:*": {NODE: CHANGE, RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:seen:*": {NODE: CHANGE},
        "{*}:closed:*": {NODE: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:taken": {NODE: CHANGE, RETENTION: CHANGE, AUDITOR: READ},
        "{*}:taken:*": {NODE: READ},
        "{*}:deleted": {NODE: CHANGE, RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:log-id": _SETTLE,
        "sealstream:partitions": _SETTLE,
        "sealstream:repair": dict.fromkeys(_ALL, READ),
        "{*}:trimmed": {**dict.fromkeys(_ALL, READ), RETENTION: CHANGE},
        "{*}:log-gaps": {RETENTION: READ, AUDITOR: READ, OPERATOR: READ},
        "{*}:quarantine": {
            PROJECTOR: APPEND, PUSHER: APPEND, RETENTION: f"{READ} {TRIM}", AUDITOR: READ,
            OPERATOR: f"{READ} {TRIM}",
        },
        "{*}:dropped": {RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:attempt:projector": {PROJECTOR: CHANGE},
        "{*}:attempt:pusher": {PUSHER: CHANGE},
        "limits:log": {
            NODE: APPEND, RATE_LIMITER: f"{CONSUME} {TRIM}", AUDITOR: READ, OPERATOR: f"{READ} {APPEND}",
        },
        "limits:quarantine": {
            RATE_LIMITER: APPEND, RETENTION: f"{READ} {TRIM}", AUDITOR: READ, OPERATOR: f"{READ} {TRIM}",
        },
        "limits:attempt": {RATE_LIMITER: CHANGE},
    },
    BOARD: {
        "{board}:nodes": {
            NODE: CHANGE, PUSHER: READ, RETENTION: CHANGE, RATE_LIMITER: READ, OPERATOR: READ,
        },
        "{board}:lives": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:dead": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:presence:*": {
            NODE: CHANGE, PUSHER: READ, RETENTION: CHANGE, RATE_LIMITER: READ, OPERATOR: READ,
        },
        "{board}:sockets:*": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:watch:*": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:inbox:*": {
            NODE: f"{CHANGE} {APPEND} {TRIM}", PUSHER: APPEND, RETENTION: f"{CHANGE} {APPEND}",
            RATE_LIMITER: APPEND, OPERATOR: APPEND,
        },
        "{board}:inbox-count:*": dict.fromkeys((NODE, PUSHER, RETENTION, RATE_LIMITER, OPERATOR), CHANGE),
        "limit:*": {NODE: CHANGE},
        "bucket:*": {NODE: CHANGE},
        "cooldown:*": {NODE: READ, RATE_LIMITER: CHANGE},
        "override:*": {NODE: f"{READ} {DROP}", RATE_LIMITER: CHANGE, OPERATOR: CHANGE},
        "overrides": {RATE_LIMITER: CHANGE},
        "policy": {NODE: READ, RATE_LIMITER: CHANGE, OPERATOR: READ},
        "rewritten": {RETENTION: CHANGE},
        **{f"lease:{group}:*": {group: LOCK} for group in WORKERS},
        **{f"members:{group}": {group: CHANGE, OPERATOR: READ} for group in WORKERS},
    },
}  # fmt: skip
"""Server → pattern of keys → role → accesses. No key matches two patterns."""


class Permission(NamedTuple):
    """These commands, on keys of these patterns; one selector of an access list."""

    commands: tuple[str, ...]
    patterns: tuple[str, ...]
    reads_only: bool


def permissions(role: str, server: str) -> Iterator[Permission]:
    """Keys with the same accesses share a selector: each command is looked for in one after the other."""
    by_cell: dict[str, list[str]] = {}
    for pattern, cells in KEYS[server].items():
        if role in cells:
            by_cell.setdefault(cells[role], []).append(pattern)
    for cell, patterns in by_cell.items():
        accesses = cell.split()
        commands = dict.fromkeys(command for access in accesses for command in COMMANDS[access])
        yield Permission(tuple(commands), tuple(patterns), _READING.issuperset(accesses))


def rules(role: str, server: str) -> list[str]:
    """The arguments of ACL SETUSER that give the role its rights, and only those."""
    if role == ADMIN:
        return ["on", "allkeys", "allchannels", "+@all"]
    always = [f"+{command}" for command in (*ALWAYS, *FURTHER[server].get(role, ()))]
    selectors = [
        " ".join(
            (*(f"{'%R~' if one.reads_only else '~'}{pattern}" for pattern in one.patterns),
             *(f"+{command}" for command in one.commands))
        )
        for one in permissions(role, server)
    ]  # fmt: skip
    begin = ("on", "resetkeys", "resetchannels", "-@all", *always, "(~* +fcall)")
    return [*begin, *(f"({one})" for one in selectors)]


def access_list(server: str, password_hashes: dict[str, str] | None = None) -> list[str]:
    """The lines of an aclfile: a user per role, the administrator's included. A role whose password has no
    hash (SHA-256, in hex) lets nobody in. The default user is off."""
    hashes = password_hashes or {}
    lines = ["user default reset off"]
    for role in (ADMIN, *ROLES):
        password = [f"#{hashes[role]}"] if role in hashes else []
        lines.append(" ".join(("user", on_valkey(role), *rules(role, server), *password)))
    return lines
