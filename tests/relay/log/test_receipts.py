"""The relay's receipt key: the same for all nodes and starts, and never one that the secret does not open."""

from base64 import b64encode
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import AsyncConnection

from relay.database import Database
from relay.log.receipts import Receipts
from relay.log.replies import Accepted
from schema.receipts import Acceptance, is_signed, kid_of
from schema.settings import BadSetting
from schema.wire_socket import Send

FORGED = "INSERT INTO relay_keys VALUES (%s, %s, %s, 1)"


async def test_every_start_has_the_same_key_and_one_from_elsewhere_is_not_published(
    database_url: str, tmp_path: Path
) -> None:
    path, log = tmp_path / "secret.key", uuid4()
    async with Database(database_url) as database:
        first = await Receipts.open(database, path, log)
        async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
            public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
            await connection.execute(FORGED, ("f" * 16, b"sealed by nobody", public))
        second = await Receipts.open(database, path, log)
        assert [key.kid for key in second.published] == [key.kid for key in first.published]
        (key,) = second.published
        send = Send(id=uuid4(), to=uuid4(), envelopes=[], receipt=True)
        (receipt,) = second.sign(send, Accepted(at=5, seqs=[(7, 3)], digests=(bytes(32),)))
        said = Acceptance(log=log, user_id=send.to, device_id=7, seq=3, id=send.id, digest=bytes(32), at=5)
        assert (len(receipt), kid_of(receipt)) == (72, key.kid)
        assert is_signed(said, receipt, key.public)


async def test_a_secret_that_opens_no_key_is_refused(database_url: str, tmp_path: Path) -> None:
    async with Database(database_url) as database:
        await Receipts.open(database, tmp_path / "secret.key", uuid4())
        other = tmp_path / "other.key"
        other.write_bytes(b64encode(bytes(32)))
        with pytest.raises(BadSetting, match="opens none of the relay's keys"):
            await Receipts.open(database, other, uuid4())
