"""Signs answers to sends that ask for a receipt.

Invariant: a signed entry stands in the log. Its number and digest are those that the log answered with, also
for a repeated send. The key is read once, at the node's start; a send that does not ask needs none of this.
"""

import asyncio
from pathlib import Path
from uuid import UUID

from relay.database import Database, transaction
from relay.log.replies import Accepted
from schema import receipts, relay_keys, secret_file
from schema.clock import now_ms
from schema.receipts import Acceptance
from schema.relay_keys import PublishedKey, RelayKey
from schema.sealing import WrongSecret
from schema.settings import BadSetting
from schema.wire_socket import Send


class Receipts:
    """The relay's signature over entries of the log `log_id`. `published`: every key that signs or signed."""

    def __init__(self, log_id: UUID, key: RelayKey, published: list[PublishedKey]) -> None:
        self._log_id = log_id
        self._key = key
        self.published = published

    @classmethod
    async def open(cls, database: Database, path: Path, log_id: UUID) -> "Receipts":
        """With the relay's newest key; the first start makes one.

        Raises BadSetting (secret file), or the database's errors.
        """
        secret = await asyncio.to_thread(secret_file.read_or_create, path)
        async with transaction(database) as connection:
            try:
                key = await relay_keys.open_or_make(connection, secret, now_ms())
            except WrongSecret as error:
                reason = "the secret opens none of the relay's keys"
                raise BadSetting(f"SEALSTREAM_SECRET_FILE: {reason}") from error
            return cls(log_id, key, await relay_keys.published(connection, secret))

    def sign(self, send: Send, accepted: Accepted) -> list[bytes]:
        """One receipt per accepted device. None at all for a repeated send whose first one did not ask: what
        this call brings as its bodies need not be what was accepted."""
        if not accepted.digests:
            return []
        return [
            receipts.sign(
                Acceptance(
                    log=self._log_id, user_id=send.to, device_id=device, seq=seq, id=send.id, digest=digest,
                    at=accepted.at,
                ),
                self._key,
            )
            for (device, seq), digest in zip(accepted.seqs, accepted.digests, strict=True)
        ]  # fmt: skip
