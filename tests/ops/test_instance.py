"""One instance per data directory; nothing of an earlier start is left when it begins."""

import os
import signal
import socket
from pathlib import Path

import pytest

from ops.child import Child, living_pid
from ops.errors import OperatorError
from ops.supervisor import instance
from ops.supervisor.ports import check_free
from ops.supervisor.textlogs import bound
from tests.ops.programs import IGNORES_SIGTERM, SLEEPS, prepared, program
from tests.ops.test_child import wait_until


def test_a_second_instance_is_told_which_process_holds_the_directory(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    assert not instance.is_held(places)
    with instance.hold(places, print):
        assert instance.is_held(places)
        with (
            pytest.raises(OperatorError, match=rf"in use by another Sealstream \(process {os.getpid()}\)"),
            instance.hold(places, print),
        ):
            pass
    assert not instance.is_held(places)


def test_orphans_of_an_earlier_start_are_ended_first(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    orphan = Child.start(program(SLEEPS), places)
    said: list[str] = []
    with instance.hold(places, said.append):
        assert living_pid("small", places) is None
    assert said == [f"Ending small (process {orphan.pid}), left over from an earlier start"]
    assert orphan.exit_status() == -signal.SIGTERM


def test_an_orphan_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    orphan = Child.start(program(IGNORES_SIGTERM), places)
    wait_until(lambda: places.log_file("small").read_text())
    instance.end_orphans(places, lambda _: None, patience=0.3)
    assert orphan.exit_status() == -signal.SIGKILL


def test_a_port_in_use_is_named_with_its_user_and_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            OperatorError,
            match=rf"Port {port} on 127.0.0.1 is in use.*\(process {os.getpid()}\).*SEALSTREAM_PORT",
        ):
            check_free("127.0.0.1", [(port, "--port or SEALSTREAM_PORT")])
    check_free("127.0.0.1", [(port, "SEALSTREAM_PORT")])


def test_an_address_of_another_machine_is_named_with_the_setting() -> None:
    with pytest.raises(
        OperatorError, match=r"192\.0\.2\.1 is not an address of this machine.*SEALSTREAM_HOST"
    ):
        check_free("192.0.2.1", [(8080, "SEALSTREAM_PORT")])


def test_a_port_beyond_the_last_one_is_refused() -> None:
    with pytest.raises(OperatorError, match="Port 65536 is above 65535"):
        check_free("127.0.0.1", [(65536, "SEALSTREAM_PORT")])


def test_a_long_text_log_is_set_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    log = places.log_file("small")
    with log.open("a") as writer:
        writer.write("x" * 100)
        writer.flush()
        bound(places, longest=50)
        writer.write("later")
        writer.flush()
    assert log.read_text() == "later"
    assert Path(f"{log}.1").read_text() == "x" * 100
    bound(places, longest=50)
    assert log.read_text() == "later"
