"""What `up` runs, as data: the programs of one instance and what each needs to know."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ops.addresses import VARIABLES, address
from ops.child import Program
from ops.embedded import postgres, valkey
from ops.embedded.layout import Layout
from schema.roles import ADMIN, NODE, WORKERS
from schema.settings import Settings


@dataclass(frozen=True)
class Plan:
    """`settings` has every address filled in, those of our own servers with the administrator's user;
    `embedded` names the servers that are ours to run, in `places`."""

    places: Layout
    settings: Settings
    embedded: frozenset[str]
    environment: Mapping[str, str]

    def node(self, index: int) -> Program:
        """Node `index`, on port + index."""
        return self._program(f"node-{index}", NODE, "node", "--index", str(index))

    def worker(self, name: str) -> Program:
        """One of `schema.roles.WORKERS`."""
        return self._program(name, name, "worker", name)

    def ports(self) -> list[tuple[int, str]]:
        """Every port that nodes and workers will open, with the setting that changes it."""
        settings = self.settings
        ports = [(settings.port + index, "--port or SEALSTREAM_PORT") for index in range(settings.nodes)]
        if settings.metrics_port:
            ports += [
                (settings.metrics_port + index, "SEALSTREAM_METRICS_PORT")
                for index in range(settings.nodes + len(WORKERS))
            ]
        return ports

    def _program(self, name: str, role: str, *arguments: str) -> Program:
        own = {VARIABLES[server]: address(server, self.places, role) for server in self.embedded}
        environment = {**self.environment, **own}
        return Program(name, (sys.executable, "-m", "ops.cli", *arguments), environment=environment)


def plan(settings: Settings, places: Layout, environment: Mapping[str, str]) -> Plan:
    """Servers that the operator named are used; the others are embedded."""
    given = {
        valkey.LOG: settings.log_url, valkey.BOARD: settings.board_url, postgres.NAME: settings.database_url,
    }  # fmt: skip
    filled = msgspec.structs.replace(
        settings,
        log_url=settings.log_url or address(valkey.LOG, places, ADMIN),
        board_url=settings.board_url or address(valkey.BOARD, places, ADMIN),
        database_url=settings.database_url or address(postgres.NAME, places, ADMIN),
    )
    return Plan(
        places=places,
        settings=filled,
        embedded=frozenset(name for name, url in given.items() if not url),
        environment={**environment, **_as_environment(filled), "PYTHONUNBUFFERED": "1"},
    )


def _as_environment(settings: Settings) -> dict[str, str]:
    """What the command line may have changed, and what would read differently in another directory."""
    assert settings.log_url
    assert settings.board_url
    assert settings.database_url
    values = {
        "SEALSTREAM_HOST": settings.host,
        "SEALSTREAM_PORT": str(settings.port),
        "SEALSTREAM_NODES": str(settings.nodes),
        "SEALSTREAM_DATA": str(settings.data),
        "SEALSTREAM_SECRET_FILE": str(settings.secret_file.absolute()),
        "SEALSTREAM_ARCHIVE": settings.archive or "off",
        "SEALSTREAM_BLOBS": settings.blobs or "off",
        "SEALSTREAM_LOG_URL": settings.log_url,
        "SEALSTREAM_BOARD_URL": settings.board_url,
        "SEALSTREAM_DATABASE_URL": settings.database_url,
    }
    if settings.client_dir is not None:
        values["SEALSTREAM_CLIENT_DIR"] = str(settings.client_dir)
    return values
