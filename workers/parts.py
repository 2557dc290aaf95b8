"""What a worker is made of; its bootstrap opens and closes all of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg_pool import AsyncConnectionPool

from schema.settings import Settings


@dataclass(frozen=True)
class Parts:
    """`connect` opens one more client of the log (a blocking read needs its own connection); `worker` is
    this process's name among the consumers and on the leases."""

    settings: Settings
    worker: str
    partitions: int
    log: Any
    board: Any
    connect: Callable[[], Any]
    database: "AsyncConnectionPool[Any]"
