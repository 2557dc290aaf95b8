"""What `up` runs, as data: the programs of one instance and what each needs to know."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from ops.child import Program
from ops.embedded import postgres, valkey
from ops.embedded.layout import Layout
from schema.settings import Settings

WORKERS: Final = ("projector", "pusher", "retention", "rate-limiter")


@dataclass(frozen=True)
class Plan:
    """`settings` has every address filled in; `embedded` names the servers that are ours to run."""

    settings: Settings
    embedded: frozenset[str]
    environment: Mapping[str, str]

    def node(self, index: int) -> Program:
        """Node `index`, on port + index."""
        return self._program(f"node-{index}", "node", "--index", str(index))

    def worker(self, name: str) -> Program:
        """One of WORKERS."""
        return self._program(name, "worker", name)

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

    def _program(self, name: str, *arguments: str) -> Program:
        return Program(name, (sys.executable, "-m", "ops.cli", *arguments), environment=self.environment)


def plan(settings: Settings, places: Layout, environment: Mapping[str, str]) -> Plan:
    """Servers that the operator named are used; the others are embedded."""
    own = {
        valkey.LOG: (settings.log_url, valkey.url(valkey.LOG, places)),
        valkey.BOARD: (settings.board_url, valkey.url(valkey.BOARD, places)),
        postgres.NAME: (settings.database_url, postgres.url(places)),
    }
    filled = msgspec.structs.replace(
        settings,
        log_url=own[valkey.LOG][0] or own[valkey.LOG][1],
        board_url=own[valkey.BOARD][0] or own[valkey.BOARD][1],
        database_url=own[postgres.NAME][0] or own[postgres.NAME][1],
    )
    return Plan(
        settings=filled,
        embedded=frozenset(name for name, (given, _) in own.items() if not given),
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
        "SEALSTREAM_LOG_URL": settings.log_url,
        "SEALSTREAM_BOARD_URL": settings.board_url,
        "SEALSTREAM_DATABASE_URL": settings.database_url,
    }
    if settings.client_dir is not None:
        values["SEALSTREAM_CLIENT_DIR"] = str(settings.client_dir)
    return values
