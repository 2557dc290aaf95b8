"""The key set that signs and verifies access tokens, the same on all nodes.

Invariant: the newest key that is not retired signs; a retired one verifies until the last token it
signed is dead. Nodes see a rotation within seconds: they read the set again every few seconds, and
when a token names a key they do not know.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from relay.auth import signing_keys
from relay.auth.signing_keys import SigningKey
from relay.database import Database, transaction
from schema import secret_file
from schema.clock import now_ms
from schema.failures import DATABASE_AWAY
from schema.refusals import Refusal
from schema.secret_file import WrongSecret

log = structlog.get_logger(__name__)

READ_EVERY_SECONDS: Final = 5.0
ASKED_AT_MOST_EVERY_SECONDS: Final = 1.0
"""Tokens with made-up key ids must not become a load on the database: their bearers wait together."""
TOKEN_LIFE_MS: Final = 900_000
VERIFY_RETIRED_MS: Final = TOKEN_LIFE_MS + 60_000
"""A node may sign with a retired key for the few seconds until it has read the set again."""


class KeysetUnreadable(RuntimeError):
    """Keys are there, but the operator's secret opens none of them."""


class Keyset:
    """`load` first; `run` keeps it fresh."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._secret = b""
        self._keys: dict[str, SigningKey] = {}
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Reads the set; a first start makes the first key.

        Raises BadSetting (secret file), KeysetUnreadable, or the database's errors.
        """
        if not self._secret:
            self._secret = await asyncio.to_thread(secret_file.read_or_create, self._path)
            if secret_file.is_exposed(self._path):
                log.warning("secret_file_readable_by_others", setting="SEALSTREAM_SECRET_FILE")
        await self._read()
        if self._keys and all(key.retired_at is not None for key in self._keys.values()):
            raise KeysetUnreadable("SEALSTREAM_SECRET_FILE: the secret does not open the newest signing key")
        if not self._keys:
            await self._make_first()
            await self._read()

    async def run(self) -> None:
        """Reads the set again every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(READ_EVERY_SECONDS)
            try:
                await self._read()
            except DATABASE_AWAY as error:
                log.warning("keyset_not_read", error=type(error).__name__)

    def signing(self) -> tuple[str, Ed25519PrivateKey]:
        """The kid and key that sign now. Raises Refusal unavailable when our secret opens none that may."""
        for key in reversed(self._keys.values()):
            if key.retired_at is None:
                return key.kid, key.private
        raise Refusal("unavailable", "No signing key can be used.", retry_after_ms=5000)

    async def verifying(self, kid: str) -> Ed25519PublicKey | None:
        """The key that `kid` names, or None when our set has no such key; that takes two seconds at most.

        Raises the database's errors when the set had to be read again and could not be.
        """
        for _ in range(2):  # a reading under way may have begun before the key was there
            if kid not in self._keys:
                await self._ask()
        key = self._keys.get(kid)
        if key is None or (key.retired_at is not None and key.retired_at < now_ms() - VERIFY_RETIRED_MS):
            return None
        return key.private.public_key()

    async def _ask(self) -> None:
        """Reads the set again, once for all who ask meanwhile, and not too often."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._read_in_turn())
        await asyncio.shield(self._asking)

    async def _read_in_turn(self) -> None:
        await asyncio.sleep(max(0.0, self._asked_at + ASKED_AT_MOST_EVERY_SECONDS - time.monotonic()))
        self._asked_at = time.monotonic()
        await self._read()

    async def _read(self) -> None:
        async with transaction(self._database) as connection:
            since = {"verify_since": now_ms() - VERIFY_RETIRED_MS}
            rows = await (await connection.execute(signing_keys.SELECT, since)).fetchall()
        found: dict[str, SigningKey] = {}
        for kid, sealed, retired_at in rows:
            try:
                found[kid] = signing_keys.unseal(kid, bytes(sealed), retired_at, self._secret)
            except WrongSecret:
                log.error(  # noqa: TRY400 - the trace would say nothing more
                    "signing_key_does_not_open", setting="SEALSTREAM_SECRET_FILE"
                )
        if rows and not found and not self._keys:
            raise KeysetUnreadable("SEALSTREAM_SECRET_FILE: the secret opens none of the signing keys")
        self._keys = found or self._keys

    async def _make_first(self) -> None:
        async with transaction(self._database) as connection:
            await connection.execute(signing_keys.LOCK)
            since = {"verify_since": now_ms() - VERIFY_RETIRED_MS}
            if not await (await connection.execute(signing_keys.SELECT, since)).fetchall():
                row = signing_keys.row(signing_keys.new(), self._secret, now_ms())
                await connection.execute(signing_keys.INSERT, row)


def rotate(database_url: str, path: Path) -> str:
    """Makes a new signing key and retires the others; the new kid. For the command line (not async).

    Raises BadSetting (secret file), KeysetUnreadable (it is not the secret of the keys that are there),
    or the database's errors.
    """
    secret = secret_file.read_or_create(path)
    key = signing_keys.new()
    now = now_ms()
    with psycopg.connect(database_url) as connection:
        connection.execute(signing_keys.LOCK)
        for kid, sealed, retired_at in connection.execute(signing_keys.SELECT, {"verify_since": now}):
            try:
                signing_keys.unseal(kid, bytes(sealed), retired_at, secret)
            except WrongSecret as error:
                raise KeysetUnreadable("SEALSTREAM_SECRET_FILE: not the secret of these keys") from error
        connection.execute(
            signing_keys.DELETE_LONG_RETIRED, {"before": now - signing_keys.KEPT_AFTER_RETIREMENT_MS}
        )
        connection.execute(signing_keys.RETIRE_ALL, {"now": now})
        connection.execute(signing_keys.INSERT, signing_keys.row(key, secret, now))
    return key.kid
