"""Waiting at the start for a server that is away: a clear line now and then, never a stack trace."""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    RedisClusterException,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

from schema.failures import AWAY, lacking
from schema.functions import FunctionsMissing
from schema.primaries import NotPrimary

T = TypeVar("T")
log = structlog.get_logger(__name__)

REFUSES_LOGIN: Final = "it refuses the user or password"
WANTS_LOGIN: Final = "it asks for a password"
NO_CLUSTER: Final = "it is no cluster; leave ?cluster=true away"
A_CLUSTER: Final = "it belongs to a cluster; add ?cluster=true"
NO_PEM: Final = "TLS: a file that its address names has no certificate or key, in PEM, for its purpose"
NOT_MENDED_BY_WAITING: Final = (REFUSES_LOGIN, WANTS_LOGIN, NO_CLUSTER)

ASKING: Final = ("HELLO must be called", "Authentication required")
_KINDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (NotPrimary, "it is a replica"),
    (psycopg.errors.ReadOnlySqlTransaction, "it is a standby, or takes no writes"),
    (BusyLoadingError, "it still loads its data"),
    (FunctionsMissing, "its functions are not there yet: sealstream migrate"),
    (MovedError, A_CLUSTER),
    (ClusterDownError, "the cluster is down"),
    (socket.gaierror, "its host name is unknown"),
    (psycopg.errors.UndefinedTable, "its tables are not there yet: sealstream migrate"),
    (RedisTimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (PoolTimeout, "no connection in time"),
)


async def until_there(server: str, attempt: Callable[[], Awaitable[T]], *, pause_seconds: float = 0.5) -> T:
    """The result of `attempt` once the server answers; says which server it waits for, and why."""
    tries = 0
    while True:
        try:
            return await attempt()
        except AWAY as error:
            if tries % 10 == 0:
                log.warning("waiting_for_server", server=server, why=why(error))
            tries += 1
            await asyncio.sleep(pause_seconds)


def why(error: BaseException) -> str:
    """Why a server is away, in words of ours: the libraries' own name addresses and users."""
    for one in _causes(error):
        words = _why(one)
        if words is not None:
            return words
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, the outermost first."""
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _why(error: BaseException) -> str | None:
    for kind, words in _KINDS:
        if isinstance(error, kind):
            return words
    if (right := lacking(error)) is not None:
        return right
    match error:
        case AuthenticationError():
            asks = any(words in str(error) for words in ASKING)
            return WANTS_LOGIN if asks else REFUSES_LOGIN
        case RedisClusterException():
            return _why_not_a_cluster(str(error))
        case ResponseError():
            return _answered(str(error))
        case ssl.SSLError(reason=str(reason)):
            return f"TLS: {reason}"
        case ssl.SSLError():
            return NO_PEM
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return None


def _why_not_a_cluster(text: str) -> str | None:
    if "Cluster mode is not enabled" in text:
        return NO_CLUSTER
    if "slots are not covered" in text:
        return "the cluster does not serve every slot"
    return None  # what it came from says more


def _answered(text: str) -> str | None:
    if text.startswith("WRONGPASS"):
        return REFUSES_LOGIN
    if text.startswith("NOAUTH"):
        return WANTS_LOGIN
    if text.startswith("DB index"):
        return "it has no database of that number"
    code = text.split(" ", 1)[0]
    return f"it answers {code[:32]}" if code.isupper() else None
