"""The log and the database that a repair works on, while nothing else does.

Promise: embedded servers are started for the repair and ended after it, under the data directory's lock; of
the operator's own servers the board is asked whether a node or worker lives.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from redis import Redis, RedisCluster
from redis.exceptions import RedisError

from ops.embedded.layout import layout, prepare
from ops.errors import OperatorError
from ops.migrate import migrate
from ops.supervisor import instance, servers
from ops.supervisor.bell import Bell
from ops.supervisor.house import House, Interrupted
from ops.supervisor.journal import Journal
from ops.supervisor.plan import plan
from schema import keys
from schema.roles import WORKERS
from schema.servers import is_cluster, plain
from schema.settings import Settings

LIVES_MS: Final = 15_000
"""A node or worker that was heard of within this time runs; one that ends in order leaves at once."""


@contextmanager
def pair(environment: Mapping[str, str]) -> Iterator[Settings]:
    """The settings, with the addresses of servers that answer; the database has this version's tables.

    Raises OperatorError: a server is away, or the relay runs.
    """
    settings = Settings.from_env(environment)
    if settings.board_url:
        _check_nothing_runs(settings.board_url)
    if settings.log_url and settings.database_url:
        migrate(settings.database_url, wait_seconds=60.0)
        yield settings
        return
    places = layout(settings.data)
    prepare(places, traversable=os.geteuid() == 0)
    tell = Journal(places.log_file("supervisor"))
    with Bell() as bell, instance.hold(places, tell):
        wanted = plan(settings, places, environment)
        house = House(places, bell)
        try:
            servers.bring_up(house, wanted, places, tell, board=False)
            assert wanted.settings.database_url
            migrate(wanted.settings.database_url, wait_seconds=60.0, tell=tell)
            yield wanted.settings
        except Interrupted:
            raise OperatorError("Interrupted; nothing was changed.") from None
        finally:
            house.end(tell)


def _check_nothing_runs(board_url: str) -> None:
    """Raises OperatorError. A board that is away has nobody on it: without it no node serves."""
    client: Any = (
        RedisCluster.from_url(plain(board_url))
        if is_cluster(board_url)
        else Redis.from_url(plain(board_url), socket_timeout=5, socket_connect_timeout=5)
    )
    try:
        with client:
            seconds, micros = client.time()
            since = seconds * 1000 + micros // 1000 - LIVES_MS
            names = {"node": keys.NODES, **{name: keys.members(name) for name in WORKERS}}
            running = [what for what, name in names.items() if client.zcount(name, since, "+inf")]
    except (RedisError, OSError):
        return
    if running:
        raise OperatorError(f"The relay runs ({', '.join(running)}): stop every node and worker first.")
