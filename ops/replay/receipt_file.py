"""A file of receipts, as the client exports it: JSON, digests in hex, receipts in base64."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from ops.errors import OperatorError
from schema.receipts import RECEIPT_BYTES, Acceptance
from workers.replay.receipts import Signed

MOST: Final = 10_000
"""Receipts in one file."""

_Count = Annotated[int, Meta(ge=1, le=2**53)]
_Time = Annotated[int, Meta(ge=0, le=2**53)]


class _Row(msgspec.Struct, frozen=True):
    log: UUID
    user_id: UUID
    device_id: _Count
    seq: _Count
    id: UUID
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    at: _Time
    receipt: Annotated[bytes, Meta(min_length=RECEIPT_BYTES, max_length=RECEIPT_BYTES)]


class _File(msgspec.Struct, frozen=True):
    format: Literal["sealstream receipts 1"]
    receipts: Annotated[list[_Row], Meta(min_length=1, max_length=MOST)]


def read(data: bytes) -> list[Signed]:
    """The receipts in the file. Raises OperatorError."""
    try:
        rows = msgspec.json.decode(data, type=_File).receipts
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OperatorError(f"This is not a file of receipts: {error}.") from error
    return [_signed(row) for row in rows]


def _signed(row: _Row) -> Signed:
    acceptance = Acceptance(
        log=row.log, user_id=row.user_id, device_id=row.device_id, seq=row.seq, id=row.id,
        digest=bytes.fromhex(row.digest), at=row.at,
    )  # fmt: skip
    return Signed(acceptance, row.receipt)
