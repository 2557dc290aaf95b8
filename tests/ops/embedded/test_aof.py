"""The log's files after a loss of power: an unfinished tail is cut and kept, other damage ends the start."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from ops.child import Child
from ops.embedded import valkey
from ops.embedded.aof import Files, is_unfinished
from ops.embedded.layout import Layout, layout, prepare
from ops.errors import OperatorError
from tests.ops.test_child import wait_until

SENDS = 20
COMMAND = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nbody\r\n"
BEGIN, COMMIT = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"


class Log:
    """A log server of its own, which a test kills and starts again."""

    def __init__(self, places: Layout) -> None:
        self.places = places
        self.told: list[str] = []
        self.files = Files(places.data / "log", places.run / "log.files")
        self._child: Child | None = None

    def start(self) -> None:
        program = valkey.program(valkey.LOG, self.places, tell=self.told.append)
        self._child = Child.start(program, self.places)
        wait_until(lambda: valkey.is_ready(valkey.url(valkey.LOG, self.places)))

    def client(self) -> "Redis":
        return Redis.from_url(valkey.url(valkey.LOG, self.places))

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    @property
    def last(self) -> Path:
        """The file that it writes to."""
        return max(self.files.directory.glob("*.incr.aof"))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Killed after twenty sends, its files noted."""
    places = layout(tmp_path / "data")
    prepare(places, traversable=False)
    made = Log(places)
    made.start()
    with made.client() as client:
        for number in range(SENDS):
            client.xadd("{0}:log", {"e": str(number)})
    made.files.note()
    made.kill()
    yield made
    made.kill()


def test_a_log_that_is_gone_as_a_whole_leaves_no_note(log: Log) -> None:
    shutil.rmtree(log.files.folder)
    log.start()
    log.kill()
    # Nothing was written in that short life, and nothing noted.
    log.start()
    assert log.client().dbsize() == 0
    assert log.told == []


@pytest.mark.parametrize("tail", [b"", COMMAND[:-7], BEGIN + COMMAND, BEGIN + COMMAND + COMMAND[:9]])
def test_what_was_never_answered_is_cut_kept_and_said(log: Log, tail: bytes) -> None:
    whole = log.last.read_bytes()
    log.last.write_bytes(whole + tail + bytes(4096))
    log.start()
    with log.client() as client:
        assert client.xlen("{0}:log") == SENDS
        client.xadd("{0}:log", {"e": "more"})
    log.kill()
    log.start()
    with log.client() as client:
        assert client.xlen("{0}:log") == SENDS + 1
    (said,) = log.told
    assert f"last {len(tail) + 4096} bytes" in said
    kept = log.files.folder / f"{log.last.name}.cut-at-{len(whole)}"
    assert str(kept) in said
    assert kept.read_bytes() == tail + bytes(4096)


def _without_manifest(log: Log) -> None:
    (log.files.directory / "appendonly.aof.manifest").unlink()


def _without_file(log: Log) -> None:
    log.last.unlink()


def _emptied(log: Log) -> None:
    log.last.write_bytes(b"")


def _hole(log: Log) -> None:
    whole = log.last.read_bytes()
    log.last.write_bytes(whole[:200] + bytes(64) + whole[264:])


def _longer_length(log: Log) -> None:
    """A server that cuts what it cannot read would cut all but the first entries."""
    whole = log.last.read_bytes()
    assert b"$7\r\n{0}:log\r\n" in whole
    log.last.write_bytes(whole.replace(b"$7\r\n{0}:log\r\n", b"$9999\r\n{0}:log\r\n", 1))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_manifest, "manifest is missing, but appendonly.aof.1.*is there"),
        (_without_file, "incr.aof is missing"),
        (_emptied, "incr.aof is empty, but was not when the relay ran"),
        (_hole, r"is damaged at byte \d+ of \d+: behind it lie \d+ bytes with about 1\d entries"),
        (_longer_length, r"is damaged at byte 23 of \d+: .* about 20 entries, which would be lost"),
    ],
)
def test_any_other_damage_ends_the_start_and_changes_nothing(
    log: Log, damage: Callable[[Log], None], words: str
) -> None:
    damage(log)
    before = {path.name: path.read_bytes() for path in log.files.directory.iterdir()}
    with pytest.raises(OperatorError, match=words):
        log.start()
    assert {path.name: path.read_bytes() for path in log.files.directory.iterdir()} == before


def test_a_file_that_was_always_empty_is_no_damage(log: Log) -> None:
    log.start()
    with log.client() as client:
        client.bgrewriteaof()
        wait_until(lambda: log.last.name != "appendonly.aof.1.incr.aof")
        wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
    log.files.note()
    log.kill()
    assert log.last.stat().st_size == 0
    log.start()
    with log.client() as client:
        assert client.xlen("{0}:log") == SENDS


@pytest.mark.parametrize(
    "tail",
    [
        COMMAND + COMMAND[:5],
        COMMAND.replace(b"$1", b"$2") + COMMAND,
        bytes(64) + COMMAND,
        BEGIN + COMMAND + COMMIT + COMMAND[:4],
        b"garbage",
    ],
)
def test_what_holds_a_finished_command_is_no_unfinished_tail(tail: bytes) -> None:
    assert not is_unfinished(tail)


@pytest.mark.parametrize("whole", [COMMAND, BEGIN + COMMAND + COMMAND + COMMIT])
def test_whatever_a_write_left_of_itself_is_unfinished(whole: bytes) -> None:
    for length in range(len(whole)):
        assert is_unfinished(whole[:length]), whole[:length]
        assert is_unfinished(whole[:length] + bytes(len(whole) - length)), whole[:length]
