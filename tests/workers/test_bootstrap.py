"""A worker process: waits for its servers in words, says why it ends, drains on SIGTERM."""

import asyncio
import signal
import socket
import urllib.request
from uuid import uuid4

import pytest

from schema import keys
from schema.partitions import partition_of
from tests.servers import Servers
from tests.workers import stories
from tests.workers.running import PARTITIONS, Workers, until
from workers.bootstrap import WORKERS


@pytest.mark.parametrize("name", WORKERS)
def test_it_comes_up_and_ends_with_status_0_on_sigterm(workers: Workers, name) -> None:
    worker = workers.start(name).until_said("worker_up")
    assert worker.stop() == 0
    assert worker.said("worker_down", status=0)


def test_it_ends_on_ctrl_c_as_well(workers: Workers) -> None:
    worker = workers.start("pusher").until_said("worker_up")
    worker.signal(signal.SIGINT)
    assert worker.wait() == 0


@pytest.mark.parametrize(
    ("server", "name"), [("log", "pusher"), ("board", "pusher"), ("postgres", "projector")]
)
def test_a_server_that_is_away_at_the_start_is_waited_for_in_words(
    workers: Workers, servers: Servers, server, name
) -> None:
    servers.kill(server)
    worker = workers.start(name)
    said = "database" if server == "postgres" else server
    worker.until_said("waiting_for_server", server=said)
    servers.revive()
    worker.until_said("worker_up")
    assert "Traceback" not in "".join(worker.text)
    assert worker.stop() == 0


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("redis://127.0.0.1:1", "Connection refused"),
        ("redis://127.0.0.1:1?cluster=true", "Connection refused"),
        ("unix://nobody:wrong@{log}", "it refuses the user or password"),
    ],
)
@pytest.mark.parametrize("name", ["projector", "rate-limiter"])
def test_it_says_why_the_log_is_away(workers: Workers, log_url: str, name, address, why) -> None:
    url = address.format(log=log_url.removeprefix("unix://"))
    worker = workers.start(name, SEALSTREAM_LOG_URL=url)
    worker.until_said("waiting_for_server", server="log", why=why)
    assert worker.stop(within=8) == 0
    text = "".join(worker.text)
    assert "Traceback" not in text
    assert "exception" not in text


def test_it_can_be_stopped_while_it_waits(workers: Workers, servers: Servers) -> None:
    servers.kill("log")
    worker = workers.start("pusher").until_said("waiting_for_server")
    assert worker.stop(within=5) == 0


def test_it_can_be_stopped_while_a_server_went_away(workers: Workers, servers: Servers) -> None:
    worker = workers.start("projector").until_said("partition_taken")
    servers.kill("log")
    worker.until_said("consumer_waits")
    assert worker.stop() == 0


def test_a_worker_that_does_not_exist_is_said_to_be_none(workers: Workers) -> None:
    worker = workers.start("gardener")
    assert worker.wait() == 2
    assert worker.said("no_such_worker", known=list(WORKERS))


async def test_another_number_of_partitions_is_refused_in_words(workers: Workers, log) -> None:
    await log.set(keys.PARTITION_COUNT, 16)
    worker = workers.start("projector")
    assert worker.wait() == 1
    (line,) = worker.said("partitions_differ")
    assert line["reason"] == "the log has 16 partitions, the setting says 2"
    assert line["setting"] == "SEALSTREAM_PARTITIONS"


def _get(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        text: str = answer.read().decode()
    return text


async def test_its_metrics_tell_of_batches_lag_and_pending(workers: Workers, log) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = uuid4()
    partition = partition_of(user, PARTITIONS)
    # Nodes come first, then the workers in their order.
    worker = workers.start("projector", SEALSTREAM_METRICS_PORT=str(port - 1)).until_said("worker_up")
    async with log.pipeline(transaction=True) as together:  # in one batch: else the envelope is not spared
        for said in (stories.identity(user), stories.accepted(user, 1, 1), stories.acknowledged(user, 1, 1)):
            together.xadd(keys.log(partition), stories.fields(said))
        await together.execute()

    async def told() -> bool:
        text = await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/metrics")
        where = f'{{group="projector",partition="{partition}"}}'
        return (
            f"sealstream_group_lag{where} 0.0" in text
            and f"sealstream_group_pending{where}" in text
            and 'sealstream_partitions_owned{group="projector"} 2.0' in text
            and 'sealstream_batch_entries_bucket{group="projector"' in text
            and "sealstream_envelopes_spared_total 1.0" in text
        )

    await until(told)
    assert worker.stop() == 0


def test_a_metrics_port_in_use_is_said_and_the_work_goes_on(workers: Workers) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        worker = workers.start("projector", SEALSTREAM_METRICS_PORT=str(port - 1)).until_said("worker_up")
        assert worker.said("cannot_serve_metrics", port=port)
        assert worker.stop() == 0


async def test_what_it_logs_names_no_user_and_no_content(workers: Workers, log) -> None:
    user = uuid4()
    worker = workers.start("projector").until_said("worker_up")
    body = b"content of the message"
    for said in (
        stories.identity(user),
        stories.accepted(user, 1, 1, body=body),
        stories.uploaded(user, 1, 2**31),
    ):
        await log.xadd(keys.log(partition_of(user, PARTITIONS)), stories.fields(said))
    worker.until_said("entry_quarantined", kind="failing")
    assert worker.stop() == 0
    text = "".join(worker.text)
    assert str(user) not in text
    assert "content" not in text
    assert str(2**31) not in text
