"""One node process: opens everything, wires it, serves, drains on SIGTERM, closes everything."""

import asyncio
import secrets
import signal
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from uuid import UUID

import structlog
import uvloop
from aiohttp import web
from prometheus_client import start_http_server

from relay import database as databases
from relay import heap
from relay.admission.admission import Admission
from relay.admission.policy import Policy
from relay.admission.pressure import Pressure
from relay.admission.refusal_notes import RefusalNotes
from relay.admission.room import CLIENT_CONNECTIONS, Room, room_here
from relay.auth.keyset import TOKEN_LIFE_MS, Keyset, KeysetUnreadable
from relay.auth.passwords import Passwords
from relay.auth.revocation import Revocation
from relay.auth.tokens import AccessTokens
from relay.calls.dispatch import Calls
from relay.calls.handshake import Handshake
from relay.calls.sends import Sends
from relay.calls.server import RelayServer
from relay.delivery.catch_up import CatchUp
from relay.delivery.hand_over import HandOver
from relay.delivery.inbox_reader import InboxReader
from relay.delivery.memory import SocketMemory
from relay.delivery.presence import Presence
from relay.delivery.registry import Registry
from relay.files.service import Files
from relay.heap import give_back
from relay.http.app import build_app
from relay.http.connections import Runner, listen
from relay.http.headers import origin_allowed
from relay.http.peer import Peers
from relay.identity.directory import Directory
from relay.log.mailbox_log import MailboxLog
from relay.log.receipts import Receipts
from relay.log.watch import LogWatch
from relay.node import Node
from relay.services import NodeServices
from schema import durability, functions, log_identity, logs, servers, tasks
from schema import partitions as partitions_of
from schema.clock import now_ms
from schema.cluster_link import link_to
from schema.link import Check
from schema.open_files import raise_limit
from schema.settings import BadSetting, Settings
from schema.waiting import until_there

log = structlog.get_logger(__name__)


def run_node(settings: Settings, index: int) -> int:
    """Runs node `index` until SIGTERM or SIGINT; the process's exit status."""
    logs.configure(settings.log_format, f"node-{index}")
    raise_limit()
    return uvloop.run(_main(settings, index))


async def _main(settings: Settings, index: int) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    serving = asyncio.create_task(_serve(settings, index, stopping))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not serving.done() and not _up.is_set():
        await tasks.end([serving])  # still waiting for a server
        return 0
    return await serving


_up = asyncio.Event()


