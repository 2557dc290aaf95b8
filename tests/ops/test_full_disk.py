"""A full disk costs lines of text; it ends nothing that runs, and keeps nothing from being ended."""

import errno
import io
import os
import sys
from pathlib import Path

import pytest

from ops.child import Child, living_pid
from ops.embedded.layout import Layout
from ops.supervisor import textlogs, up
from ops.supervisor.bell import Bell
from ops.supervisor.house import House
from ops.supervisor.journal import Journal
from ops.supervisor.keeper import Keeper
from tests.ops.programs import SLEEPS, prepared, program
from tests.support.stack import free_ports

FULL = Path("/dev/full")
needs_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")


@needs_a_full_disk
def test_a_line_that_no_disk_takes_is_still_said_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Journal(FULL)("Sealstream is ready")
    assert capsys.readouterr().out == "Sealstream is ready\n"


def test_a_folder_of_logs_that_is_gone_does_not_keep_a_line_from_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Journal(tmp_path / "gone" / "supervisor.log")("said")
    assert capsys.readouterr().out == "said\n"


def test_a_terminal_that_lacks_a_letter_gets_the_line_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    Journal(tmp_path / "supervisor.log")("Stopping …")
    assert written.getvalue() == b"Stopping ?\n"
    assert "Stopping …" in (tmp_path / "supervisor.log").read_text("utf-8")


class HungUp(io.StringIO):
    """A terminal that has gone away."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_goes_away_does_not_keep_a_line_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", HungUp())
    journal = Journal(tmp_path / "supervisor.log")
    journal("one")
    journal("two")
    sys.stdout.close()
    lines = (tmp_path / "supervisor.log").read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["one", "two"]


def no_room(places: Layout, name: str) -> None:
    """What is set aside under this name finds no room."""
    Path(f"{places.log_file(name)}.1").symlink_to(FULL)


@needs_a_full_disk
def test_a_long_text_log_that_cannot_be_set_aside_is_cut_all_the_same(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    for name in ("first", "second"):
        places.log_file(name).write_text("x" * 100)
    no_room(places, "first")
    textlogs.bound(places, longest=50)
    assert places.log_file("first").read_text() == ""
    assert not Path(f"{places.log_file('first')}.1").is_symlink(), "no half a copy takes the room"
    assert Path(f"{places.log_file('second')}.1").read_text() == "x" * 100


def test_a_text_log_that_goes_while_one_looks_does_not_matter(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    places.log_file("gone").symlink_to(tmp_path / "nowhere")
    places.log_file("long").write_text("x" * 100)
    textlogs.bound(places, longest=50)
    assert places.log_file("long").read_text() == ""
    for path in places.logs.iterdir():
        path.unlink()
    places.logs.rmdir()
    textlogs.bound(places)


@needs_a_full_disk
def test_the_house_is_watched_on_a_full_disk_until_somebody_asks_to_stop(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    journal = Journal(FULL)
    with Bell() as bell:
        house = House(places, bell)
        keeper = Keeper("small", lambda: program(SLEEPS), places, journal)
        house.bring_up([keeper], lambda: None, journal)
        no_room(places, "small")
        places.log_file("small").write_text("x")
        os.truncate(places.log_file("small"), textlogs.LONGEST_BYTES + 1)  # one long hole: quickly made
        waits = iter([None, None])
        bell.wait = lambda _: next(waits, None) or setattr(bell, "asked", bell.asked + 1)  # type: ignore[method-assign]
        house.watch()
        assert places.log_file("small").stat().st_size == 0
        assert living_pid("small", places) is not None
        del bell.wait  # type: ignore[method-assign]
        house.end(journal)
    assert living_pid("small", places) is None


def test_a_child_whose_number_cannot_be_written_down_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = prepared(tmp_path / "data")
    written: list[bytes] = []

    def pwrite(_descriptor: int, data: bytes, _offset: int) -> int:
        written.append(data)
        if data.strip():
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(OSError, match="No space left"):
        Child.start(program(SLEEPS), places)
    assert len(written) == 2
    assert living_pid("small", places) is None
    monkeypatch.undo()
    Child.start(program(SLEEPS), places).kill()


class Speechless:
    """Says nothing any more once the house is up."""

    def __init__(self, _path: Path) -> None:
        pass

    def __call__(self, line: str) -> None:
        if line.startswith("Stopping"):
            raise RuntimeError("no more words")


def test_the_house_is_ended_whatever_becomes_of_the_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[object] = []
    monkeypatch.setattr(up, "Journal", Speechless)
    monkeypatch.setattr(up, "_start", lambda *_: None)
    monkeypatch.setattr(House, "watch", lambda _: None)
    monkeypatch.setattr(House, "end", lambda house, _tell: ended.append(house))
    with pytest.raises(RuntimeError, match="no more words"):
        up.up({"SEALSTREAM_DATA": str(tmp_path / "data"), "SEALSTREAM_PORT": str(free_ports(1))})
    assert len(ended) == 1
