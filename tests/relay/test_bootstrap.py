"""A node's process: when one of its loops ends by a bug, it says so, drains, and ends with status 1."""

import asyncio
import json
import os
import re
import socket
from pathlib import Path

import pytest

from schema import servers
from tests.support.processes import Process, run
from tests.support.stack import free_ports

FEW_OBJECTS = 10_000
LOOPS = [("relay.delivery.inbox_reader", "InboxReader", "run"), ("relay.admission.policy", "Policy", "watch")]


def environment(log_url: str, board_url: str, database_url: str, data: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "SEALSTREAM_LOG_URL": log_url,
        "SEALSTREAM_BOARD_URL": board_url,
        "SEALSTREAM_DATABASE_URL": database_url,
        "SEALSTREAM_DATA": str(data),
        "SEALSTREAM_PORT": str(free_ports(1)),
        "SEALSTREAM_LOG_FORMAT": "json",
        **more,
    }


async def run_until_it_ends(env: dict[str, str], *loop: str) -> tuple[int, str]:
    """A node whose loop (module, class, method) breaks soon: its exit status and what it said."""
    done = await asyncio.to_thread(run, "node_with_a_bug", *loop, environment=env)
    return done.returncode, done.stdout


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop[1])
async def test_a_node_that_lost_a_loop_ends_so_that_another_is_started(
    log_url: str, board_url: str, database_url: str, tmp_path: Path, loop: tuple[str, str, str]
) -> None:
    status, said = await run_until_it_ends(environment(log_url, board_url, database_url, tmp_path), *loop)
    assert status == 1, said
    for slug in ("node_up", "loop_ended", "node_draining", "node_down"):
        assert slug in said, said
    assert "a bug" not in said, "an exception's words may be anything"


async def test_the_garbage_collector_passes_over_what_was_there_at_the_start(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    env = environment(log_url, board_url, database_url, tmp_path)
    done = await asyncio.to_thread(run, "node_that_counts", environment=env)
    (examined,) = re.findall(r"^examined (\d+)$", done.stdout, re.MULTILINE)
    assert int(examined) < FEW_OBJECTS, "a pass over many objects stops every socket"


async def test_a_metrics_port_in_use_is_said_and_done_without(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = environment(log_url, board_url, database_url, tmp_path, SEALSTREAM_METRICS_PORT=str(port))
        _, said = await run_until_it_ends(env, *LOOPS[0])
    (line,) = [line for line in said.splitlines() if "cannot_serve_metrics" in line]
    assert str(port) in line
    assert "node_up" in said


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("redis://127.0.0.1:1", "Connection refused"),
        ("redis://127.0.0.1:1?cluster=true", "Connection refused"),
        ("unix://nobody:wrong@{log}", "it refuses the user or password"),
    ],
)
async def test_a_log_that_is_away_is_waited_for_and_the_reason_is_said(
    log_url: str, board_url: str, database_url: str, tmp_path: Path, address: str, why: str
) -> None:
    env = environment(log_url, board_url, database_url, tmp_path)
    env["SEALSTREAM_LOG_URL"] = address.format(log=log_url.removeprefix("unix://"))
    process, output = Process.with_lines("sealstream", "node", environment=env)
    with output as lines:
        line = await asyncio.to_thread(lines.readline)
        process.terminate()
        rest = await asyncio.to_thread(lines.read)
    status = await asyncio.to_thread(process.wait, 60)
    said = json.loads(line)
    assert (said["event"], said["server"], said["why"]) == ("waiting_for_server", "log", why)
    assert status == 0, rest
    assert "Traceback" not in rest
    assert "exception" not in rest


async def test_an_unsafe_log_ends_every_start_in_words(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    env = environment(log_url, board_url, database_url, tmp_path)
    async with servers.client(log_url) as log:
        await log.config_set("appendfsync", "everysec")
        try:
            for command in (["node"], ["worker", "pusher"], ["worker", "projector"]):
                done = await asyncio.to_thread(run, "sealstream", *command, environment=env)
                assert done.returncode == 1
                assert "appendfsync is everysec, not always" in done.stdout
                assert "Traceback" not in done.stdout + done.stderr
        finally:
            await log.config_set("appendfsync", "always")
