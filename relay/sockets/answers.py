"""Answers of socket calls: `{ok: true, …}` or `{ok: false, error: {code, message, …}}`."""

from functools import cache
from typing import Any, Final, TypeVar, cast, get_args
from uuid import UUID

import msgspec

from relay import metrics
from schema.refusals import Refusal, invalid

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


def read(payload: Any, shape: type[T]) -> T:
    """The payload as `shape`. Raises Refusal invalid with the path of the field."""
    try:
        # Binary is `bin`: without `builtin_types` a text would be taken for base64.
        value = msgspec.convert(payload, shape, str_keys=True, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise invalid(path.rstrip("`") or "$", message) from error
    for name in _ids(cast("Any", shape)):
        given = payload[name]
        for place, text in enumerate(given) if isinstance(given, list | tuple) else [(None, given)]:
            if not (isinstance(text, str) and len(text) == CANONICAL):
                where = f"$.{name}" if place is None else f"$.{name}[{place}]"
                raise invalid(where, "Expected a UUID in canonical text form")
    return value


@cache
def _ids(shape: Any) -> tuple[str, ...]:
    """Members that are UUIDs, or lists of them. Those that msgspec takes in other forms are refused: two
    spellings of an id look like two ids to others."""
    return tuple(field.encode_name for field in msgspec.structs.fields(shape) if _holds_ids(field.type))


def _holds_ids(kind: Any) -> bool:
    return kind is UUID or any(_holds_ids(part) for part in get_args(kind))
