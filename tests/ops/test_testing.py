"""`make test` counts honestly: nothing passes by being absent, and everything ends in time."""

import sys
import time
from pathlib import Path

import pytest

from ops.testing import Counts, Step, counted, from_junit, run

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
