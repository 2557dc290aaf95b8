"""`make bench-audit`: how many entries a second an audit reads, its memory, and what bounds it."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import psutil
from redis import Redis

from ops.errors import OperatorError
from ops.log_repair.pair import pair
from ops.replay.bench.auditing import audit
from ops.replay.bench.filling import Filled, Size
from ops.replay.bench.steps import steps
from ops.replay.bench.whole import fill_all
from schema import keys, servers
from schema.settings import Settings

PARTITIONS: Final = 8
ENTRY_BYTES: Final = 400
"""Of the log's memory, beside the body: generous."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--entries", default=300_000, show_default=True, type=click.IntRange(1000), help="In all.")
@click.option("--users", default=1000, show_default=True, type=click.IntRange(PARTITIONS), help="Mailboxes.")
@click.option("--body", default=512, show_default=True, type=click.IntRange(1, 65536), help="Bytes.")
@click.option(
    "--archived", default=0, show_default=True, type=click.IntRange(0, 99),
    help="Per cent of the entries that are in the archive alone.",
)  # fmt: skip
def main(entries: int, users: int, body: int, archived: int) -> None:
    """Fill log, archive and PostgreSQL with genuine entries, and time `sealstream replay audit --fast`.

    Exit status 1 when the audit is not clean.
    """
    size = Size(entries, users, body, archived, PARTITIONS)
    try:
        with _servers(size) as (settings, environment):
            began = time.perf_counter()
            click.echo(f"Writing {entries:,} entries of {users:,} mailboxes, {body} bytes a body …")
            filled = fill_all(settings, size, min(os.cpu_count() or 1, PARTITIONS))
            click.echo(f"{_summary(settings, filled)}, in {time.perf_counter() - began:.0f} s.")
            pid = int((settings.data / "run" / "log.pid").read_text("ascii"))
            assert settings.log_url
            asyncio.run(steps(settings.log_url, psutil.Process(pid), PARTITIONS))
            is_clean = audit(settings.data, environment)
    except OperatorError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if is_clean else 1)


@contextmanager
def _servers(size: Size) -> Iterator[tuple[Settings, dict[str, str]]]:
    """A log and a PostgreSQL of its own; the settings, and the environment that names the servers."""
    in_log = size.entries * (100 - size.archived) // 100 + size.entries // 10
    with tempfile.TemporaryDirectory(prefix="sealstream-bench-") as folder:
        environment = {
            **os.environ,
            "SEALSTREAM_DATA": str(Path(folder) / "data"),
            "SEALSTREAM_PARTITIONS": str(size.partitions),
            "SEALSTREAM_LOG_MEMORY_MB": str(in_log * (size.body + ENTRY_BYTES) // 2**20 + 256),
        }
        for name in ("LOG", "BOARD", "DATABASE"):
            environment.pop(f"SEALSTREAM_{name}_URL", None)
        with pair(environment) as settings:
            assert settings.log_url
            assert settings.database_url
            environment["SEALSTREAM_LOG_URL"] = settings.log_url
            environment["SEALSTREAM_DATABASE_URL"] = settings.database_url
            yield settings, environment


def _summary(settings: Settings, filled: dict[int, Filled]) -> str:
    """What there is to be audited."""
    assert settings.log_url
    with Redis.from_url(servers.plain(settings.log_url)) as log:
        in_log = sum(log.xlen(keys.log(number)) for number in filled)
        memory = log.info("memory")["used_memory"] / 2**20
    segments = [path.stat().st_size for path in (settings.data / "archive").rglob("*.segment")]
    return (
        f"{sum(one.entries for one in filled.values()):,} entries, {in_log:,} of them in the log "
        f"({memory:,.0f} MiB), and {len(segments):,} segments ({sum(segments) / 2**20:,.0f} MiB)"
    )


if __name__ == "__main__":
    main()
