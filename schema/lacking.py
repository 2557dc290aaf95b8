"""The right that a process lacks, in one clause; it names no user. Pure."""

import re
from typing import Final

import psycopg
from redis.exceptions import NoPermissionError, ResponseError

_COMMAND: Final = re.compile(r"has no permissions to run the '([\w|-]+)' command")
_KEY: Final = re.compile(r"o permissions to access (?:a|one of the) key")
_SEE: Final = "(ops/roles.md)"


def lacking(error: BaseException) -> str | None:
    """None for an error of another kind."""
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"its role lacks a right, {error.diag.message_primary or 'unknown which'} {_SEE}"
        case ResponseError() if found := _COMMAND.search(str(error)):
            return f"its user may not call {found[1].replace('|', ' ').upper()} {_SEE}"
        case ResponseError() if _KEY.search(str(error)):
            return f"its user may not do that with the key {_SEE}"
        case NoPermissionError():
            return f"its user lacks a right {_SEE}"
        case _:
            return None
