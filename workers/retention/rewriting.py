"""The scheduled rewrite: what was trimmed leaves the log's file, and so the disk."""

from typing import Any

import structlog
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

from schema import keys
from schema.failures import slug

log = structlog.get_logger(__name__)


async def rewrite_when_due(board: Any, log_client: Any, interval_seconds: float) -> bool:
    """Asks the log (every primary of a cluster) to rewrite its file, once in `interval_seconds`.

    Whether it did. The board remembers the last time, so that a restart of this worker neither hastens
    nor delays the next; one that was refused (another is under way) is asked for again at the next round.
    """
    if not await board.set(keys.REWRITTEN, "1", nx=True, px=int(interval_seconds * 1000)):
        return False
    # The nodes by name: the client does not know this command as one that it may send to a kind of node.
    arguments = {"target_nodes": log_client.get_primaries()} if isinstance(log_client, RedisCluster) else {}
    try:
        await log_client.execute_command("BGREWRITEAOF", **arguments)
    except ResponseError as error:
        log.warning("rewrite_postponed", error=slug(error))
        await board.delete(keys.REWRITTEN)
        return False
    log.info("rewrite_begun")
    return True
