"""A relay whose limits for files are small, and a person with an account."""

import os
from pathlib import Path

import pytest

from schema.settings import Settings
from tests.support.people import Person
from tests.support.relay import Relay, make_settings

MIB = 1024 * 1024
DATA = os.urandom(5 * MIB + 777)


@pytest.fixture
def settings(log_url: str, board_url: str, database_url: str, tmp_path: Path) -> Settings:
    return make_settings(
        log_url, board_url, database_url, tmp_path, SEALSTREAM_BLOB_BYTES=str(6 * MIB),
        SEALSTREAM_BLOB_QUOTA_BYTES=str(11 * MIB),
    )  # fmt: skip


@pytest.fixture
async def ada(node: Relay) -> Person:
    """An account is enough: no keys were published."""
    return await node.stranger().register()
