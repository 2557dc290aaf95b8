"""The servers of one instance: those that are ours are started, the operator's are waited for."""

from collections.abc import Callable

from ops.child import Program
from ops.embedded import postgres, valkey
from ops.embedded.layout import Layout
from ops.errors import OperatorError
from ops.migrate import why_away
from ops.roles.users import key_in, users
from ops.supervisor import readiness
from ops.supervisor.functions import Functions
from ops.supervisor.house import House
from ops.supervisor.keeper import Keeper
from ops.supervisor.plan import Plan
from schema.waiting import NOT_MENDED_BY_WAITING


def bring_up(
    house: House, wanted: Plan, places: Layout, tell: Callable[[str], None], *, board: bool = True
) -> None:
    """Returns when log, board (unless it is left out) and database answer.

    Raises OperatorError and Interrupted.
    """
    settings = wanted.settings
    assert settings.log_url
    assert settings.board_url
    for name, url in ((valkey.LOG, settings.log_url), (valkey.BOARD, settings.board_url)):
        if name == valkey.BOARD and not board:
            continue
        memory = settings.log_memory_mb if name == valkey.LOG else valkey.BOARD_MEMORY_MB
        if name not in wanted.embedded:
            house.bring_up([], lambda name=name, url=url: _named(f"the {name}", _away(name, url)), tell)  # type: ignore[misc]
            continue

        def program(name: str = name, memory: int = memory) -> Program:
            return valkey.program(
                name, places, memory_mb=memory, users=users(key_in(places.data), name), tell=tell
            )

        keeper = Keeper(name, program, places, tell)
        functions = Functions(url, keeper)
        house.bring_up(
            [keeper],
            lambda name=name, functions=functions: _named(f"the {name}", functions.tick()),  # type: ignore[misc]
            tell,
        )
        house.keep_up(functions.tick)
    _database(house, wanted, places, tell)


def _database(house: House, wanted: Plan, places: Layout, tell: Callable[[str], None]) -> None:
    if postgres.NAME not in wanted.embedded:
        assert wanted.settings.database_url
        url = wanted.settings.database_url
        house.bring_up([], lambda: _named("the database", why_away(url)), tell)
        return
    if not (places.data / postgres.NAME).exists():
        tell(f"Preparing a new database in {places.data}")
    keeper = Keeper(postgres.NAME, lambda: postgres.program(places), places, tell)
    address = postgres.url(places, "postgres")
    house.bring_up([keeper], readiness.all_of({"the database": lambda: postgres.is_ready(address)}), tell)
    postgres.ensure_database(places)


def _away(name: str, url: str) -> str | None:
    """Why the log or the board is away. Raises OperatorError for what waiting will not mend."""
    reason = readiness.server_away(url)
    if reason in NOT_MENDED_BY_WAITING:
        raise OperatorError(f"The {name} cannot be used: {reason}. See SEALSTREAM_{name.upper()}_URL.")
    return reason


def _named(what: str, missing: str | None) -> str | None:
    return missing and f"{what} ({missing})"
