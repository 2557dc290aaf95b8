"""`make test`: runs every check and every test, whatever fails before, and counts them in the last line.

A linter counts as one; a test runner counts as its report says (JUnit XML). A runner that dies without a
report, or is stopped for taking too long, counts as one failure: nothing passes by being absent. A few tests
that fail run once more, alone, as a busy machine can break what waits for something; the summary says how
many passed only then.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self
from xml.etree import ElementTree as ET

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / ".test-results"
CLIENT: Final = ROOT / "client-web"
BIN: Final = Path(sys.executable).parent
AGAIN_AT_MOST: Final = 5
"""More failures than that are no accident."""
TESTS_FAILED: Final = 1
"""What pytest exits with when it ran to its end and some tests failed: only then it knows which."""


@dataclass(frozen=True)
class Counts:
    """Of one step or of all. `shaky`: how many of the passed did so only when they ran again."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    shaky: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.shaky + other.shaky,
        )

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True)
class Step:
    """One command. `report` is the JUnit file it writes; without one it passes or fails as a whole. `again`
    runs what failed once more and writes the same report. One that is `early` starts with the first step, and
    what it prints is printed at its turn."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    minutes: float = 10.0
    report: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    is_lint: bool = False
    again: tuple[str, ...] = ()
    early: bool = False


def steps() -> list[Step]:
    """Everything, quick checks first."""
    python, browser, unit = (RESULTS / name for name in ("python.xml", "browser.xml", "client.xml"))
    return [
        Step("ruff", (str(BIN / "ruff"), "check", "."), is_lint=True),
        Step("format", (str(BIN / "ruff"), "format", "--check", "."), is_lint=True),
        Step("mypy", (str(BIN / "mypy"),), is_lint=True),
        Step("imports", (str(BIN / "lint-imports"),), is_lint=True),
        Step("client check", ("make", "-s", "client-check"), is_lint=True, early=True),
        Step(
            "pytest",
            # Three at a time, each with servers of its own: most of them wait for something most of the time.
            (str(BIN / "pytest"), "-q", "-n", "3", "--dist", "worksteal", f"--junit-xml={python}"),
            minutes=40,
            report=python,
            again=(
                str(BIN / "pytest"),
                "-q",
                "--last-failed",
                "--last-failed-no-failures=none",
                f"--junit-xml={python}",
            ),
        ),
        Step(
            "client tests",
            (
                "npm",
                "test",
                "--silent",
                "--",
                "--reporter=default",
                "--reporter=junit",
                f"--outputFile={unit}",
            ),
            CLIENT,
            minutes=20,
            report=unit,
        ),
        Step("client build", ("make", "-s", "client")),
        Step(
            "browser tests",
            ("npm", "run", "e2e", "--", "--reporter=list,junit"),
            CLIENT,
            minutes=60,
            report=browser,
            environment={"PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(browser)},
        ),
    ]


def main(arguments: list[str]) -> int:
    """Runs the steps (`--lint`: only the checks); the exit status."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    results = run_all([step for step in steps() if step.is_lint or "--lint" not in arguments])
    print("\n── summary")
    for step, counts, seconds in results:
        mark = "FAILED" if counts.failed else "ok"
        shaky = f", {counts.shaky} of them only when run again" if counts.shaky else ""
        print(f"{mark:7} {step.name:16} {counts}{shaky}  ({seconds:.0f} s)")
    total = sum((counts for _, counts, _ in results), Counts())
    print(total, flush=True)
    return 1 if total.failed else 0


def run_all(chosen: list[Step]) -> list[tuple[Step, Counts, float]]:
    """Runs the steps in their order, the early ones beside those before them."""
    with contextlib.ExitStack() as stack:
        early = {step.name: stack.enter_context(Started(step)) for step in chosen if step.early}
        return [(step, *run(step, early.get(step.name))) for step in chosen]


def run(step: Step, early: "Started | None" = None) -> tuple[Counts, float]:
    """Runs one step, its output passed on; what it counted and the seconds it was waited for."""
    print(f"\n── {step.name}", flush=True)
    began = time.monotonic()
    status = _status(early or Started(step))
    counts = counted(step.report, status)
    if step.again and step.report and status == TESTS_FAILED and 0 < counts.failed <= AGAIN_AT_MOST:
        print(f"\n── {step.name}: what failed, once more", flush=True)
        step.report.unlink(missing_ok=True)
        once_more = Started(replace(step, command=step.again))
        counts = settled(counts, counted(step.report, _status(once_more)))
    return counts, time.monotonic() - began


def settled(first: Counts, second: Counts) -> Counts:
    """What a run and the second one of its failures come to; a failure that did not run again stays one."""
    ran = second.passed + second.failed + second.skipped
    return Counts(
        first.passed + second.passed,
        second.failed + max(0, first.failed - ran),
        first.skipped + second.skipped,
        second.passed,
    )


def counted(report: Path | None, status: int) -> Counts:
    """What a report and an exit status together mean."""
    if report is None:
        return Counts(passed=1) if status == 0 else Counts(failed=1)
    try:
        counts = from_junit(report.read_text("utf-8"))
    except (OSError, ET.ParseError):
        return Counts(failed=1)
    if counts == Counts():
        return Counts(failed=1)  # a runner that found no test has not tested
    if status != 0 and counts.failed == 0:
        return counts + Counts(failed=1)  # the runner itself failed, or was stopped
    return counts


def from_junit(text: str) -> Counts:
    """Counts test cases. Raises ParseError."""
    counts = Counts()
    for case in ET.fromstring(text).iter("testcase"):  # noqa: S314 - written by our own runners
        if case.find("failure") is not None or case.find("error") is not None:
            counts += Counts(failed=1)
        elif case.find("skipped") is not None:
            counts += Counts(skipped=1)
        else:
            counts += Counts(passed=1)
    return counts


class Started:
    """A step under way. As a context it ends with it, and so does whatever the step left running."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self._words = tempfile.TemporaryFile() if step.early else None  # noqa: SIM115 - closed at the end
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                step.command,
                cwd=step.folder,
                env={**os.environ, **step.environment},
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=self._words and subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            print(f"{step.command[0]} cannot be started: {error.strerror}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._words is not None:
            self._words.seek(0)
            print(self._words.read().decode(errors="replace"), end="", flush=True)
            self._words.close()
            self._words = None

    def wait(self) -> int:
        """The exit status; 127 when it could not be started, 124 when it took too long and is to be ended."""
        if self._process is None:
            return 127
        try:
            return self._process.wait(self.step.minutes * 60)
        except subprocess.TimeoutExpired:
            print(f"{self.step.name} took over {self.step.minutes:g} minutes and is stopped")
            return 124


def _status(started: Started) -> int:
    with started:
        return started.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
