"""Answers of socket calls: `{ok: true, …}` or `{ok: false, error: {code, message, …}}`."""

from functools import cache
from typing import Any, Final, TypeVar, get_args
from uuid import UUID

import msgspec

from relay import metrics
from relay.sockets.packet import UNREADABLE
from schema.refusals import Refusal, invalid
from schema.wire_socket import NO_BYTES

T = TypeVar("T")
CANONICAL: Final = 36
"""The length of a UUID in canonical text form."""


def accepted(**members: Any) -> dict[str, Any]:
    """A call that succeeded."""
    return {"ok": True, **members}


def refused(refusal: Refusal) -> dict[str, Any]:
    """A call that was refused."""
    metrics.REFUSALS.labels(refusal.code, "socket").inc()
    return {"ok": False, "error": {"code": refusal.code, "message": refusal.detail, **refusal.members()}}


def read(payload: msgspec.Raw, shape: type[T]) -> T:
    """The payload of an event, decoded straight into `shape`: nothing else is made of it.

    Raises Refusal invalid with the path of the field.
    """
    kind: Any = shape
    value: T = _decoded(payload, _decoder(kind))
    if (ids := _ids(kind)) is not None:
        spelled = _decoded(payload, ids)
        for name in ids.type.__struct_fields__:
            given = getattr(spelled, name)
            for place, text in enumerate(given) if isinstance(given, list) else [(None, given)]:
                if len(text) != CANONICAL:
                    where = f"$.{name}" if place is None else f"$.{name}[{place}]"
                    raise invalid(where, "Expected a UUID in canonical text form")
    return value


def _decoded(payload: msgspec.Raw, decoder: "msgspec.msgpack.Decoder[Any]") -> Any:
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        path = path.rstrip("`") or "$"
        if message == NO_BYTES:
            path += ".body"
        raise invalid(path, message) from error
    except UNREADABLE as error:
        raise invalid("$", "The payload cannot be decoded.") from error


@cache
def _decoder(shape: Any) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(shape)


@cache
def _ids(shape: Any) -> "msgspec.msgpack.Decoder[Any] | None":
    """Reads those members that are UUIDs, or lists of them, as text. msgspec takes them in other forms too,
    which are refused: two spellings of an id look like two ids to others."""
    members = [
        (field.encode_name, str if field.type is UUID else list[str])
        for field in msgspec.structs.fields(shape)
        if _holds_ids(field.type)
    ]
    return msgspec.msgpack.Decoder(msgspec.defstruct("Ids", members)) if members else None


def _holds_ids(kind: Any) -> bool:
    return kind is UUID or any(_holds_ids(part) for part in get_args(kind))
