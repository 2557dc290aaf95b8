"""`sealstream up`, from the first look at the data directory to the last process's end."""

import os
from collections.abc import Mapping
from typing import Final

from ops.embedded import postgres, valkey
from ops.embedded.layout import Layout, layout, prepare
from ops.errors import OperatorError
from ops.migrate import migrate, why_away
from ops.supervisor import instance, readiness
from ops.supervisor.bell import Bell
from ops.supervisor.house import House, Interrupted
from ops.supervisor.journal import Journal
from ops.supervisor.keeper import Keeper
from ops.supervisor.plan import WORKERS, Plan, plan
from ops.supervisor.ports import check_free
from schema.settings import Settings
from schema.waiting import NOT_MENDED_BY_WAITING

DATABASE_SECONDS: Final = 60.0
"""How long the migration waits for a database that has just answered."""


def up(environment: Mapping[str, str]) -> int:
    """Runs until asked to stop; the exit status. Raises OperatorError and BadSetting."""
    settings = Settings.from_env(environment)
    places = layout(settings.data)
    prepare(places, traversable=os.geteuid() == 0)
    tell = Journal(places.log_file("supervisor"))
    with Bell() as bell, instance.hold(places, tell):
        wanted = plan(settings, places, environment)
        check_free(settings.host, wanted.ports())
        house = House(places, bell)
        try:
            _start(house, wanted, places, tell)
            _greet(wanted, places, tell)
            house.watch()
        except Interrupted:
            pass
        finally:
            try:
                tell("Stopping …")
            finally:
                house.end(tell)
            tell("Stopped.")
    return 0


def _start(house: House, wanted: Plan, places: Layout, tell: Journal) -> None:
    _servers(house, wanted, places, tell)
    assert wanted.settings.database_url
    migrate(wanted.settings.database_url, wait_seconds=DATABASE_SECONDS, tell=tell)
    workers = [
        Keeper(name, lambda name=name: wanted.worker(name), places, tell)  # type: ignore[misc]
        for name in WORKERS
    ]
    house.bring_up(workers, lambda: None, tell)
    nodes = [
        Keeper(f"node-{index}", lambda index=index: wanted.node(index), places, tell)  # type: ignore[misc]
        for index in range(wanted.settings.nodes)
    ]
    ports = [wanted.settings.port + index for index in range(wanted.settings.nodes)]
    house.bring_up(nodes, readiness.nodes_ready(wanted.settings.host, ports), tell)


def _servers(house: House, wanted: Plan, places: Layout, tell: Journal) -> None:
    settings = wanted.settings
    assert settings.log_url
    assert settings.board_url
    for name, url in ((valkey.LOG, settings.log_url), (valkey.BOARD, settings.board_url)):
        memory = settings.log_memory_mb if name == valkey.LOG else valkey.BOARD_MEMORY_MB
        ours = [
            Keeper(
                name,
                lambda name=name, memory=memory: valkey.program(name, places, memory_mb=memory),  # type: ignore[misc]
                places,
                tell,
            )
        ]
        house.bring_up(
            ours if name in wanted.embedded else [],
            lambda name=name, url=url: _named(f"the {name}", _away(name, url)),  # type: ignore[misc]
            tell,
        )
    _database(house, wanted, places, tell)


def _database(house: House, wanted: Plan, places: Layout, tell: Journal) -> None:
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


def _greet(wanted: Plan, places: Layout, tell: Journal) -> None:
    settings = wanted.settings
    tell(f"Sealstream is ready at {readiness.address(settings.host, settings.port)}")
    if settings.nodes > 1:
        tell(f"  nodes  {settings.nodes}, on ports {settings.port} to {settings.port + settings.nodes - 1}")
    tell(f"  data   {places.data}")
    tell(f"  logs   {places.logs}")
    tell("  stop   Ctrl-C")
