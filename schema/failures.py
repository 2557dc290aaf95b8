"""Errors of the servers: which mean that one is away, whose fault an error is, which right is missing.

An entry is blamed only when the servers themselves are well: a table that is missing, or a server that is
away, full or read-only, would fail every entry alike, and must never empty the log into the quarantine.
"""

import re
import time
from typing import Final

import psycopg
import structlog
from psycopg_pool import PoolClosed, PoolTimeout
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = structlog.get_logger(__name__)

DATABASE_AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
)
"""The database does not answer, or is a standby, which takes no writes."""
NO_ANSWER: Final = (
    *DATABASE_AWAY,
    RedisConnectionError,
    RedisTimeoutError,
    RedisClusterException,
    TimeoutError,
)
"""Log, board or database do not answer. No statement of ours is at fault."""
AWAY: Final = (*NO_ANSWER, RedisError, OSError, psycopg.Error, PoolClosed)
"""Log, board or database do not answer, or refuse: full, read-only, not migrated, a right is missing."""
_OF_THE_ROW: Final = (psycopg.DataError, psycopg.IntegrityError)
_COMMAND: Final = re.compile(r"has no permissions to run the '([\w|-]+)' command")
_KEY: Final = re.compile(r"o permissions to access (?:a|one of the) key")
_SEE: Final = "(ops/roles.md)"
NOTED_EVERY_SECONDS: Final = 60.0
_noted: dict[str, float] = {}


def is_the_entrys(error: Exception) -> bool:
    """Whether the same batch would fail again with every server well."""
    if isinstance(error, ResponseError):
        return str(error).startswith("user_function:")  # our own function stumbled over its arguments
    if isinstance(error, AWAY):
        return isinstance(error, _OF_THE_ROW)
    return True


def slug(error: Exception) -> str:
    """What a log line may say of `error`: the right that is missing, else its type, the SQLSTATE or the
    server's error code."""
    if (words := lacking(error)) is not None:
        return words
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"{type(error).__name__} {error.sqlstate}"
    if isinstance(error, ResponseError):
        return f"{type(error).__name__} {str(error).split(' ', 1)[0][:32]}"
    return type(error).__name__


def lacking(error: BaseException) -> str | None:
    """None for an error of another kind."""
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"its role lacks a right, {error.diag.message_primary or 'unknown which'} {_SEE}"
        case ResponseError() if found := _COMMAND.search(str(error)):
            return f"its user may not call {found[1].replace('|', ' ').upper()} {_SEE}"
        case ResponseError() if _KEY.search(str(error)):
            return f"its user may not do that with the key {_SEE}"
        case NoPermissionError():
            return f"its user lacks a right {_SEE}"
        case _:
            return None


def note_lacking(error: BaseException) -> None:
    """Logs the right that is missing, if `error` says one, once a minute: calls repeat."""
    words, now = lacking(error), time.monotonic()
    if words is not None and now - _noted.get(words, now - NOTED_EVERY_SECONDS) >= NOTED_EVERY_SECONDS:
        _noted[words] = now
        log.error("right_missing", reason=words)
