"""What each role may do with each key of the log and the board (`schema.keys` says what they hold).

- A function runs with its caller's rights: every role may call every function, each command in it is checked.
- An access list cannot tell one event from another. Of the roles that append to a partition's log, a node
  appends envelopes, retention appends what expired, the operator appends closed devices and deleted accounts.
- The first start proposes log id and number of partitions (SETNX). Only the administrator changes them.
- Only the administrator loads, deletes or replaces functions.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from schema import keys
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

LOG: Final = keys.LOG
BOARD: Final = keys.BOARD

READ: Final = "read"
ENTRIES: Final = "entries"
ENDS: Final = "ends"
PROPOSE: Final = "propose"
CHANGE: Final = "change"
DROP: Final = "drop"
APPEND: Final = "append"
CONSUME: Final = "consume"
TRIM: Final = "trim"

_ENDS: Final = ("exists", "xlen", "xinfo|stream", "xinfo|groups")
_ENTRIES: Final = (*_ENDS, "xinfo|consumers", "xpending", "xrange", "xread", "xrevrange")
_READ: Final = (
    "exists", "get", "pttl",
    "hexists", "hget", "hgetall", "hkeys", "hmget",
    "lindex", "llen", "lrange",
    "scard", "sismember", "smembers", "srandmember",
    "zcard", "zcount", "zrange", "zrangebyscore", "zscore",
)  # fmt: skip
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    READ: _READ,
    ENDS: _ENDS,
    ENTRIES: _ENTRIES,
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
        *_ENTRIES, "xack", "xclaim", "xreadgroup", "xgroup|create", "xgroup|delconsumer", "xgroup|setid",
    ),
    TRIM: ("xdel", "xtrim"),
}  # fmt: skip
"""Every access to a key, and its commands. Of streams are `ends`, `entries`, `append`, `consume`, `trim`."""
_READING: Final = frozenset({READ, ENDS, ENTRIES})

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
        "{*}:seen:*": {NODE: CHANGE},
        "{*}:user:*": {NODE: CHANGE, RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:owed:*": {NODE: CHANGE, RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "{*}:log": {
            NODE: f"{ENTRIES} {APPEND}", PROJECTOR: CONSUME, PUSHER: CONSUME,
            RETENTION: f"{ENTRIES} {APPEND} {TRIM}", RATE_LIMITER: ENDS, AUDITOR: ENTRIES,
            OPERATOR: f"{ENTRIES} {APPEND}",
        },
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
            PROJECTOR: APPEND, PUSHER: APPEND, RETENTION: f"{ENTRIES} {TRIM}", AUDITOR: ENTRIES,
            OPERATOR: f"{ENTRIES} {TRIM}",
        },
        "{*}:dropped": {RETENTION: CHANGE, AUDITOR: READ, OPERATOR: CHANGE},
        "limits:log": {
            NODE: APPEND, RATE_LIMITER: f"{CONSUME} {TRIM}", AUDITOR: ENTRIES,
            OPERATOR: f"{ENTRIES} {APPEND}",
        },
        "limits:quarantine": {
            RATE_LIMITER: APPEND, RETENTION: f"{ENTRIES} {TRIM}", AUDITOR: ENTRIES,
            OPERATOR: f"{ENTRIES} {TRIM}",
        },
    },
    BOARD: {
        "{board}:nodes": {
            NODE: CHANGE, PUSHER: READ, RETENTION: CHANGE, RATE_LIMITER: READ, OPERATOR: READ,
        },
        "{board}:lives": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:serving": {NODE: CHANGE, PUSHER: READ, RETENTION: CHANGE},
        "{board}:dead": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:presence:*": {
            NODE: CHANGE, PUSHER: READ, RETENTION: CHANGE, RATE_LIMITER: READ, OPERATOR: READ,
        },
        "{board}:sockets:*": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:watch:*": {NODE: CHANGE, RETENTION: CHANGE},
        "{board}:inbox:*": {
            NODE: f"{ENTRIES} {APPEND} {TRIM} {CHANGE}", PUSHER: APPEND, RETENTION: f"{APPEND} {CHANGE}",
            RATE_LIMITER: APPEND, OPERATOR: APPEND,
        },
        "{board}:inbox-count:*": dict.fromkeys((NODE, PUSHER, RETENTION, RATE_LIMITER, OPERATOR), CHANGE),
        "limit:*": {NODE: CHANGE},
        "bucket:*": {NODE: CHANGE},
        "link:*": {NODE: CHANGE},
        "link-news": {NODE: f"{ENTRIES} {APPEND}"},
        "grant:*": {NODE: CHANGE},
        "cooldown:*": {NODE: READ, RATE_LIMITER: CHANGE},
        "override:*": {NODE: f"{READ} {DROP}", RATE_LIMITER: CHANGE, OPERATOR: CHANGE},
        "overrides": {RATE_LIMITER: CHANGE},
        "policy": {NODE: READ, RATE_LIMITER: CHANGE, OPERATOR: READ},
        "rewritten": {RETENTION: CHANGE},
        "strays-cleared": {RETENTION: CHANGE},
        **{f"{{{group}}}:leases": {group: CHANGE} for group in WORKERS},
        **{f"{{{group}}}:members": {group: CHANGE, OPERATOR: READ} for group in WORKERS},
    },
}  # fmt: skip
"""Server → pattern of keys → role → accesses. No key matches two patterns. A server looks in this order: what
a send needs comes first. Keys that one command takes together (`part`, `bury`) must share an access."""


class Permission(NamedTuple):
    """These commands, on keys of these patterns; one selector of an access list."""

    commands: tuple[str, ...]
    patterns: tuple[str, ...]
    reads_only: bool


def permissions(role: str, server: str) -> Iterator[Permission]:
    """One for each access: a command on several keys must find all of them in one."""
    by_access: dict[str, list[str]] = {}
    for pattern, cells in KEYS[server].items():
        for access in cells.get(role, "").split():
            by_access.setdefault(access, []).append(pattern)
    for access, patterns in by_access.items():
        yield Permission(COMMANDS[access], tuple(patterns), access in _READING)


def rules(role: str, server: str) -> list[str]:
    """The arguments of ACL SETUSER that give the role its rights, and only those.

    The first permission is the user's own, which is looked at before all selectors.
    """
    if role == ADMIN:
        return ["on", "allkeys", "allchannels", "+@all"]
    always = [f"+{command}" for command in (*ALWAYS, *FURTHER[server].get(role, ()))]
    own, *others = [_words(one) for one in permissions(role, server)] or [()]
    selectors = [f"({' '.join(words)})" for words in (("~*", "+fcall"), *others)]
    return ["on", "resetkeys", "resetchannels", "-@all", *always, *own, *selectors]


def _words(one: Permission) -> tuple[str, ...]:
    sign = "%R~" if one.reads_only else "~"
    return (*(f"{sign}{name}" for name in one.patterns), *(f"+{name}" for name in one.commands))


def access_list(server: str, password_hashes: dict[str, str] | None = None) -> list[str]:
    """The lines of an aclfile: a user per role, the administrator's included. A role whose password has no
    hash (SHA-256, in hex) lets nobody in. The default user is off."""
    hashes = password_hashes or {}
    lines = ["user default reset off"]
    for role in (ADMIN, *ROLES):
        password = [f"#{hashes[role]}"] if role in hashes else []
        lines.append(" ".join(("user", on_valkey(role), *rules(role, server), *password)))
    return lines
