"""Archive and log as one, as a reader opens them: audit, trace, export, stats."""

import asyncio
from typing import Any

from schema import relay_keys, secret_file
from schema.settings import BadSetting, Settings
from workers.archive import heads
from workers.archive.source import ArchiveSource, JoinedSource
from workers.archive.store import Store, StoreAway
from workers.replay.records import Source


async def open_joined(settings: Settings, database: Any, live: Source) -> JoinedSource | None:
    """The archive in front of `live`, the log; None when there is no archive. `database`: a connection.

    Where the secret file is at hand, only keys that open under it are believed. Raises BadSetting.
    """
    if settings.archive is None:
        return None
    secret = None
    if await asyncio.to_thread(settings.secret_file.exists):
        secret = await asyncio.to_thread(secret_file.read_or_create, settings.secret_file)
    try:
        store = await asyncio.to_thread(Store.open, settings.archive)
    except StoreAway as error:
        raise BadSetting(f"SEALSTREAM_ARCHIVE cannot be used: {error}") from error
    keys = await relay_keys.public_keys(database, secret)
    return JoinedSource(ArchiveSource(store, keys, await heads.read_all(database)), live)
