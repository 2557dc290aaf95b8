"""The command line in the test's own process: a process of its own costs a second of CPU each."""

import json
import re
from typing import Any

from click.testing import CliRunner

from ops.cli import main


class Done:
    """How a command ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def row(self, *beginning: str) -> list[str]:
        """The cells of the table's row that begins so."""
        for line in self.out.splitlines():
            cells = [cell.strip() for cell in re.split("[│┃]", line)[1:-1]]
            if cells[: len(beginning)] == list(beginning):
                return cells
        raise AssertionError(f"no row {beginning} in\n{self.out}")


class Hand:
    """Runs `sealstream …` on some servers, in a terminal of 80 columns without colour."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings

    def __call__(self, *arguments: str, said: str = "", **settings: str) -> Done:
        environment = {"COLUMNS": "80", "NO_COLOR": "1", **self.settings, **settings}
        done = CliRunner().invoke(main, arguments, input=said, env=environment, prog_name="sealstream")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert all(len(line) <= 80 for line in done.stdout.splitlines() if "--json" not in arguments)
        assert "\x1b" not in done.stdout
        return Done(done.exit_code, done.stdout, done.stderr)
