"""The relay's HTTP side on real servers, in the test's own process: fast to start, easy to look into."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
from aiohttp import web

from relay.admission.limits import Limits
from relay.admission.room import Room
from relay.auth.keyset import Keyset
from relay.auth.passwords import Passwords
from relay.auth.revocation import Revocation, SessionEnd
from relay.auth.tokens import AccessTokens
from relay.database import WAITING_CONNECTIONS, Database
from relay.files.service import Files
from relay.http.app import build_app
from relay.http.connections import Runner
from relay.http.peer import Peers
from relay.identity.directory import Directory
from relay.log.receipts import Receipts
from relay.services import NodeServices
from schema import codec, functions, keys, servers, tasks
from schema.clock import now_ms
from schema.partitions import partition_of
from schema.settings import Settings
from tests.support.naive_projector import NaiveProjector
from tests.support.people import Person
from tests.support.quick import quick_hasher
from tests.support.stack import ROOMY

ROOM = Room.within(20_000)


class Relay:
    """One node's HTTP side. `ended` collects the login sessions it learned have ended."""

    def __init__(self, services: NodeServices, url: str) -> None:
        self.services = services
        self.url = url
        self.ended: dict[UUID, SessionEnd] = {}
        self.people: list[Person] = []

    def stranger(self, username: str | None = None) -> Person:
        """Somebody without an account yet."""
        self.people.append(Person(self.url, username))
        return self.people[-1]

    async def person(self, **keys_fields: Any) -> Person:
        """Somebody with an account and an active device."""
        return await (await self.stranger().register()).publish(**keys_fields)

    async def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.services.database.connection() as connection:
            return await (await connection.execute(query, arguments)).fetchall()

    async def directory(self, person: Person) -> dict[bytes, bytes]:
        """What the log's directory has of them."""
        user = UUID(person.user_id)
        found: dict[bytes, bytes] = await self.services.log.hgetall(
            keys.user(partition_of(user, self.services.partitions), user)
        )
        return found

    async def events(self, person: Person) -> list[Any]:
        """Everything in the log of their partition."""
        partition = partition_of(UUID(person.user_id), self.services.partitions)
        entries = await self.services.log.xrange(keys.log(partition))
        return [codec.decode_entry(fields)[0] for _, fields in entries]

    async def limit(self, name: str, count: int) -> None:
        """Sets one limit, as the operator's settings would."""
        row = msgspec.json.encode({"count": count, "window_ms": 3_600_000, "burst": None})
        await self.services.board.hset(keys.POLICY, name, row)
        await self.services.limits.policy.read()

    async def note_end(self, session: UUID, reason: SessionEnd) -> None:
        self.ended[session] = reason


async def install_policy(board: Any, settings: Settings) -> None:
    """What the rate-limiter worker installs."""
    rows = {
        row.name: msgspec.json.encode({"count": row.count, "window_ms": row.window_ms, "burst": row.burst})
        for row in settings.limits
    }
    await board.hset(keys.POLICY, mapping=rows)


def make_settings(log_url: str, board_url: str, database_url: str, data: Path, **env: str) -> Settings:
    """Settings as the environment would give them."""
    return Settings.from_env(
        {
            **ROOMY,
            "SEALSTREAM_DATA": str(data),
            "SEALSTREAM_LOG_URL": log_url,
            "SEALSTREAM_BOARD_URL": board_url,
            "SEALSTREAM_DATABASE_URL": database_url,
            **env,
        }
    )


async def serve(stack: AsyncExitStack, app: web.Application, room: Room = ROOM) -> str:
    """Serves `app` on a free port until the stack ends; its address."""
    runner = Runner(app, room, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    return f"http://127.0.0.1:{port}"


async def open_services(stack: AsyncExitStack, settings: Settings, **over: Any) -> NodeServices:
    """The parts of a node on the servers of `settings`."""
    log, board = servers.client(settings.log_url or ""), servers.client(settings.board_url or "")
    stack.push_async_callback(log.aclose)
    stack.push_async_callback(board.aclose)
    await functions.install(log, "relay")
    await functions.install(board, "relay")
    database = Database(settings.database_url or "")
    await database.open()
    stack.push_async_callback(database.close)
    waiting = Database(settings.database_url or "", most=WAITING_CONNECTIONS)
    await waiting.open()
    stack.push_async_callback(waiting.close)
    keyset = Keyset(database, settings.secret_file)
    await keyset.load()
    revocation = Revocation(database)
    passwords = Passwords(threads=2, hasher=quick_hasher())
    stack.callback(passwords.close)
    made = {
        "tokens": AccessTokens(keyset, revocation),
        "passwords": passwords,
        "revocation": revocation,
        "limits": Limits(board, log),
        "receipts": await Receipts.open(database, settings.secret_file, uuid4()),
        "draining": lambda: False,
        "pressure": lambda: None,
        "warning": lambda: None,
        **over,
    }
    directory = Directory(log, settings.partitions)
    made.setdefault("files", Files.open(settings, database, waiting, directory, made["limits"], now_ms))
    return NodeServices(
        settings=settings,
        database=database,
        waiting_database=waiting,
        log=log,
        board=board,
        partitions=settings.partitions,
        node_id=f"test-{os.getpid()}",
        started_at=now_ms(),
        keyset=keyset,
        **made,
    )


@asynccontextmanager
async def relay(settings: Settings, *, projector: bool = True, **over: Any) -> AsyncIterator[Relay]:
    """A served node: policy installed and read, loops running, with or without a projector."""
    async with AsyncExitStack() as stack:
        services = await open_services(stack, settings, **over)
        await install_policy(services.board, settings)
        await services.limits.policy.read()
        node = Relay(
            services, await serve(stack, build_app(services, Peers(services.settings.trusted_proxies)))
        )
        loops = [services.limits.run(), services.keyset.run(), services.revocation.watch(node.note_end)]
        if projector:
            assert settings.log_url
            assert settings.database_url
            loops.append(NaiveProjector(settings.log_url, settings.database_url, settings.partitions).run())
        running = [asyncio.create_task(loop) for loop in loops]
        try:
            yield node
        finally:
            for person in node.people:
                await person.close()
            await tasks.end(running)
