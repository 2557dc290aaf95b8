"""The account that the operator means."""

from typing import Any
from uuid import UUID

from ops.errors import OperatorError
from ops.words import harmless
from relay.identity import accounts
from relay.identity.accounts import Account


async def found(connection: Any, user: str) -> Account:
    """The account named by its exact name (with or without @) or by its id. Raises OperatorError."""
    try:
        account = await accounts.by_id(connection, UUID(user))
    except ValueError:
        account = await accounts.by_name(connection, user.removeprefix("@"))
    if account is None:
        raise OperatorError(f"There is no user {harmless(user)!r}.")
    return account


def no_open_device(username: str, device: int) -> OperatorError:
    """The error of a device that an account does not have, or no more."""
    return OperatorError(f"@{username} has no open device {device}.")
