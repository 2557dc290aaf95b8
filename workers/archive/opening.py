"""Archive and log as one, as a reader opens them: audit, trace, export, stats."""

import asyncio
from typing import Any

from schema import relay_keys, secret_file
from schema.settings import BadSetting, Settings
from workers.archive import heads
from workers.archive.source import ArchiveSource, JoinedSource
from workers.archive.store import Store, StoreAway, is_there
from workers.replay.log_source import LogSource


async def open_joined(settings: Settings, database: Any, live: LogSource) -> JoinedSource | None:
    """The archive in front of `live`, the log; None when there is no archive. `database`: a connection.

    It writes nothing. Where the secret file is at hand, only keys that open under it are believed. Raises
    BadSetting.
    """
    if settings.archive is None:
        return None
    recorded = await heads.read_all(database)
    if not await is_there(settings.archive):
        segments = sum(one.head.number for one in recorded.values())
        if segments:
            raise BadSetting(
                f"SEALSTREAM_ARCHIVE: there is no {settings.archive}, and by the database {segments:,} "
                "segments were written: name the place that the worker `retention` writes to, or `off` to "
                "read the log alone"
            )
        return None
    try:
        store = await asyncio.to_thread(Store.open, settings.archive)
    except StoreAway as error:
        raise BadSetting(f"SEALSTREAM_ARCHIVE cannot be used: {error}") from error
    keys = await believed_keys(settings, database)
    return JoinedSource(ArchiveSource(store, keys, recorded, live.pacer), live)


async def believed_keys(settings: Settings, database: Any) -> relay_keys.PublicKeys:
    """The relay's keys; where the secret file is at hand, only those that open under it.

    Raises BadSetting for another relay's secret.
    """
    every = await relay_keys.public_keys(database)
    if not every or not await asyncio.to_thread(settings.secret_file.exists):
        return every
    secret = await asyncio.to_thread(secret_file.read_or_create, settings.secret_file)
    keys = await relay_keys.public_keys(database, secret)
    if not keys:
        raise BadSetting(
            f"SEALSTREAM_SECRET_FILE: {settings.secret_file} opens none of the relay's keys: name the "
            "relay's own, or a place where there is none"
        )
    return keys
