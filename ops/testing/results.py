"""Reports of the runners: cases counted from JUnit XML, and the names of the shaky ones."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

WHY_AT_MOST: Final = 200
"""Characters of a failure's message in the summary."""


@dataclass(frozen=True)
class Counts:
    """Cases of one step or of all."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True)
class Outcome:
    """`shaky` names the cases that passed only when they ran again, `failed` those that failed, each with the
    first line of why; `seconds` is the step's time."""

    counts: Counts
    shaky: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)


def counted(report: Path | None, status: int) -> Counts:
    """The counts by a report and an exit status; without a report the step is one case."""
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
        if _has_failed(case):
            counts += Counts(failed=1)
        elif case.find("skipped") is not None:
            counts += Counts(skipped=1)
        else:
            counts += Counts(passed=1)
    return counts


def passed_names(report: Path) -> tuple[str, ...]:
    """The cases that passed, as `classname::name`; none if it cannot be read."""
    return tuple(
        _name(case) for case in _cases(report) if not _has_failed(case) and case.find("skipped") is None
    )


def failed_names(report: Path | None) -> tuple[str, ...]:
    """The cases that failed, as `classname::name: why`, the first line of it; none if it cannot be read."""
    return tuple(f"{_name(case)}: {_why(case)}" for case in _cases(report) if _has_failed(case))


def _cases(report: Path | None) -> list[ET.Element]:
    try:
        text = report.read_text("utf-8") if report else ""
        return list(ET.fromstring(text).iter("testcase"))  # noqa: S314 - written by our own runners
    except (OSError, ET.ParseError):
        return []


def _name(case: ET.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def _why(case: ET.Element) -> str:
    """The message of the last failure: with a second try it is that one's."""
    last = [found for tag in ("error", "failure") for found in case.findall(tag)][-1]
    words = (last.get("message") or last.text or "").strip() or "no message"
    return words.splitlines()[0][:WHY_AT_MOST]


def settled(first: Counts, second: Counts) -> Counts:
    """A run and the second run of its failures together; a failure that did not run again stays one."""
    ran = second.passed + second.failed + second.skipped
    return Counts(
        first.passed + second.passed,
        second.failed + max(0, first.failed - ran),
        first.skipped + second.skipped,
    )


def _has_failed(case: ET.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None
