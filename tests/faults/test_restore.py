"""The restore path of the runbook, walked: a dump, PostgreSQL lost with all its files, restored; the log
has the rest."""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ops.embedded import postgres
from tests.faults.test_audits import audit
from tests.support.house import House
from tests.support.until import until


def program(name: str, *arguments: str) -> None:
    done = subprocess.run(
        [postgres.programs() / name, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


async def test_a_dump_and_the_log_bring_everything_back_and_clients_go_on(
    house: House, tmp_path: Path
) -> None:
    dump, url = str(tmp_path / "sealstream.dump"), house.servers.database_url()
    async with house.crowd(house.url(0), house.url(1), prekeys=3) as crowd, crowd.connected():
        async with crowd.writing():
            await crowd.goes_on(12)
            program("pg_dump", "--format=custom", f"--file={dump}", url)
            await crowd.chatters[0].fetch_bundle(crowd.chatters[1])
            await crowd.goes_on(12)
            await house.kill(postgres.NAME)
            await asyncio.to_thread(shutil.rmtree, house.servers.places.data / postgres.NAME)
            await crowd.goes_on(12)  # accepted and delivered without any PostgreSQL
        await house.revive()
        whole = ("pg_restore", "--single-transaction", "--clean", "--if-exists", "--no-privileges")
        await asyncio.to_thread(program, *whole, f"--dbname={url}", dump)
        await house.healed()
        async with crowd.writing():
            await crowd.goes_on(12)
            await crowd.chatters[0].fetch_bundle(crowd.chatters[1])

        async def caught_up() -> Any:
            report = await audit(house)
            assert report.violations == []
            return all(row.tables == row.directory for row in report.partitions if row.begins)

        await until(caught_up, seconds=60)
