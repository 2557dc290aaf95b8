"""Freed memory goes back to the system although small objects lie between."""

import ctypes

import psutil
import pytest

from relay.heap import give_back

BLOCK = 60_000
BLOCKS = 2_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library has no malloc_trim")
def test_freed_blocks_between_kept_ones_go_back() -> None:
    process = psutil.Process()
    blocks = [b"x" * (BLOCK + number) for number in range(BLOCKS)]
    kept = blocks[::50]
    blocks.clear()
    before = process.memory_info().rss
    give_back()
    assert before - process.memory_info().rss > BLOCK * BLOCKS // 2
    assert len(kept) == BLOCKS // 50
