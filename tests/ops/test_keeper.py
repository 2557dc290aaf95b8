"""What dies is started again, later each time; stages come up in order and go down in the opposite one."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from ops.child import Program, living_pid
from ops.errors import OperatorError
from ops.supervisor.bell import Bell
from ops.supervisor.house import House, Interrupted
from ops.supervisor.keeper import Keeper
from tests.ops.programs import DIES, IGNORES_SIGTERM, SLEEPS, prepared, program
from tests.ops.test_child import wait_until


def ticked(keeper: Keeper) -> Keeper:
    keeper.tick()
    return keeper


def test_a_program_killed_with_kill_9_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    keeper = ticked(Keeper("small", lambda: program(SLEEPS), prepared(tmp_path / "data"), said.append))
    first = keeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: ticked(keeper).pid not in (None, first))
    assert keeper.ends == 1
    assert [line.split(";")[0] for line in said] == ["small ended (killed by SIGKILL)"]
    keeper.kill()


def test_the_waits_grow(tmp_path: Path) -> None:
    said: list[str] = []
    keeper = Keeper("small", lambda: program(DIES), prepared(tmp_path / "data"), said.append)
    wait_until(lambda: ticked(keeper).ends == 4)
    waits = [float(line.split("again in ")[1].split(" s")[0]) for line in said]
    assert waits[3] > waits[0]
    assert waits[3] >= 0.8  # half of 0.2 s, doubled three times


def test_a_program_that_cannot_be_made_later_is_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    makes = iter([program(DIES), OperatorError("no disk"), program(SLEEPS)])

    def make() -> Program:
        made = next(makes)
        if isinstance(made, OperatorError):
            raise made
        return made

    keeper = ticked(Keeper("small", make, prepared(tmp_path / "data"), said.append))
    wait_until(lambda: ticked(keeper).ends == 1)
    wait_until(lambda: ticked(keeper).pid is not None)
    assert any("cannot be started (no disk)" in line for line in said)
    keeper.kill()


def test_a_first_start_that_cannot_be_made_is_the_operators_to_mend(tmp_path: Path) -> None:
    def make() -> Program:
        raise OperatorError("no disk")

    with pytest.raises(OperatorError, match="no disk"):
        Keeper("small", make, prepared(tmp_path / "data"), print).tick()


@pytest.mark.parametrize("mode", [0o600, None], ids=["not executable", "missing"])
def test_an_interpreter_that_cannot_be_run_ends_the_first_start_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    interpreter = tmp_path / "python"
    if mode is not None:
        interpreter.touch(mode)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    keeper = Keeper("small", lambda: program(SLEEPS), prepared(tmp_path / "data"), print)
    with pytest.raises(
        OperatorError, match=rf"^small cannot be started: .+: {re.escape(str(interpreter))}\.$"
    ):
        keeper.tick()


def test_a_program_that_never_comes_up_is_given_up_with_the_end_of_its_log(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    with Bell() as bell:
        house = House(places, bell)
        keeper = Keeper("small", lambda: program(DIES), places, lambda _: None)
        with pytest.raises(OperatorError, match=r"small does not start(.|\n)*this is why"):
            house.bring_up([keeper], lambda: "small", lambda _: None)
        house.end(lambda _: None)


def test_stages_end_in_the_opposite_order_of_their_start(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    ended = tmp_path / "ended"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(ended)!r}, 'a').write(sys.argv[1]); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )

    def make(name: str) -> Keeper:
        one = program(code, name)
        return Keeper(name, lambda: Program(name, (*one.argv, name)), places, lambda _: None)

    with Bell() as bell:
        house = House(places, bell)
        for name in "abc":
            log = places.log_file(name)
            house.bring_up(
                [make(name)],
                lambda log=log: None if log.exists() and log.read_text() else "it",  # type: ignore[misc]
                lambda _: None,
            )
        house.end(lambda _: None)
    assert ended.read_text() == "cba"
    assert all(living_pid(name, places) is None for name in "abc")


def test_a_request_to_stop_interrupts_the_start(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    with Bell() as bell:
        house = House(places, bell)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted):
            house.bring_up(
                [Keeper("small", lambda: program(SLEEPS), places, lambda _: None)], lambda: "it", print
            )
        house.end(lambda _: None)
    assert living_pid("small", places) is None


def test_a_second_request_ends_at_once_what_takes_its_time(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    said: list[str] = []
    with Bell() as bell:
        house = House(places, bell)
        slow = Keeper("slow", lambda: program(IGNORES_SIGTERM, "slow", 60), places, said.append)
        log = places.log_file("slow")
        house.bring_up([slow], lambda: None if log.exists() and log.read_text() else "it", said.append)
        signal.setitimer(signal.ITIMER_REAL, 1.3)
        before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        began = time.monotonic()
        house.end(said.append)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < 10
    assert said == ["slow is killed"]
