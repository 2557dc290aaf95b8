"""A node's process: when one of its loops ends by a bug, it says so, drains, and ends with status 1."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support.stack import free_ports

NODE = """
import asyncio, os, sys
from schema.settings import Settings

async def broken(*_):
    await asyncio.sleep(0.2)
    raise ZeroDivisionError("a bug")

module, name, method = sys.argv[1:]
setattr(getattr(__import__(module, fromlist=[name]), name), method, broken)

from relay.bootstrap import run_node
sys.exit(run_node(Settings.from_env(os.environ), 0))
"""
LOOPS = [("relay.inbox_reader", "InboxReader", "run"), ("relay.policy", "Policy", "watch")]


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop[1])
async def test_a_node_that_lost_a_loop_ends_so_that_another_is_started(
    log_url: str, board_url: str, database_url: str, tmp_path: Path, loop: tuple[str, str, str]
) -> None:
    env = {
        "SEALSTREAM_LOG_URL": log_url,
        "SEALSTREAM_BOARD_URL": board_url,
        "SEALSTREAM_DATABASE_URL": database_url,
        "SEALSTREAM_DATA": str(tmp_path),
        "SEALSTREAM_PORT": str(free_ports(1)),
        "SEALSTREAM_LOG_FORMAT": "json",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NODE, *loop,
        env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 1, said.decode()
    for slug in (b"node_up", b"loop_ended", b"node_draining", b"node_down"):
        assert slug in said, said.decode()
    assert b"a bug" not in said, "an exception's words may be anything"
