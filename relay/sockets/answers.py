"""Answers of socket calls: `{ok: true, …}` or `{ok: false, error: {code, message, …}}`."""

from typing import Any, TypeVar

import msgspec

from relay import metrics
from schema.refusals import Refusal, invalid

T = TypeVar("T")


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
        return msgspec.convert(payload, shape, str_keys=True, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise invalid(path.rstrip("`") or "$", message) from error
