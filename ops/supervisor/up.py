"""`sealstream up`, from the first look at the data directory to the last process's end."""

import os
from collections.abc import Mapping
from typing import Final

from ops.embedded.layout import Layout, layout, prepare
from ops.log_repair.fitness import check_log
from ops.migrate import migrate
from ops.supervisor import instance, readiness, servers
from ops.supervisor.bell import Bell
from ops.supervisor.house import House, Interrupted
from ops.supervisor.journal import Journal
from ops.supervisor.keeper import Keeper
from ops.supervisor.plan import Plan, plan
from ops.supervisor.ports import check_free
from schema.open_files import raise_limit
from schema.roles import WORKERS
from schema.settings import Settings

DATABASE_SECONDS: Final = 60.0
"""How long the migration waits for a database that has just answered."""


def up(environment: Mapping[str, str]) -> int:
    """Runs until asked to stop; the exit status. Raises OperatorError and BadSetting."""
    settings = Settings.from_env(environment)
    raise_limit()  # the servers inherit it
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
    servers.bring_up(house, wanted, places, tell)
    assert wanted.settings.database_url
    migrate(wanted.settings.database_url, wait_seconds=DATABASE_SECONDS, tell=tell)
    check_log(wanted.settings, tell)
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


def _greet(wanted: Plan, places: Layout, tell: Journal) -> None:
    settings = wanted.settings
    tell(f"Sealstream is ready at {readiness.address(settings.host, settings.port)}")
    if (words := readiness.without_tls(settings.host)) is not None:
        tell(f"  note   {words}")
    if settings.nodes > 1:
        tell(f"  nodes  {settings.nodes}, on ports {settings.port} to {settings.port + settings.nodes - 1}")
    tell(f"  data   {places.data}")
    tell(f"  logs   {places.logs}")
    tell("  stop   Ctrl-C")
