"""Runs steps: lanes side by side, each step to its end or its time limit, nothing left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Final, Self

from ops.testing.results import Counts, Outcome, counted, failed_names, passed_names, settled
from ops.testing.steps import Step

AGAIN_AT_MOST: Final = 5
"""More failures than that are no accident."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the output of a lane."""
TESTS_FAILED: Final = 1
"""pytest's exit status after a complete run with failures: only then it knows which failed."""


def run_all(chosen: list[Step]) -> list[tuple[Step, Outcome]]:
    """Runs the lanes side by side; a lane that waits begins when the first of the others has ended. Output
    comes in the order of the steps: the first lane's as it is printed, then what the others have printed so
    far, and what they print from then on."""
    lanes: dict[str, list[Step]] = {}
    for step in chosen:
        lanes.setdefault(step.lane, []).append(step)
    done: list[tuple[Step, Outcome]] = []
    one_ended = threading.Event()
    with contextlib.ExitStack() as stack:
        begun = [
            stack.enter_context(Lane(steps, one_ended, shown=number == 0))
            for number, steps in enumerate(lanes.values())
        ]
        for lane in begun:
            done += lane.finish()
    return done


class Lane:
    """Steps one after the other in a thread. As a context it ends with it, and so does its present step.
    `one_ended` is set at the end of each lane; a lane that `waits` waits for it."""

    def __init__(self, steps: list[Step], one_ended: threading.Event, *, shown: bool) -> None:
        self._steps = steps
        self._one_ended = one_ended
        self._output = None if shown else tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish
        self._seen = 0
        self._outcomes: list[Outcome] = []
        self._present: Started | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended = True
        self._one_ended.set()
        if self._present is not None:
            self._present.kill()
        self._thread.join()

    def finish(self) -> list[tuple[Step, Outcome]]:
        """Waits for its end, shows meanwhile what was not shown, and gives the outcomes."""
        while self._thread.is_alive():
            self._thread.join(LOOK_EVERY)
            self._show()
        self._show()
        if self._output is not None:
            self._output.close()
        return list(zip(self._steps, self._outcomes, strict=True))

    def _show(self) -> None:
        """Prints what came since the last time. The file's position stays where writers left it."""
        while self._output is not None and (part := os.pread(self._output.fileno(), 65_536, self._seen)):
            self._seen += len(part)
            sys.stdout.buffer.write(part)
        sys.stdout.flush()

    def _run(self) -> None:
        for step in self._steps:
            if step.waits:
                self._one_ended.wait()
            if self._ended:
                return
            self._outcomes.append(run(step, self._output, self._note))
        self._one_ended.set()

    def _note(self, started: "Started") -> None:
        self._present = started
        if self._ended:
            started.kill()


def run(
    step: Step, output: IO[bytes] | None = None, note: Callable[["Started"], None] = lambda _started: None
) -> Outcome:
    """Runs one step; its output goes to `output`, else to ours. `note` learns of each process begun."""
    began = time.monotonic()
    _say(output, f"\n── {step.name}\n")

    def status_of(one: Step) -> int:
        with Started(one, output) as started:
            note(started)
            status, words = started.wait()
        _say(output, words)
        return status

    status = status_of(step)
    counts, shaky = counted(step.report, status), _retried(step)
    if step.again and step.report and status == TESTS_FAILED and 0 < counts.failed <= AGAIN_AT_MOST:
        _say(output, f"\n── {step.name}: its failures once more\n")
        step.report.rename(step.report.with_suffix(".first.xml"))
        second = counted(step.report, status_of(replace(step, command=step.again)))
        counts, shaky = settled(counts, second), passed_names(step.report)
    if shaky is None:
        _say(output, f"{step.name} did not name its shaky tests\n")
        counts, shaky = counts + Counts(failed=1), ()
    return Outcome(counts, shaky, failed_names(step.report), time.monotonic() - began)


def _retried(step: Step) -> tuple[str, ...] | None:
    """The tests that the step's runner ran again by itself and then passed; None if it did not say."""
    if step.shaky is None:
        return ()
    try:
        return tuple(line for line in step.shaky.read_text("utf-8").splitlines() if line)
    except OSError:
        return None


def _say(output: IO[bytes] | None, words: str) -> None:
    if output is None:
        print(words, end="", flush=True)
    else:
        output.write(words.encode())
        output.flush()


class Started:
    """A process under way. As a context it ends with it, and so does whatever it left running."""

    def __init__(self, step: Step, output: IO[bytes] | None) -> None:
        self.step = step
        self._process: subprocess.Popen[bytes] | None = None
        self._why_not = ""
        try:
            self._process = subprocess.Popen(
                step.command,
                cwd=step.folder,
                env={**os.environ, **step.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._why_not = f"{step.command[0]} cannot be started: {error.strerror}\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.kill()
        if self._process is not None:
            self._process.wait()

    def kill(self) -> None:
        """Ends it and what it started, at once; no error if nothing of it is left."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self) -> tuple[int, str]:
        """The exit status, and what there is to say about it: 127 when it could not be started, 124 when it
        took too long and is to be ended."""
        if self._process is None:
            return 127, self._why_not
        try:
            return self._process.wait(self.step.minutes * 60), ""
        except subprocess.TimeoutExpired:
            return 124, f"{self.step.name} took over {self.step.minutes:g} minutes and is stopped\n"
