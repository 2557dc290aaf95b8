"""`make test` counts honestly: nothing passes by being absent, and everything ends in time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ops.testing import __main__ as whole
from ops.testing import soak
from ops.testing.results import Counts, Outcome, counted, from_junit, settled
from ops.testing.running import AGAIN_AT_MOST, run, run_all
from ops.testing.steps import CLIENT, PARTS, Step, steps

REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure/></testcase>
<testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted_case_by_case() -> None:
    assert from_junit(REPORT) == Counts(passed=1, failed=2, skipped=1)


def test_the_line_is_plain() -> None:
    assert str(Counts(412, 0)) == "412 passed, 0 failed"
    assert str(Counts(1, 2, 3)) == "1 passed, 2 failed, 3 skipped"


def test_a_step_without_report_passes_or_fails_as_a_whole() -> None:
    assert counted(None, 0) == Counts(passed=1)
    assert counted(None, 1) == Counts(failed=1)


@pytest.mark.parametrize("text", [None, "", "<testsuites>"])
def test_a_report_that_is_missing_or_cut_off_is_a_failure(tmp_path: Path, text: str | None) -> None:
    report = tmp_path / "report.xml"
    if text is not None:
        report.write_text(text)
    assert counted(report, 0) == Counts(failed=1)


def test_a_runner_that_fails_although_its_cases_passed_is_a_failure(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testcase/></testsuites>")
    assert counted(report, 0) == Counts(passed=1)
    assert counted(report, 139) == Counts(passed=1, failed=1)


def test_a_report_without_a_case_is_a_failure(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text("<testsuites/>")
    assert counted(report, 0) == Counts(failed=1)


def test_a_step_that_takes_too_long_is_stopped_with_what_it_started() -> None:
    code = "import subprocess; subprocess.run(['sleep', '600'])"
    began = time.monotonic()
    assert run(Step("slow", (sys.executable, "-c", code), minutes=0.01)) == Outcome(Counts(failed=1))
    assert time.monotonic() - began < 30


def test_a_program_that_is_not_there_is_a_failure() -> None:
    assert run(Step("missing", ("/nowhere/program",))) == Outcome(Counts(failed=1))


def test_a_run_and_the_second_one_of_its_failures_come_to_one_result() -> None:
    first = Counts(passed=7, failed=2, skipped=1)
    assert settled(first, Counts(passed=2)) == Counts(passed=9, skipped=1)
    assert settled(first, Counts(passed=1, failed=1)) == Counts(passed=8, failed=1, skipped=1)
    assert settled(first, Counts(failed=1)) == Counts(passed=7, failed=2, skipped=1)


def run_twice(tmp_path: Path, failures: int, again: str, status: int = 1) -> Outcome:
    report = tmp_path / "report.xml"
    cases = '<testcase classname="c" name="a"><failure/></testcase>' * failures + '<testcase name="b"/>'
    write = (
        "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]);"
        f"sys.exit({status} if '<failure' in sys.argv[2] else 0)"
    )
    command = (sys.executable, "-c", write, str(report))
    step = Step(
        "twice", (*command, f"<a>{cases}</a>"), tmp_path, report=report, again=(*command, f"<a>{again}</a>")
    )
    return run(step)


def test_a_few_failures_run_again_and_many_do_not(tmp_path: Path) -> None:
    passes = '<testcase classname="c" name="a"/>'
    assert run_twice(tmp_path, 1, passes) == Outcome(Counts(passed=2), ("c::a",))
    fails = '<testcase classname="c" name="a"><failure message="first line&#10;second"/></testcase>'
    assert run_twice(tmp_path, 1, fails) == Outcome(Counts(1, 1), failed=("c::a: first line",))
    assert run_twice(tmp_path, 1, "") == Outcome(Counts(passed=1, failed=1))
    many = AGAIN_AT_MOST + 1
    assert run_twice(tmp_path, many, passes) == Outcome(
        Counts(passed=1, failed=many), failed=("c::a: no message",) * many
    )


def test_a_runner_that_did_not_reach_its_end_does_not_know_what_to_run_again(tmp_path: Path) -> None:
    passes = '<testcase classname="c" name="a"/>'
    assert run_twice(tmp_path, 1, passes, status=3) == Outcome(
        Counts(passed=1, failed=1), failed=("c::a: no message",)
    )


def names_its_shaky(tmp_path: Path, names: str | None) -> Outcome:
    shaky = tmp_path / "shaky"
    write = "import pathlib, sys; [pathlib.Path(sys.argv[1]).write_text(sys.argv[2])] if sys.argv[2:] else 0"
    rest = () if names is None else (names,)
    return run(Step("tells", (sys.executable, "-c", write, str(shaky), *rest), shaky=shaky))


def test_a_runner_names_the_tests_that_it_ran_again_by_itself(tmp_path: Path) -> None:
    assert names_its_shaky(tmp_path, "a.ts > one\nb.ts > two\n") == Outcome(
        Counts(passed=1), ("a.ts > one", "b.ts > two")
    )
    assert names_its_shaky(tmp_path, "") == Outcome(Counts(passed=1))


def test_a_runner_that_says_nothing_about_shaky_tests_has_failed(tmp_path: Path) -> None:
    assert names_its_shaky(tmp_path, None) == Outcome(Counts(passed=1, failed=1))


def test_the_summary_names_what_is_shaky_keeps_it_in_a_file_and_ends_with_the_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(whole, "RESULTS", tmp_path)
    good = Outcome(Counts(passed=2), ("t::one",), seconds=3.0)
    bad = Outcome(Counts(1, 1), failed=("t::two: 1 is not 2",))
    assert whole.summarise([(Step("one", ()), good), (Step("two", ()), bad)], 75.0) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "3 passed, 1 failed"
    assert "1 shaky (passed only when run again):" in printed
    assert "  one: t::one" in printed
    assert printed[printed.index("failed:") + 1] == "  two: t::two: 1 is not 2"
    assert any("in 1 min 15 s on" in line for line in printed)
    assert (tmp_path / "shaky.txt").read_text() == "one: t::one\n"
    assert whole.summarise([(Step("one", ()), Outcome(Counts(passed=2)))], 1.0) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "0 shaky (passed only when run again)" in printed
    assert "failed:" not in printed


MEET = (
    "import pathlib, sys, time; own, other = map(pathlib.Path, sys.argv[1:]); own.touch()\n"
    "while not other.exists(): time.sleep(0.01)\n"
    "print('met at', own.name)"
)


def test_lanes_run_side_by_side_and_the_second_speaks_after_the_first(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first steps of the lanes wait for each other."""
    command = (sys.executable, "-c", MEET)
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    done = run_all(
        [
            Step("one", (*command, first, second)),
            Step("two", (*command, second, first), lane="b"),
            Step("three", (sys.executable, "-c", "print('after one')")),
            Step("four", (sys.executable, "-c", "print('after two')"), lane="b"),
        ]
    )
    assert [(step.name, outcome.counts) for step, outcome in done] == [
        (name, Counts(passed=1)) for name in ("one", "three", "two", "four")
    ]
    printed = capfd.readouterr().out
    assert [part.split("\n")[:2] for part in printed.split("── ")[1:]] == [
        ["one", "met at first"], ["three", "after one"], ["two", "met at second"], ["four", "after two"],
    ]  # fmt: skip


