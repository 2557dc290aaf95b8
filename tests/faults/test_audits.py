"""The audit of a relay that lives: under load, while it is restarted, and after everything was killed."""

import asyncio
import os
import signal

import psycopg

from schema import servers
from tests.faults.test_rolling_restart import restarted
from tests.support.house import PARTITIONS, House
from workers.replay.audit import Audit, Scope
from workers.replay.log_source import LogSource
from workers.replay.report import Report

SCOPE = Scope(PARTITIONS, tuple(range(PARTITIONS)))


async def audit(house: House) -> Report:
    async with servers.client(house.servers.log_url) as client:
        source = LogSource(client, rate=None)
        run = Audit(source, client, SCOPE, source.pacer, lambda _count: None)
        await run.begin()
        url = house.servers.database_url()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as database:
            return await run.run(database)


async def test_audits_under_load_and_while_processes_are_restarted_are_clean(house: House) -> None:
    urls = [house.url(number % 2) for number in range(3)]
    async with house.crowd(*urls, prekeys=3) as crowd, crowd.connected(), crowd.writing(0.1):
        reports = []
        for name in ("projector", "node-0"):
            restart = asyncio.create_task(restarted(house, name, signal.SIGKILL))
            reports.append(await audit(house))
            await restart
            await crowd.chatters[1].fetch_bundle(crowd.chatters[0])
            reports.append(await audit(house))
        await crowd.goes_on(12)
    for report in reports:
        assert report.violations == []
    accepted = [sum(row.accepted for row in report.partitions) for report in reports]
    assert accepted == sorted(accepted)
    assert accepted[0] < accepted[-1]


async def test_an_audit_after_kill_9_of_everything_is_clean(house: House) -> None:
    async with house.crowd(house.url(0), house.url(1)) as crowd, crowd.connected(), crowd.writing(0.1):
        await crowd.goes_on(12)
        for name in ("node-0", "node-1", "projector", "pusher", "retention", "rate-limiter"):
            os.kill(house.stack.pid(name), signal.SIGKILL)
        for server in ("log", "board", "postgres"):
            await house.kill(server)
        await house.revive()
        assert (await audit(house)).violations == []
        await house.healed()
        await crowd.goes_on(12)
        assert (await audit(house)).violations == []
