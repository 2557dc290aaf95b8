"""`make test` counts honestly: nothing passes by being absent, and everything ends in time."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from ops import testing
from ops.testing import AGAIN_AT_MOST, Counts, Step, counted, from_junit, run, run_all, settled

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
    counts, _ = run(Step("slow", (sys.executable, "-c", code), minutes=0.01))
    assert counts == Counts(failed=1)
    assert time.monotonic() - began < 30


def test_a_program_that_is_not_there_is_a_failure() -> None:
    assert run(Step("missing", ("/nowhere/program",)))[0] == Counts(failed=1)


def test_a_failure_that_passes_when_run_again_is_counted_and_told_apart() -> None:
    first = Counts(passed=7, failed=2, skipped=1)
    assert settled(first, Counts(passed=2)) == Counts(passed=9, skipped=1, shaky=2)
    assert settled(first, Counts(passed=1, failed=1)) == Counts(passed=8, failed=1, skipped=1, shaky=1)
    assert settled(first, Counts(failed=1)) == Counts(passed=7, failed=2, skipped=1)
    assert str(settled(first, Counts(passed=2))) == "9 passed, 0 failed, 1 skipped"


def run_twice(tmp_path: Path, failures: int, again: str, status: int = 1) -> Counts:
    report = tmp_path / "report.xml"
    cases = '<testcase name="a"><failure/></testcase>' * failures + '<testcase name="b"/>'
    write = (
        "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]);"
        f"sys.exit({status} if '<failure' in sys.argv[2] else 0)"
    )
    command = (sys.executable, "-c", write, str(report))
    step = Step(
        "shaky", (*command, f"<a>{cases}</a>"), tmp_path, report=report, again=(*command, f"<a>{again}</a>")
    )
    return run(step)[0]


def test_a_few_failures_run_again_and_many_do_not(tmp_path: Path) -> None:
    assert run_twice(tmp_path, 1, '<testcase name="a"/>') == Counts(passed=2, shaky=1)
    assert run_twice(tmp_path, 1, '<testcase name="a"><failure/></testcase>') == Counts(passed=1, failed=1)
    assert run_twice(tmp_path, 1, "") == Counts(passed=1, failed=1)
    many = AGAIN_AT_MOST + 1
    assert run_twice(tmp_path, many, '<testcase name="a"/>') == Counts(passed=1, failed=many)


def test_an_early_step_runs_beside_the_first_and_speaks_at_its_turn(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each waits for the other."""
    meet = (
        "import pathlib, sys, time; own, other = map(pathlib.Path, sys.argv[1:]); own.touch()\n"
        "while not other.exists(): time.sleep(0.01)\n"
        "print('met at', own.name)"
    )
    command = (sys.executable, "-c", meet)
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    done = run_all(
        [Step("one", (*command, first, second)), Step("two", (*command, second, first), early=True)]
    )
    assert [counts for _, counts, _ in done] == [Counts(passed=1)] * 2
    printed = capfd.readouterr().out
    assert printed.split("── ")[1:] == ["one\nmet at first\n\n", "two\nmet at second\n"]


def test_an_early_step_ends_with_the_run_that_is_interrupted(
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

    monkeypatch.setattr(testing, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_all([Step("early", (sys.executable, "-c", code), early=True)])
    assert not psutil.pid_exists(int(pid.read_text()))


def test_a_runner_that_did_not_reach_its_end_does_not_know_what_to_run_again(tmp_path: Path) -> None:
    assert run_twice(tmp_path, 1, '<testcase name="a"/>', status=3) == Counts(passed=1, failed=1)
