"""Runs `sealstream replay audit --fast` as an operator does, and watches its processes and the servers."""

import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import msgspec
import psutil

from ops.errors import OperatorError
from ops.load.usage import usage

LOOK_SECONDS: Final = 0.1
NAMES: Final = {"log": "log", "postgres": "PostgreSQL"}


class Peak(msgspec.Struct):
    """Resident memory in bytes: of the largest process of the audit, and of all of them together."""

    one: int = 0
    all: int = 0

    def look(self, process: psutil.Process) -> None:
        """Takes the present sizes in."""
        sizes = []
        for member in (process, *process.children(recursive=True)):
            try:
                sizes.append(member.memory_info().rss)
            except psutil.Error:
                continue  # it has ended meanwhile
        self.one, self.all = max(self.one, *sizes, 0), max(self.all, sum(sizes))


def audit(data: Path, environment: Mapping[str, str]) -> bool:
    """Prints the verdict, the speed, the memory and the CPU; whether it is clean. Raises OperatorError."""
    command = [sys.executable, "-m", "ops.cli", "replay", "audit", "--fast", "--json"]
    before, own, began, peak = usage(data), _children(), time.perf_counter(), Peak()
    with subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            peak.look(process)
            time.sleep(LOOK_SECONDS)
        assert child.stdout
        said = child.stdout.read()
    took = time.perf_counter() - began
    if child.returncode not in (0, 1):
        raise OperatorError("The audit could not run (see above).")
    report = msgspec.json.decode(said)
    entries = sum(row["entries"] for row in report["partitions"])
    click.echo(
        f"\nsealstream replay audit --fast: {'clean' if report['clean'] else 'NOT CLEAN'}, {entries:,} "
        f"entries and {report['rows']:,} rows in {took:.1f} s: {entries / took:,.0f} entries/s."
    )
    for violation in report["violations"][:5]:
        click.echo(f"  {violation['kind']}: {violation['text']}")
    mebibytes = (peak.one / 2**20, peak.all / 2**20)
    click.echo("Memory: {:.0f} MiB in its largest process, {:.0f} MiB in all.".format(*mebibytes))
    spent = {name: used.since(before.get(name)).cpu_seconds for name, used in usage(data).items()}
    each = {"audit": _children() - own, **{NAMES[name]: spent[name] for name in NAMES if name in spent}}
    words = ", ".join(f"{name} {seconds / entries * 1e6:.2f}" for name, seconds in each.items())
    click.echo(f"CPU, µs an entry: {words}.")
    return bool(report["clean"])


def _children() -> float:
    """CPU seconds of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
