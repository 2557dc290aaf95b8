"""`make soak N=20 TEST=…`: repeats one test while the machine is busy, and says how often it failed.

A test that waits for something in a fixed time, or looks at something on its way, fails here first.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from ops.testing.steps import BIN, CLIENT, ROOT

MINUTES: Final = 20.0
"""A run that takes longer has failed."""
BUSY: Final = "while True: pass"
NO_TEST: Final = (
    "TEST names what to repeat: tests/FILE.py, client-web/tests/FILE.test.ts or client-web/e2e/FILE.spec.ts, "
    "each with ::NAME for one test of it."
)


class NoSuchTest(Exception):
    """The path is none of a runner's."""


def command(test: str) -> tuple[list[str], str]:
    """The command that runs `test` once, without a retry, and its folder. Raises NoSuchTest."""
    path, _, name = test.partition("::")
    if not (ROOT / path).exists():
        raise NoSuchTest(f"There is no {path}. {NO_TEST}")
    inside = path.removeprefix("client-web/")
    if path.startswith("tests/"):
        return [str(BIN / "pytest"), "-q", "--no-header", test], str(ROOT)
    if inside.startswith("tests/"):
        only = ["-t", name] if name else []
        return ["npm", "test", "--silent", "--", "--retry=0", inside, *only], str(CLIENT)
    if inside.startswith("e2e/"):
        only = ["-g", name] if name else []
        return ["npm", "run", "e2e", "--silent", "--", "--retries=0", "--reporter=line", inside, *only], str(
            CLIENT
        )
    raise NoSuchTest(NO_TEST)


@contextlib.contextmanager
def pressure() -> Iterator[None]:
    """As many processes that only compute as there are cores."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def soak(test: str, times: int) -> int:
    """How often it failed."""
    run, folder = command(test)
    failed = 0
    with pressure():
        for number in range(1, times + 1):
            began = time.monotonic()
            done = _once(run, folder)
            failed += done is not None
            mark = "ok" if done is None else "FAILED"
            print(f"{number:4} {mark:7} {time.monotonic() - began:6.1f} s", flush=True)
            if done is not None:
                print(done, flush=True)
    print(f"{test} failed {failed} of {times} times on {os.cpu_count()} busy cores")
    return failed


def _once(run: list[str], folder: str) -> str | None:
    """None when it passed, else its output."""
    try:
        done = subprocess.run(
            run, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=MINUTES * 60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"It took over {MINUTES:g} minutes."
    return None if done.returncode == 0 else done.stdout


def unwind_on_sigterm() -> None:
    """SIGTERM ends us as an exception would, so that nothing stays busy after us."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def main(arguments: list[str]) -> int:
    """`TEST N`; the exit status is 1 if it failed once, 2 if there is no such test."""
    test, times = (*arguments, "", "")[:2]
    if not times.isdigit() or int(times) < 1:
        print("N is how often to run it: 1 or more.", file=sys.stderr)
        return 2
    try:
        return 1 if soak(test, int(times)) else 0
    except NoSuchTest as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    unwind_on_sigterm()
    sys.exit(main(sys.argv[1:]))