def test_a_lane_that_waits_begins_when_the_first_of_the_others_has_ended(tmp_path: Path) -> None:
    """The long one ends only when the one that waits has begun, which looks for what the short one left."""
    command = (sys.executable, "-c", MEET)
    short, long, last = (str(tmp_path / name) for name in ("short", "long", "last"))
    done = run_all(
        [
            Step("long", (*command, long, last)),
            Step("short", (sys.executable, "-c", f"open({short!r}, 'w')"), lane="b"),
            Step(
                "last",
                (sys.executable, "-c", f"open({short!r}); open({last!r}, 'w')"),
                lane="c",
                waits=True,
            ),
        ]
    )
    assert [outcome.counts for _, outcome in done] == [Counts(passed=1)] * 3


def test_every_lane_ends_with_the_run_that_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    code = (
        f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )

    def interrupted(*_: object) -> None:
        while not pid.exists() or not pid.read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.testing.running.Lane.finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_all(
            [Step("long", (sys.executable, "-c", code)), Step("never", ("/nowhere/program",), minutes=0.01)]
        )
    assert not psutil.pid_exists(int(pid.read_text()))


def test_each_part_has_steps_and_a_part_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for part in PARTS:
        assert [step.name for step in steps() if part in step.parts]
    assert all(set(step.parts) <= set(PARTS) for step in steps())
    assert whole.main(["everything"]) == 2
    assert "There is no part 'everything'. ONLY may name lint" in capsys.readouterr().err


def test_soaking_repeats_a_test_of_any_kind_without_a_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    assert soak.command("tests/ops/test_testing.py::test_a")[0][-1] == "tests/ops/test_testing.py::test_a"
    unit, folder = soak.command("client-web/tests/unit/i18n.test.ts::keys")
    assert (unit[-4:], folder) == (["--retry=0", "tests/unit/i18n.test.ts", "-t", "keys"], str(CLIENT))
    assert "--retries=0" in soak.command("client-web/e2e/lock.spec.ts")[0]
    for test in ("", "tests/none.py", "README.md"):
        with pytest.raises(soak.NoSuchTest):
            soak.command(test)


def test_what_keeps_the_machine_busy_ends_with_sigterm() -> None:
    code = (
        "import time; from ops.testing import soak; soak.unwind_on_sigterm()\n"
        "with soak.pressure(): print('busy', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as soaking:
        assert soaking.stdout is not None
        assert soaking.stdout.readline() == "busy\n"
        busy = psutil.Process(soaking.pid).children()
        soaking.terminate()
        assert soaking.wait(60) == 128 + signal.SIGTERM
    assert len(busy) == os.cpu_count()
    assert not any(one.is_running() for one in busy)


def test_soaking_says_how_often_it_failed_and_shows_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = tmp_path / "count"
    code = (
        "import pathlib, sys; path = pathlib.Path(sys.argv[1])\n"
        "path.write_text((path.read_text() if path.exists() else '') + 'x')\n"
        "if len(path.read_text()) == 2: sys.exit('the second fails')"
    )
    monkeypatch.setattr(
        soak, "command", lambda _test: ([sys.executable, "-c", code, str(counter)], str(tmp_path))
    )
    assert soak.main(["t", "3"]) == 1
    printed = capsys.readouterr().out
    assert "the second fails" in printed
    assert "t failed 1 of 3 times on" in printed
    assert soak.main(["t", "many"]) == 2
