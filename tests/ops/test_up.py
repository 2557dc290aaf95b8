"""`sealstream up`: one command, everything runs; whatever dies comes back; nothing is left behind."""

import json
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from ops.addresses import address
from ops.child import living_pid
from ops.embedded import postgres, valkey
from ops.embedded.layout import layout
from schema import keys
from schema.roles import ADMIN
from tests.ops.programs import sealstream
from tests.ops.test_child import runs, wait_until
from tests.support.processes import Process
from tests.support.stack import READY, Stack, clean_environment, free_ports

WORKERS = ("projector", "pusher", "retention", "rate-limiter")
CHILDREN = ("log", "board", "postgres", "node-0", *WORKERS)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def register(url: str, username: str) -> int:
    request = urllib.request.Request(
        f"{url}/v1/accounts",
        data=json.dumps({"username": username, "password": "correct horse"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("up") / "data", nodes=2).start()
    yield stack
    assert stack.stop() == 0


def test_it_prints_one_address_when_everything_answers(stack: Stack) -> None:
    assert [line for line in stack.output if READY in line] == [f"{READY}http://127.0.0.1:{stack.port}"]
    assert sum("http://" in line for line in stack.output) == 1
    assert answers(stack.url(0))
    assert answers(stack.url(1))


def test_every_process_has_its_pid_file_and_its_log(stack: Stack) -> None:
    for name in (*CHILDREN, "node-1"):
        assert runs(stack.pid(name)), name
        assert (stack.data / "logs" / f"{name}.log").exists(), name


@pytest.mark.parametrize("name", CHILDREN)
def test_a_child_killed_with_kill_9_comes_back_and_the_whole_heals(stack: Stack, name: str) -> None:
    before = stack.kill(name)
    stack.wait_restarted(name, before)
    wait_until(lambda: answers(stack.url(0)) and answers(stack.url(1)), seconds=30)
    assert any(
        line.startswith(f"{name} ended (killed by SIGKILL); starting it again in") for line in stack.output
    )


def test_a_second_start_on_the_same_data_is_refused_in_one_line(stack: Stack) -> None:
    second = sealstream("up", "--data", str(stack.data), "--port", str(free_ports(1)))
    assert second.returncode == 1
    assert re.fullmatch(
        r"sealstream: The data directory \S+ is in use by another Sealstream \(process \d+\)\. .*\n",
        second.stderr,
    )


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = sealstream("up", "--data", str(tmp_path / "data"), "--port", str(port))
    assert done.returncode == 1
    assert re.search(rf"Port {port} on 127\.0\.0\.1 is in use .*SEALSTREAM_PORT", done.stderr)
    assert "Traceback" not in done.stderr


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    done = sealstream("up", "--data", str(tmp_path / "data"), SEALSTREAM_MESSAGES_PER_MINUTE="many")
    assert done.returncode == 1
    assert done.stderr.startswith("sealstream: SEALSTREAM_MESSAGES_PER_MINUTE must be a whole number")


def test_it_drains_on_a_signal_and_leaves_no_process(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data").start()
    pids = [stack.pid(name) for name in CHILDREN]
    assert stack.stop(signum=signal.SIGINT) == 0
    assert [pid for pid in pids if runs(pid)] == []
    logs = stack.logs()
    assert "node_down" in logs["node-0"]
    assert "database system is shut down" in logs["postgres"]
    assert "bye bye" in logs["log"]
    ended = logs["supervisor"].splitlines()
    assert ended[-1].endswith("Stopped.")


def test_a_start_after_kill_9_of_the_supervisor_ends_the_orphans_and_finds_its_data(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data").start()
    assert register(stack.url(), "anna") == 201
    pids = [stack.pid(name) for name in CHILDREN]
    assert stack.stop(signum=signal.SIGKILL) == -signal.SIGKILL
    again = Stack(tmp_path / "data").start()
    assert [pid for pid in pids if runs(pid)] == []
    assert register(again.url(), "anna") == 409
    again.stop()


def test_children_follow_a_killed_supervisor(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has the parent-death signal")
    stack = Stack(tmp_path / "data", as_a_host_does=True).start()
    assert [line for line in stack.output if READY in line] == [f"{READY}{stack.url()}"]
    assert register(stack.url(), "emma") == 201
    pids = [stack.pid(name) for name in CHILDREN]
    stack.stop(signum=signal.SIGKILL)
    wait_until(lambda: not any(runs(pid) for pid in pids), seconds=30)


def test_servers_named_by_the_operator_are_used_and_none_are_started(
    tmp_path: Path, log_url: str, board_url: str, database_url: str
) -> None:
    stack = Stack(
        tmp_path / "data",
        SEALSTREAM_LOG_URL=log_url,
        SEALSTREAM_BOARD_URL=board_url,
        SEALSTREAM_DATABASE_URL=database_url,
    ).start()
    assert register(stack.url(), "berta") == 201
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT username FROM users").fetchall() == [("berta",)]
    assert not (stack.data / "postgres").exists()
    assert not (stack.data / "run" / "log.pid").exists()
    stack.stop()


def test_a_database_that_is_away_at_the_start_is_waited_for_without_a_trace(tmp_path: Path) -> None:
    places = layout(tmp_path / "data")
    missing = f"postgresql://nobody@127.0.0.1:{free_ports(1)}/none"
    process, output = Process.with_lines(
        *("sealstream", "up", "--data", str(places.data), "--port", str(free_ports(1))),
        environment=clean_environment(SEALSTREAM_DATABASE_URL=missing),
    )
    with output as lines:
        assert lines.readline().startswith("Waiting for the database (connection failed")
        process.send_signal(signal.SIGTERM)
        rest = lines.read()
    assert process.wait(30) == 0
    assert "Traceback" not in rest
    assert rest.splitlines() == ["Stopping …", "Stopped."]
    assert living_pid("log", places) is None


@pytest.mark.parametrize("cluster", ["", "?cluster=true"])
def test_a_log_that_is_away_at_the_start_is_waited_for_and_the_reason_is_said(
    tmp_path: Path, cluster: str
) -> None:
    process, output = Process.with_lines(
        *("sealstream", "up", "--data", str(tmp_path / "d"), "--port", str(free_ports(1))),
        environment=clean_environment(SEALSTREAM_LOG_URL=f"redis://127.0.0.1:1{cluster}"),
    )
    with output as lines:
        assert lines.readline() == "Waiting for the log (Connection refused)\n"
        process.send_signal(signal.SIGTERM)
        rest = lines.read()
    assert process.wait(30) == 0
    assert rest.splitlines() == ["Stopping …", "Stopped."]


def test_a_wrong_password_of_the_log_is_not_waited_for(tmp_path: Path, log_url: str) -> None:
    wrong = log_url.replace("unix://", "unix://nobody:wrong@")
    done = sealstream(
        "up", "--data", str(tmp_path / "d"), "--port", str(free_ports(1)), SEALSTREAM_LOG_URL=wrong
    )
    assert done.returncode == 1
    assert done.stderr == (
        "sealstream: The log cannot be used: it refuses the user or password. See SEALSTREAM_LOG_URL.\n"
    )


@pytest.mark.parametrize("command", [("up",), ("node",), ("worker", "pusher"), ("limits", "show", "anna")])
@pytest.mark.parametrize("name", ["LOG", "BOARD", "DATABASE"])
def test_an_address_that_is_nonsense_is_named_in_one_line(
    tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    setting = f"SEALSTREAM_{name}_URL"
    done = sealstream(*command, SEALSTREAM_DATA=str(tmp_path / "d"), **{setting: "nonsense"})
    assert done.returncode == 1
    assert re.fullmatch(rf"sealstream: {setting} must be \S+://.*, not 'nonsense'\n", done.stderr)
    assert done.stdout == ""


def test_node_and_worker_by_hand_use_the_running_instance(stack: Stack) -> None:
    port = free_ports(1)
    own = clean_environment(**stack.settings, SEALSTREAM_DATA=str(stack.data), SEALSTREAM_PORT=str(port))
    process = Process("sealstream", "node", environment=own)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}"), seconds=30)
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    "command", [("node",), ("worker", "pusher"), ("migrate",), ("limits", "show", "anna")]
)
def test_other_commands_say_that_nothing_runs(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = sealstream(*command, SEALSTREAM_DATA=str(tmp_path / "data"))
    assert done.returncode == 1
    assert "No Sealstream runs in" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_operators_limits_outlive_the_board(stack: Stack) -> None:
    data = {"SEALSTREAM_DATA": str(stack.data)}
    assert register(stack.url(), "carla") == 201
    assert sealstream("limits", "set", "Carla", "messages", "600", **data).returncode == 0
    with psycopg.connect(postgres.url(layout(stack.data))) as connection:
        row = connection.execute("SELECT user_id FROM users WHERE username = 'carla'").fetchone()
    assert row is not None
    with Redis.from_url(address(valkey.BOARD, layout(stack.data), ADMIN)) as board:
        assert board.hget(keys.override(row[0]), "messages") == b"600"
        stack.wait_restarted("board", stack.kill("board"))
        wait_until(lambda: valkey.is_ready(address(valkey.BOARD, layout(stack.data), ADMIN)), seconds=30)
        wait_until(lambda: board.hget(keys.override(row[0]), "messages") == b"600", seconds=30)
    assert sealstream("limits", "clear", str(row[0]), **data).returncode == 0


def test_keys_rotate_and_another_secret_is_refused(stack: Stack, tmp_path: Path) -> None:
    data = {"SEALSTREAM_DATA": str(stack.data)}
    done = sealstream("keys", "rotate", **data)
    assert done.stdout.startswith("A new key signs from now on")
    path = tmp_path / "other.key"
    missing = sealstream("keys", "rotate", **data, SEALSTREAM_SECRET_FILE=str(path))
    assert (missing.returncode, path.exists()) == (1, False), "none is made that nobody uses"
    assert missing.stderr.startswith(
        f"sealstream: There is no secret file {path}. Set SEALSTREAM_SECRET_FILE"
    )
    path.write_bytes(b64encode(bytes(32)))
    path.chmod(0o600)
    other = sealstream("keys", "rotate", **data, SEALSTREAM_SECRET_FILE=str(path))
    assert other.returncode == 1
    assert other.stderr.startswith(f"sealstream: Nothing was changed: {path} is not the secret")


def test_the_running_processes_are_few_and_known(stack: Stack) -> None:
    """Nothing of our own is left from all the killing above."""
    ours = {stack.pid(name) for name in (*CHILDREN, "node-1")}
    logs = stack.data / "logs"
    found = {}
    for process in psutil.process_iter():
        try:
            if any(Path(file.path).parent == logs for file in process.open_files()):
                found[process.pid] = " ".join(process.cmdline())
        except psutil.Error:
            continue
    assert ours <= found.keys()
    others = [line for pid, line in found.items() if pid not in ours]
    assert [line for line in others if "postgres" not in line and "valkey" not in line] == [], others
