"""The state of every consumer group on every stream, read from the log without changing anything.

Promise: no read blocks the log for long; everything is paged, and no ciphertext is kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from redis.exceptions import ResponseError

from schema import keys, primaries
from schema.positions import Position
from workers import quarantine
from workers.batches import Source
from workers.sources import limits_source, log_source

ASKED_WITHIN_MS: Final = 10_000
"""A consumer that has not asked for so long reads no more."""


class NeverStarted(Exception):
    """The log holds no number of partitions: no relay has used it yet."""


class GroupState(msgspec.Struct, frozen=True):
    """One group on one stream (`partition` is None for the sum over partitions, and for refusals).

    `lag`: entries it has not read (None: the server cannot tell); `pending`: read and not acknowledged;
    `oldest_ms`: the age of the oldest of both; `consumers`: who asked within ten seconds; `quarantine`:
    entries that it set aside; `is_missing`: the stream has no such group.
    """

    group: str
    partition: int | None
    lag: int | None
    pending: int
    oldest_ms: int
    consumers: tuple[str, ...]
    quarantine: int
    is_missing: bool


async def partitions(log_client: Any) -> int:
    """How many partitions the log has. Raises NeverStarted."""
    count = await log_client.get(keys.PARTITION_COUNT)
    if count is None:
        raise NeverStarted
    return int(count)


def sources(count: int) -> list[Source[Any]]:
    """The streams of the consumer groups: `count` partitions for each group of the log, and the refusals."""
    logs = [log_source(group, partition) for group in keys.LOG_GROUPS for partition in range(count)]
    return [*logs, limits_source()]


async def read(log_client: Any) -> list[GroupState]:
    """Every group on every stream. Raises NeverStarted, and the client library's errors."""
    wanted = sources(await partitions(log_client))
    now = min(
        seconds * 1000 + micros // 1000
        for seconds, micros in (await primaries.on_each(log_client, "TIME")).values()
    )
    aside: dict[str, Mapping[str, int]] = {}
    states = []
    for source in wanted:
        if source.quarantine not in aside:
            aside[source.quarantine] = await _set_aside(log_client, source.quarantine)
        states.append(await _state(log_client, source, aside[source.quarantine].get(source.group, 0), now))
    return states


def summed(states: Iterable[GroupState]) -> list[GroupState]:
    """One row per group; a lag that one partition cannot tell, the sum cannot tell either."""
    by_group: dict[str, list[GroupState]] = {}
    for state in states:
        by_group.setdefault(state.group, []).append(state)
    return [
        GroupState(
            group=group,
            partition=None,
            lag=_sum([state.lag for state in rows]),
            pending=sum(state.pending for state in rows),
            oldest_ms=max(state.oldest_ms for state in rows),
            consumers=tuple(sorted({name for state in rows for name in state.consumers})),
            quarantine=sum(state.quarantine for state in rows),
            is_missing=any(state.is_missing for state in rows),
        )
        for group, rows in by_group.items()
    ]


async def _state(log_client: Any, source: Source[Any], aside: int, now: int) -> GroupState:
    partition = None if source.stream == keys.LIMITS_LOG else source.partition
    try:
        groups = await log_client.xinfo_groups(source.stream)
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        groups = []
    group = next((row for row in groups if row["name"] == source.group.encode()), None)
    if group is None:
        length: int = await log_client.xlen(source.stream)
        oldest = await _first(log_client, source.stream, "-")
        return GroupState(source.group, partition, length, 0, _age(now, oldest), (), aside, is_missing=True)
    unread = None
    if group["lag"] != 0:
        unread = await _first(log_client, source.stream, f"({group['last-delivered-id'].decode()}")
    pending = await log_client.xpending(source.stream, source.group) if group["pending"] else {"min": None}
    consumers = await log_client.xinfo_consumers(source.stream, source.group)
    return GroupState(
        group=source.group,
        partition=partition,
        lag=0 if unread is None else group["lag"],
        pending=group["pending"],
        oldest_ms=max(_age(now, unread), _age(now, pending["min"])),
        consumers=tuple(sorted(row["name"].decode() for row in consumers if row["idle"] < ASKED_WITHIN_MS)),
        quarantine=aside,
        is_missing=False,
    )


async def _set_aside(log_client: Any, stream: str) -> Mapping[str, int]:
    """How many entries each group set aside; one that stands there twice counts once."""
    seen = {(entry.group, entry.position) async for entry in quarantine.read(log_client, stream)}
    return Counter(group for group, _ in seen)


async def _first(log_client: Any, stream: str, start: str) -> bytes | None:
    rows = await log_client.xrange(stream, start, "+", count=1)
    return rows[0][0] if rows else None


def _age(now: int, entry: bytes | None) -> int:
    return 0 if entry is None else max(0, now - Position.parse(entry).ms)


def _sum(lags: list[int | None]) -> int | None:
    known = [lag for lag in lags if lag is not None]
    return sum(known) if len(known) == len(lags) else None
