"""Fixtures for everyone: real Valkey and PostgreSQL, clean for every test."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
import uvloop
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from schema.servers import DRIVER
from tests.databases import Databases
from tests.servers import Servers
from tests.support import prepared

# How fast the machine is, is not what the properties are about.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")

OWN_STACK = frozenset({"test_up", "test_cluster", "test_cluster_link", "test_two_nodes", "test_s3"})
"""Files whose tests share a messenger, a cluster or storage of their own."""
ALONE = frozenset({"test_account_deletion", "test_expiry", "test_files", "test_topology"})
"""Files whose only test starts a messenger of its own."""


def pytest_configure(config: pytest.Config) -> None:
    """One folder for all test processes of this run; those of xdist inherit it."""
    log_plainly()
    if prepared.SHARED not in os.environ:
        os.environ[prepared.SHARED] = folder = tempfile.mkdtemp(prefix="sealstream-run-", dir="/tmp")
        Path(folder).chmod(0o711)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        config.add_cleanup(lambda: os.environ.pop(prepared.SHARED))


def log_plainly() -> None:
    """Tracebacks as Python prints them: rich colours the source, a tenth of a second each."""
    *others, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, renderer])


def pytest_collection() -> None:
    """Nothing that is collected becomes garbage: looking for some costs a fifth of the collection's CPU."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was collected stays until the end, so that garbage is looked for elsewhere."""
    gc.freeze()
    gc.enable()


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """asyncio's loop; that of our programs where a test looks at how it serves connections."""
    if item.get_closest_marker("uvloop"):
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Tests that share a running messenger stay in one test process, so that it starts once.

    Not by xdist's own `--dist loadgroup`: its 3.8 writes groups into names where pytest 9.2 reads none."""
    return Groups(config, log)


class Groups(LoadScopeScheduling):
    """Hands out the groups first, the largest at the beginning, then single tests."""

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Forgets groups that are through: after each test xdist counts what is left in every group."""
        super().mark_test_complete(node, item_index, duration)
        work = self.assigned_work[node]
        for scope in [scope for scope, tests in work.items() if all(tests.values())]:
            del work[scope]

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        if file.stem in OWN_STACK:
            return str(file)
        if file.parent.name == "faults":  # they take as long as all others: in two processes
            return "faults until l" if file.stem < "test_l" else "faults from l"
        return "wire" if file.parent.name == "wire" and file.stem not in ALONE else nodeid


@pytest.fixture(scope="session")
def _servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="sealstream-test-", dir="/tmp"))
    folder.chmod(0o711)
    servers = Servers(folder / "data")
    try:
        yield servers
    finally:
        servers.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _databases(_servers: Servers) -> Iterator[Databases]:
    databases = Databases(_servers.database_url)
    yield databases
    databases.close()


@pytest.fixture
def servers(_servers: Servers) -> Iterator[Servers]:
    """The running servers, for tests that kill, freeze or stop one. All run again afterwards."""
    _servers.revive()
    yield _servers
    _servers.revive()


def emptied(url: str) -> str:
    """The address of a server that has no key any more."""
    with Redis.from_url(url, driver_info=DRIVER) as client:
        client.flushall()
    return url


@pytest.fixture
def log_url(servers: Servers) -> str:
    """An empty log server (appendfsync always), as `sealstream up` configures it."""
    return emptied(servers.log_url)


@pytest.fixture
def board_url(servers: Servers) -> str:
    """An empty board server."""
    return emptied(servers.board_url)


@pytest.fixture
def database_url(servers: Servers, _databases: Databases) -> Iterator[str]:
    """A database with the newest tables and no rows."""
    name = _databases.take()
    yield servers.database_url(name)
    servers.revive()
    _databases.give_back(name)
