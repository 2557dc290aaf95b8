"""The archive as a worker opens it: the store, the relay's key, and what the operator must know."""

import asyncio
from typing import Any

import structlog

from schema import relay_keys, secret_file
from schema.clock import now_ms
from schema.secret_file import WrongSecret
from schema.settings import BadSetting, Settings
from workers.archive.archivist import Archivist
from workers.archive.store import Store, StoreAway

log = structlog.get_logger(__name__)


async def begin_archive(settings: Settings, database: Any, log_client: Any) -> Archivist | None:
    """The archivist; None when the operator wants no archive. Raises BadSetting."""
    if settings.archive is None:
        log.warning("no_archive", setting="SEALSTREAM_ARCHIVE")
        return None
    try:
        store = await asyncio.to_thread(Store.open, settings.archive)
    except StoreAway as error:
        raise BadSetting(f"SEALSTREAM_ARCHIVE cannot be used: {error}") from error
    secret = await asyncio.to_thread(secret_file.read_or_create, settings.secret_file)
    async with database.connection() as connection:
        try:
            key = await relay_keys.open_or_make(connection, secret, now_ms())
        except WrongSecret as error:
            raise BadSetting("SEALSTREAM_SECRET_FILE: the secret opens none of the relay's keys") from error
        keys = await relay_keys.public_keys(connection, secret)
    return Archivist(store, database, log_client, key, keys, now_ms, keep_bodies=settings.archive_bodies)
