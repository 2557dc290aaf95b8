"""Fixtures for everyone: real Valkey and PostgreSQL, clean for every test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis import Redis

from tests.databases import Databases
from tests.servers import Servers
from tests.support import prepared

# How fast the machine is, is not what the properties are about.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")

OWN_STACK = frozenset({"test_up", "test_cluster", "test_two_nodes"})
"""Files whose tests share a messenger of their own."""


def pytest_configure(config: pytest.Config) -> None:
    """One folder for all test processes of this run; those of xdist inherit it."""
    if prepared.SHARED not in os.environ:
        os.environ[prepared.SHARED] = folder = tempfile.mkdtemp(prefix="sealstream-run-", dir="/tmp")
        Path(folder).chmod(0o711)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        config.add_cleanup(lambda: os.environ.pop(prepared.SHARED))


@pytest.hookimpl(tryfirst=True)  # xdist writes the groups into the names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a running messenger stay in one test process (`--dist loadgroup`), so that it starts
    once. The faults' is started twice: they take as long as all others."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        file = item.path.stem
        if "_house" in fixtures:
            item.add_marker(pytest.mark.xdist_group("house-1" if file < "test_l" else "house-2"))
        elif "stack" in fixtures and item.path.parent.name == "wire":
            item.add_marker(pytest.mark.xdist_group("stack"))
        elif file in OWN_STACK:
            item.add_marker(pytest.mark.xdist_group(file))


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
def _databases(_servers: Servers) -> Databases:
    return Databases(_servers.database_url)


@pytest.fixture
def servers(_servers: Servers) -> Iterator[Servers]:
    """The running servers, for tests that kill, freeze or stop one. All run again afterwards."""
    _servers.revive()
    yield _servers
    _servers.revive()


@pytest.fixture
def log_url(servers: Servers) -> str:
    """An empty log server (appendfsync always), as `sealstream up` configures it."""
    with Redis.from_url(servers.log_url) as client:
        client.flushall()
    return servers.log_url


@pytest.fixture
def board_url(servers: Servers) -> str:
    """An empty board server."""
    with Redis.from_url(servers.board_url) as client:
        client.flushall()
    return servers.board_url


@pytest.fixture
def database_url(servers: Servers, _databases: Databases) -> Iterator[str]:
    """A database with the newest tables and no rows."""
    name = _databases.take()
    yield servers.database_url(name)
    servers.revive()
    _databases.give_back(name)
