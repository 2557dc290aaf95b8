"""The steps of `make test`, as data."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / ".test-results"
CLIENT: Final = ROOT / "client-web"
BIN: Final = Path(sys.executable).parent
PARTS: Final = ("lint", "python", "client", "browser")
SHAKY_FILE: Final = "SEALSTREAM_SHAKY_FILE"
"""Tells the reporters of the client's runners where to name the tests that needed a retry."""

BUILT: Final = "SEALSTREAM_BUILT"
"""Tells the test of the reproducible build which build to compare with."""


@dataclass(frozen=True)
class Step:
    """One command.

    `report` is the JUnit file that it writes; without one it passes or fails as a whole. `again` runs its
    failures once more and writes the same report. `shaky` is the file in which its runner names the tests
    that it ran again by itself. Steps of one `lane` run in their order, the lanes side by side; one that
    `waits` begins when the first of the other lanes has ended."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    minutes: float = 10.0
    report: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = PARTS
    again: tuple[str, ...] = ()
    shaky: Path | None = None
    lane: str = ""
    waits: bool = False


def steps() -> list[Step]:
    """Everything. The first lane is Python's tests, beside it runs the client's part. The browser tests begin
    when one of them is through: the last tests of the other mostly wait. The client is built by then."""
    return [_python_tests(), *_checks(), *_client(), _browser_tests()]


def _python_tests() -> Step:
    report = RESULTS / "python.xml"
    pytest = (str(BIN / "pytest"), "-q", f"--junit-xml={report}")
    return Step(
        "pytest",
        (*pytest, "-n", "3", "--durations=10"),
        minutes=40,
        report=report,
        # Its processes read what one of them compiled, also where the machine says to keep no bytecode.
        environment={"PYTHONDONTWRITEBYTECODE": ""},
        parts=("python",),
        again=(*pytest, "--last-failed", "--last-failed-no-failures=none"),
    )


def _checks() -> list[Step]:
    commands = {
        "ruff": (str(BIN / "ruff"), "check", "."),
        "format": (str(BIN / "ruff"), "format", "--check", "."),
        "mypy": (str(BIN / "mypy"),),
        "imports": (str(BIN / "lint-imports"),),
        "client check": ("make", "-s", "client-check"),
    }
    return [Step(name, command, parts=("lint",), lane="checks") for name, command in commands.items()]


def _client() -> list[Step]:
    report, shaky = RESULTS / "client.xml", RESULTS / "client.shaky"
    reporters = ("minimal", "junit", "./scripts/measured-reporter.mjs", "./scripts/shaky-reporter.mjs")
    return [
        Step("client build", ("make", "-s", "client"), parts=("client", "browser"), lane="checks"),
        Step(
            "client tests",
            (
                *("npm", "test", "--silent", "--", f"--outputFile.junit={report}"),
                *(f"--reporter={name}" for name in reporters),
            ),
            CLIENT,
            minutes=20,
            report=report,
            environment={SHAKY_FILE: str(shaky), BUILT: str(CLIENT / "dist")},
            parts=("client",),
            shaky=shaky,
            lane="checks",
        ),
    ]


def _browser_tests() -> Step:
    report, shaky = RESULTS / "browser.xml", RESULTS / "browser.shaky"
    return Step(
        "browser tests",
        ("npm", "run", "e2e", "--", "--reporter=list,junit,./scripts/shaky-e2e-reporter.mjs"),
        CLIENT,
        minutes=60,
        report=report,
        environment={
            "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report),
            SHAKY_FILE: str(shaky),
            "PYTHONDONTWRITEBYTECODE": "",  # as above, for the relays
        },
        parts=("browser",),
        shaky=shaky,
        lane="browser",
        waits=True,
    )
