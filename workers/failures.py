"""Whose fault a failure is: the servers' (wait and try again) or the entry's (set it aside).

An entry is blamed only when the servers themselves are well: a table that is missing, a server that is
away, full or read-only would fail every entry alike, and must never empty the log into the quarantine.
"""

from typing import Final

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from schema.lacking import lacking

AWAY: Final = (
    RedisError,
    RedisClusterException,
    OSError,
    TimeoutError,
    psycopg.Error,
    PoolTimeout,
    PoolClosed,
)
"""What the log, the board and the database raise."""
_OF_THE_ROW: Final = (psycopg.DataError, psycopg.IntegrityError)


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
