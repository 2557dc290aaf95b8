"""What the servers raise, in words that tell the operator what to mend."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from ops.errors import OperatorError


@contextmanager
def database_in_words() -> Iterator[None]:
    """Raises OperatorError for what PostgreSQL raises inside."""
    import psycopg  # noqa: PLC0415 - as every command's imports: `--help` is quick

    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise OperatorError("The database lacks this version's tables. Run `sealstream migrate`.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        reason = _first_line(error)
        raise OperatorError(f"The database refuses: {reason}. See SEALSTREAM_DATABASE_URL.") from error
    except psycopg.OperationalError as error:
        raise OperatorError(f"The database is away: {_first_line(error)}") from error


def board_in_words(then: str) -> AbstractContextManager[None]:
    """Raises OperatorError for what the board raises inside; it says what comes of it, too."""
    return valkey_in_words("The board is", then)


@contextmanager
def valkey_in_words(server_is: str, then: str = "") -> Iterator[None]:
    """Raises OperatorError for what a Valkey/Redis server raises inside; `server_is` begins the sentence."""
    from redis.exceptions import RedisClusterException, RedisError  # noqa: PLC0415 - as above

    from schema.waiting import why  # noqa: PLC0415

    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise OperatorError(f"{server_is} away: {why(error)}. {then}".strip()) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
