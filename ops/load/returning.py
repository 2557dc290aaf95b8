"""A device that comes back: connects, and after every loss waits and connects again, as the web client does.

The waits are those of `core/backoff.ts` and `session/relay-connection.ts` in `client-web/src/messenger/`:
doubling from half a second up to thirty, each jittered downwards by half; up to two seconds after an orderly
`shutdown`; what the relay asks for where it asks.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import aiohttp

from ops.errors import OperatorError
from ops.load.account import Account
from ops.load.line import Line, NoAnswer, Refused
from schema import tasks
from schema.backoff import Backoff

CONNECT_SECONDS: Final = 10.0
SHUTDOWN_SPREAD_SECONDS: Final = 2.0
MOST_SECONDS: Final = 30.0
ACK_AGAIN_SECONDS: Final = 0.5
TOKEN_CODES: Final = ("token_expired", "unauthorized")

Loss = Refused | str | None
"""Why it is not connected: a refusal, the reason in `session.ended`, or nothing that anybody said."""


class Returning:
    """`run` keeps it connected. `online` is set from `caught_up` to the loss; what was refused is counted.

    `attempts` numbers the connections, failed ones included: what arrives belongs to the newest."""

    most_seconds = MOST_SECONDS
    """The longest wait of the backoff."""

    def __init__(self, account: Account, http: aiohttp.ClientSession) -> None:
        self.account = account
        self.online = asyncio.Event()
        self.online_since = 0.0
        self.attempts = 0
        self.connections = 0
        self.refusals: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.line: Line | None = None
        self._http = http
        self._backoff = Backoff(first=0.5, factor=2.0, most=self.most_seconds)
        self._stored = 0
        self._store: asyncio.Event = asyncio.Event()

    def before_connecting(self) -> float:
        """Called before each connection; seconds to wait beforehand."""
        return 0.0

    def on_envelopes(self, envelopes: list[Any]) -> None:
        """Takes what came; here it is only acknowledged."""
        self.stored(envelopes[-1]["seq"])

    def on_event(self, name: str, payload: Any) -> None:
        """Takes every other event."""

    def stored(self, upto: int) -> None:
        """Everything up to that number may be acknowledged."""
        self._stored = max(self._stored, upto)
        self._store.set()

    def acknowledged(self, upto: int) -> None:
        """The relay may forget everything up to that number."""

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                loss = await self._connected()
                if loss == "token_expired" or (isinstance(loss, Refused) and loss.code in TOKEN_CODES):
                    with suppress(OperatorError, aiohttp.ClientError, OSError):
                        await self.account.renew(self._http)
                await asyncio.sleep(self._wait_after(loss))
        finally:
            if self.line is not None:
                await self.line.close()

    async def _connected(self) -> Loss:
        """One connection, from the attempt to the loss."""
        if wait := self.before_connecting():
            await asyncio.sleep(wait)
        self.attempts += 1
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self.line = await Line.open(
                    self.account.url, self.account.token, self.on_envelopes, self._event
                )
        except Refused as refused:
            self.refusals[refused.code] += 1
            return refused
        except (OSError, TimeoutError):
            return None
        self.connections += 1
        acknowledging = asyncio.create_task(self._acknowledge(self.line))
        try:
            await self.line.until_closed()
        finally:
            self.online.clear()
            await tasks.end([acknowledging])
        self.ends[self.line.ended or "lost"] += 1
        return self.line.ended

    def _wait_after(self, loss: Loss) -> float:
        if isinstance(loss, Refused) and loss.retry_after_ms is not None:
            return loss.retry_after_ms / 1000
        if isinstance(loss, Refused) and loss.code == "rate_limited":
            return MOST_SECONDS
        if loss == "shutdown":
            return random.uniform(0.0, SHUTDOWN_SPREAD_SECONDS)  # noqa: S311 - jitter, not a secret
        return MOST_SECONDS if loss == "rate_limited" else self._backoff.next()

    def _event(self, name: str, payload: Any) -> None:
        if name == "caught_up":
            self._backoff.reset()
            self.online_since = time.perf_counter()
            self.online.set()
        self.on_event(name, payload)

    async def _acknowledge(self, line: Line) -> None:
        """One `ack` for all that came in one turn of the loop, again while the relay cannot take it."""
        if self._stored:
            self._store.set()  # the last connection may have been lost with an `ack` in it
        while True:
            await self._store.wait()
            self._store.clear()
            upto = self._stored
            try:
                answer = await line.ask("ack", {"upto": upto})
            except NoAnswer:
                answer = {"ok": False}
            if answer["ok"]:
                self.acknowledged(upto)
            else:
                self._store.set()
                await asyncio.sleep(ACK_AGAIN_SECONDS)


async def in_groups(count: int, work: list[Callable[[], Any]]) -> None:
    """Does all the work, `count` pieces of it at a time."""
    few = asyncio.Semaphore(count)

    async def one(piece: Callable[[], Any]) -> None:
        async with few:
            await piece()

    await asyncio.gather(*(one(piece) for piece in work))
