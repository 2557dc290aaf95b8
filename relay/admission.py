"""Admission on the hot path: the exact window of a user, asked of the board before anything is appended.

It fails closed: with no policy on the board, or no board, nothing is admitted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

from redis.exceptions import RedisError, ResponseError

from schema import functions, keys
from schema.limits import BYTES, Limit
from schema.link import Commands
from schema.refusals import Refusal

Question = tuple[str | int, ...]
"""A call of the function `admit`."""
_ADMIT = functions.called("relay", "admit")


class Policy(Protocol):
    """The limits in force, as this node last read them from the board."""

    def row(self, name: str) -> Limit:
        """One limit. Raises Refusal unavailable while there is no policy."""


class Admission:
    """Asks the function `admit` over the lean connection; one pipelined command per question."""

    def __init__(
        self,
        commands: Commands,
        policy: Policy,
        install: Callable[[], Awaitable[None]],
        note_refusal: Callable[[UUID, str], None],
    ) -> None:
        self._commands = commands
        self._policy = policy
        self._install = install
        self._note_refusal = note_refusal

    async def admit(self, name: str, user: UUID, event_id: str = "") -> None:
        """Admits one event of `user` under the limit `name`; the same non-empty `event_id` counts once.

        Raises Refusal rate_limited (with retry_after_ms) or unavailable.
        """
        refusal = (await self.admit_all(name, [(user, event_id)]))[0]
        if refusal is not None:
            raise refusal

    async def admit_all(
        self, name: str, events: list[tuple[UUID, str]], sizes: list[int] | None = None
    ) -> list[Refusal | None]:
        """For each (user, event id) in order: None when admitted, else the refusal. With `sizes` (bytes of
        each), an event passes the user's window of bytes too, or counts in neither."""
        try:
            row = self._policy.row(name)
            bytes_row = None if sizes is None else self._policy.row(BYTES)
        except Refusal as refusal:
            return [refusal] * len(events)
        if bytes_row is None or sizes is None:
            questions = [_question(row, user, event_id) for user, event_id in events]
        else:
            questions = [
                _question_with_bytes(row, bytes_row, user, event_id, size)
                for (user, event_id), size in zip(events, sizes, strict=True)
            ]
        asked = [self._commands.execute(*question) for question in questions]
        return [
            await self._outcome(name, user, question, reply)
            for (user, _), question, reply in zip(events, questions, asked, strict=True)
        ]

    async def _outcome(
        self, name: str, user: UUID, question: Question, asked: "asyncio.Future[Any]"
    ) -> Refusal | None:
        try:
            reply = await self._with_functions(question, asked)
        except (RedisError, OSError):  # the link's own failures among them
            return Refusal("unavailable", "Limits cannot be checked right now.", retry_after_ms=1000)
        if reply[0] == 1:
            return None
        limit = refused_limit(reply, name)
        self._note_refusal(user, limit)
        return Refusal("rate_limited", f"Over the limit of {limit}.", retry_after_ms=int(reply[1]))

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


def refused_limit(reply: list[Any], asked: str) -> str:
    """The name of the limit that refused: `admit` replies it, `bucket` has only the one `asked` for."""
    return reply[3].decode() if len(reply) > 3 else asked


def _question(row: Limit, user: UUID, event_id: str) -> Question:
    names = (keys.limit_window(row.name, str(user)), keys.override(user), keys.cooldown(user))
    return ("FCALL", _ADMIT, len(names), *names, row.name, row.count, row.window_ms, event_id)


def _question_with_bytes(row: Limit, bytes_row: Limit, user: UUID, event_id: str, size: int) -> Question:
    names = (
        keys.limit_window(row.name, str(user)), keys.override(user), keys.cooldown(user),
        keys.limit_window(bytes_row.name, str(user)),
    )  # fmt: skip
    event = (row.name, row.count, row.window_ms, event_id)
    of_bytes = (bytes_row.name, bytes_row.count, bytes_row.window_ms, size)
    return ("FCALL", _ADMIT, len(names), *names, *event, *of_bytes)
