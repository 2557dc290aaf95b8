"""Admission: exact windows and token buckets on the board, shared by all nodes, checked before any work.

Invariant: it fails closed. With no policy on the board, or no board, nothing is admitted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol
from uuid import UUID

from redis.exceptions import ResponseError

from schema import functions, keys
from schema.failures import AWAY
from schema.limits import BYTES, Limit
from schema.link import Commands
from schema.refusals import Refusal

Question = tuple[str | int, ...]
"""A call of a function on the board."""
Event = tuple[UUID, str]
"""Whose, and its id."""
EVENTS_AT_ONCE: Final = 64
"""In one call: the board serves nobody else meanwhile."""
BOARD_SECONDS: Final = 3.0
"""A caller of one question waits no longer. A turn of sends waits until the link gives up."""
_BUCKET = functions.called("relay", "bucket")
_FORGIVE = functions.called("relay", "forgive")
_ADMIT = functions.called("relay", "admit")
_ADMIT_ALL = functions.called("relay", "admit_all")


class Policy(Protocol):
    """The limits in force, as this node last read them from the board."""

    def row(self, name: str) -> Limit:
        """One limit. Raises Refusal unavailable while there is no policy."""


class Admission:
    """Asks the board over the lean connection. `together`: one call asks for several users. On a cluster
    their keys lie in several slots, and the calls are pipelined instead."""

    def __init__(
        self,
        commands: Commands,
        policy: Policy,
        install: Callable[[], Awaitable[None]],
        note_refusal: Callable[[UUID, str], None],
        *,
        together: bool = True,
    ) -> None:
        self._commands = commands
        self._policy = policy
        self._install = install
        self._note_refusal = note_refusal
        self._together = together

    async def admit(self, name: str, subject: UUID | str, event_id: str = "") -> None:
        """Admits one event of `subject` under the limit `name`; the same non-empty `event_id` counts once. A
        refusal of a user, whose subject is the UUID, is noted.

        Raises Refusal rate_limited (with retry_after_ms) or unavailable.
        """
        question = _question(self._policy.row(name), subject, event_id)
        reply = await self._ask(question)
        self._raise(self._outcome(name, subject if isinstance(subject, UUID) else None, reply))

    async def forgive(self, name: str, subject: str, event_id: str) -> None:
        """Takes the admission of the event back. Raises Refusal unavailable."""
        await self._ask(("FCALL", _FORGIVE, 1, keys.limit_window(name, subject), event_id))

    async def spend(self, name: str, subject: str, user: UUID) -> None:
        """Takes a token from the bucket of `subject`; a refusal is noted for `user`.

        Raises Refusal rate_limited or unavailable.
        """
        row = self._policy.row(name)
        refill_ms = max(1, row.window_ms // row.count)
        question = ("FCALL", _BUCKET, 1, keys.bucket(name, subject), row.burst or row.count, refill_ms)
        self._raise(self._outcome(name, user, await self._ask(question)))

    async def admit_all(
        self, name: str, events: list[Event], sizes: list[int] | None = None
    ) -> list[Refusal | None]:
        """For each (user, event id) in order: None when admitted, else the refusal. With `sizes` (bytes of
        each), an event passes the user's window of bytes too, or counts in neither."""
        try:
            row = self._policy.row(name)
            bytes_row = None if sizes is None else self._policy.row(BYTES)
        except Refusal as refusal:
            return [refusal] * len(events)
        calls: list[tuple[list[Event], Question]]
        if bytes_row is None or sizes is None:
            calls = [([event], _question(row, *event)) for event in events]
        else:
            size = EVENTS_AT_ONCE if self._together else 1
            calls = [
                (part, _question_with_bytes(row, bytes_row, part, sizes[start : start + size]))
                for start in range(0, len(events), size)
                if (part := events[start : start + size])
            ]
        asked = [self._commands.execute(*question) for _, question in calls]
        outcomes: list[Refusal | None] = []
        for (part, question), reply in zip(calls, asked, strict=True):
            outcomes += await self._outcomes(name, part, question, reply)
        return outcomes

    async def _outcomes(
        self, name: str, events: list[Event], question: Question, asked: "asyncio.Future[Any]"
    ) -> list[Refusal | None]:
        try:
            reply = await self._with_functions(question, asked)
        except AWAY:
            return [_away()] * len(events)
        replies = reply if question[1] == _ADMIT_ALL else [reply]
        return [self._outcome(name, user, one) for (user, _), one in zip(events, replies, strict=True)]

    def _outcome(self, name: str, user: UUID | None, reply: list[Any]) -> Refusal | None:
        if reply[0] == 1:
            return None
        limit = reply[3].decode() if len(reply) > 3 else name  # a bucket has one limit
        if user is not None:
            self._note_refusal(user, limit)
        return Refusal("rate_limited", f"Over the limit of {limit}.", retry_after_ms=int(reply[1]))

    async def _ask(self, question: Question) -> Any:
        """The reply. Raises Refusal unavailable."""
        try:
            async with asyncio.timeout(BOARD_SECONDS):
                return await self._with_functions(question, self._commands.execute(*question))
        except AWAY as error:
            raise _away() from error

    @staticmethod
    def _raise(refusal: Refusal | None) -> None:
        if refusal is not None:
            raise refusal

    async def _with_functions(self, question: Question, asked: "asyncio.Future[Any]") -> Any:
        """The reply; a board that came back empty is given its functions first (once for all that wait)."""
        for attempt in (asked, None):
            try:
                return await (attempt or self._commands.execute(*question))
            except ResponseError as error:
                if not functions.is_missing(error):
                    raise
        await self._install()
        return await self._commands.execute(*question)


def _away() -> Refusal:
    return Refusal("unavailable", "Limits cannot be checked right now.", retry_after_ms=1000)


def _question(row: Limit, subject: UUID | str, event_id: str) -> Question:
    names = (keys.limit_window(row.name, str(subject)), keys.override(subject), keys.cooldown(subject))
    return ("FCALL", _ADMIT, len(names), *names, row.name, row.count, row.window_ms, event_id)


def _question_with_bytes(row: Limit, bytes_row: Limit, events: list[Event], sizes: list[int]) -> Question:
    names: list[str | int] = []
    each: list[str | int] = []
    for (user, event_id), size in zip(events, sizes, strict=True):
        subject = keys.id_text(user)
        names += (
            keys.limit_window(row.name, subject), keys.override(subject), keys.cooldown(subject),
            keys.limit_window(bytes_row.name, subject),
        )  # fmt: skip
        each += event_id, size
    rows = (row.name, row.count, row.window_ms, bytes_row.name, bytes_row.count, bytes_row.window_ms)
    return ("FCALL", _ADMIT_ALL, len(names), *names, *rows, *each)
