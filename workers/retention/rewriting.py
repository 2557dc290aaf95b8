"""The scheduled rewrite: what was trimmed leaves the log's file, and so the disk."""

from typing import Any

import structlog
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

log = structlog.get_logger(__name__)


async def rewrite(log_client: Any) -> bool:
    """Asks the log (every primary of a cluster) to rewrite its file; False when one is under way already."""
    arguments = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(log_client, RedisCluster) else {}
    try:
        await log_client.execute_command("BGREWRITEAOF", **arguments)
    except ResponseError as error:
        log.info("rewrite_postponed", reason=str(error).split(" ", 1)[0])
        return False
    log.info("rewrite_begun")
    return True
