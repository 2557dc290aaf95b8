"""A right that the node lacks on a server is logged in one sentence, once a minute: calls repeat."""

import time
from typing import Final

import structlog

from schema.failures import lacking

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 60.0
_said: dict[str, float] = {}


def note(error: BaseException) -> None:
    """Logs the right that `error` says is missing, if it says so."""
    words, now = lacking(error), time.monotonic()
    if words is not None and now - _said.get(words, now - EVERY_SECONDS) >= EVERY_SECONDS:
        _said[words] = now
        log.error("right_missing", reason=words)