async def _serve(settings: Settings, index: int, stopping: asyncio.Event) -> int:
    room = room_here()
    async with AsyncExitStack() as stack:
        try:
            listening = listen(settings.host, settings.port + index)
        except OSError as error:
            log.error(  # noqa: TRY400 - the operator needs the line, not the trace
                "cannot_listen", host=settings.host, port=settings.port + index, reason=error.strerror,
                setting="SEALSTREAM_PORT",
            )  # fmt: skip
            return 1
        stack.callback(listening.close)
        try:
            node, app = await _wire(settings, index, room, stack)
        except partitions_of.PartitionsDiffer as error:
            log.error(  # noqa: TRY400 - as above
                "partitions_differ", reason=str(error), setting="SEALSTREAM_PARTITIONS"
            )
            return 1
        except log_identity.LogUnfit as error:
            log.error("log_unfit", reason=str(error))  # noqa: TRY400 - as above
            return 1
        except (BadSetting, KeysetUnreadable) as error:
            log.error("setting_unusable", reason=str(error))  # noqa: TRY400 - as above
            return 1
        runner = Runner(app, room, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        heap.spare_what_stays()
        await web.SockSite(runner, listening).start()
        _up.set()
        log.info("node_up", host=settings.host, port=settings.port + index)
        await _first(stopping, node.failed)
        log.info("node_draining")
        await node.drain()
        await runner.cleanup()
    log.info("node_down")
    return 1 if node.failed.is_set() else 0


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def _wire(
    settings: Settings, index: int, room: Room, stack: AsyncExitStack
) -> tuple[Node, web.Application]:
    assert settings.log_url
    assert settings.board_url
    assert settings.database_url
    node_id = f"{index}-{secrets.token_hex(6)}"
    partitions = settings.partitions
    board_client = servers.client(settings.board_url, most=CLIENT_CONNECTIONS)
    stack.push_async_callback(board_client.aclose)
    database, waiting = await _databases(stack, settings.database_url)
    guard, log_faults = await _guard(settings, database)
    keeps_all = not log_faults and not servers.is_cluster(settings.log_url)
    log_client, watch, check = _log(stack, settings.log_url, guard, partitions, keeps_all=keeps_all)

    async def install_log() -> None:
        await functions.install(log_client, "relay")

    async def install_board() -> None:
        await functions.install(board_client, "relay")

    await until_there("log", install_log)
    await until_there("board", install_board)
    log_link = await _link(stack, settings.log_url, "log", check)
    board_link = await _link(stack, settings.board_url, "board")
    inbox_link = await _link(stack, settings.board_url, "inbox")
    await until_there("database", lambda: _database_answers(database))

    keyset = Keyset(database, settings.secret_file)
    await until_there("database", keyset.load)
    receipts = await until_there(
        "database", lambda: Receipts.open(database, settings.secret_file, guard.log_id)
    )
    policy = Policy(board_client)
    revocation = Revocation(database)
    tokens = AccessTokens(keyset, revocation, life_ms=TOKEN_LIFE_MS)
    passwords = Passwords()
    stack.callback(passwords.close)
    registry = Registry()
    peers = Peers(settings.trusted_proxies)
    presence = Presence(board_link, node_id, install_board)
    mailbox_log = MailboxLog(
        log_link, partitions=partitions, capacity=settings.mailbox_capacity,
        capacity_bytes=settings.mailbox_bytes, install=install_log, now=now_ms, watch=watch,
        serving=presence.serving,
    )  # fmt: skip
    admission = Admission(
        board_link, policy, install_board, RefusalNotes(log_client).note,
        together=not servers.is_cluster(settings.board_url),
    )  # fmt: skip
    catch_up = CatchUp(mailbox_log, database, guard.log_id)
    pressure = Pressure(log_client, partitions)
    sends = Sends(
        mailbox_log, admission, pressure.refusal, receipts.sign,
        HandOver(registry, catch_up, now_ms).accepted, now_ms,
    )  # fmt: skip
    calls = Calls(sends, mailbox_log, presence, catch_up, tokens.verify, registry.move, now_ms)
    memory = SocketMemory(registry, settings.socket_bytes, give_back)
    server = RelayServer(
        Handshake(tokens.verify, mailbox_log, admission, presence, registry, room),
        calls, catch_up, presence, registry, revocation.is_ended, guard.log_id,
        memory,
        origin_allowed=lambda request: origin_allowed(request, settings.origins),
        address_of=peers.subject,
        room=room,
    )  # fmt: skip
    inbox = InboxReader(inbox_link, node_id, registry, catch_up, now_ms)
    node = Node(
        server=server, registry=registry, calls=calls, catch_up=catch_up, presence=presence, inbox=inbox,
        now=now_ms,
    )  # fmt: skip
    services = NodeServices(
        settings=settings, database=database, waiting_database=waiting, log=log_client, board=board_client,
        partitions=partitions, node_id=node_id, started_at=now_ms(), keyset=keyset, tokens=tokens,
        passwords=passwords, revocation=revocation, admission=admission, policy=policy, receipts=receipts,
        draining=lambda: server.draining, pressure=pressure.refusal, warning=pressure.warning,
        log_faults=log_faults, log_id=guard.log_id,
        files=Files.open(
            settings, database, waiting, Directory(log_client, partitions, guard.log_id), admission, now_ms
        ),
    )  # fmt: skip
    app = build_app(services, peers)
    app.router.add_get("/socket.io/", server.handle_request)

    async def end_session(session: UUID, reason: Any) -> None:
        node.session_ended(session, reason)

    await node.start(
        pressure.run(),
        policy.watch(),
        keyset.run(),
        revocation.watch(end_session),
        watch.run(log_link),
        memory.run(),
    )
    if settings.metrics_port:
        _serve_metrics(settings.metrics_host, settings.metrics_port + index, stack)
    return node, app


def _serve_metrics(host: str, port: int, stack: AsyncExitStack) -> None:
    """On their own port. If it is in use, that is logged, and the node runs without metrics."""
    try:
        server, _ = start_http_server(port, host)
    except OSError as error:
        log.error(  # noqa: TRY400 - the operator needs the port, not a stack trace
            "cannot_serve_metrics", port=port, reason=error.strerror, setting="SEALSTREAM_METRICS_PORT"
        )
        return
    stack.callback(server.server_close)
    stack.callback(server.shutdown)


async def _databases(stack: AsyncExitStack, url: str) -> tuple[databases.Database, databases.Database]:
    """The pool of the database, and the one for transactions that wait for log or board."""
    both = databases.Database(url), databases.Database(url, most=databases.WAITING_CONNECTIONS)
    for database in both:
        await database.open()
        stack.push_async_callback(database.close)
    return both


async def _guard(
    settings: Settings, database: databases.Database
) -> tuple[log_identity.Guard, tuple[str, ...]]:
    """The guard of every connection to the log, and what it can lose. Raises LogUnfit, PartitionsDiffer."""
    assert settings.log_url
    client = servers.client(settings.log_url)
    try:
        unsafe_is_taken = settings.log_unsafe
        faults = await until_there("log", lambda: durability.check(client, unsafe_is_taken=unsafe_is_taken))
        begin = partial(databases.transaction, database)
        log_id = await until_there(
            "database", lambda: log_identity.settle(client, begin, settings.partitions)
        )
        return log_identity.Guard(log_id, settings.partitions), tuple(faults)
    finally:
        await client.aclose()


def _log(
    stack: AsyncExitStack, url: str, guard: log_identity.Guard, partitions: int, *, keeps_all: bool
) -> tuple[Any, LogWatch, Check]:
    """The guarded client of the log, the watch over it, and the check of the hot path's connections."""
    guarded = servers.client(url, guard=guard, most=CLIENT_CONNECTIONS)
    plain = servers.client(url, most=CLIENT_CONNECTIONS)
    for client in (guarded, plain):
        stack.push_async_callback(client.aclose)
    watch = LogWatch(guard, guarded, plain, partitions, keeps_all=keeps_all)
    return guarded, watch, guard.ask if servers.is_cluster(url) else watch.check


async def _link(stack: AsyncExitStack, url: str, name: str, check: Check | None = None) -> Any:
    link = link_to(url, name=name, check=check)
    await until_there(name, link.start)
    stack.push_async_callback(link.close)
    return link


async def _database_answers(database: databases.Database) -> None:
    async with databases.transaction(database) as connection:
        await connection.execute("SELECT 1 FROM users LIMIT 1")
