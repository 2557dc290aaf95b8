"""Numbers that never come: envelopes that were accepted and that the projector had to set aside (quarantine).

Invariant: a number is given up only when the projection has passed the entry that gave it out, the mailbox in
Postgres does not hold it, and the directory says that it is the first one owed. Then it expires at once, like
any envelope that can no longer be offered: the floor moves, the log says so, the device is told. So a device
goes on, and nothing is lost without a word (ops/decisions/2026-11-23-a-number-that-never-comes.md).
"""

from typing import Final
from uuid import UUID

import structlog

from relay import metrics
from relay.database import Database, transaction
from relay.log.mailbox_log import MailboxLog
from relay.log.projection import is_visible
from relay.log.replies import Mailbox, Position

log = structlog.get_logger(__name__)

PATIENCE: Final = 8
"""Fruitless rounds of a catch-up: about a second."""

SELECT_NEXT: Final = "SELECT min(seq) FROM envelopes WHERE user_id = %s AND device_id = %s AND seq >= %s"


class LostNumbers:
    """One catch-up's doubts about the number it waits for. Asked each time that nothing came."""

    def __init__(self, mailbox_log: MailboxLog, database: Database) -> None:
        self._log = mailbox_log
        self._database = database
        self._seq = 0
        self._rounds = 0
        self._head = 0
        self._end: Position | None = None

    async def given_up(self, user: UUID, device: int, seq: int, mailbox: Mailbox) -> bool:
        """Whether `seq` was given up; `mailbox` was read before. Raises Refusal, or the database's errors.

        Mostly the number is only on its way, so the first questions are passed over. Then one notes how far
        the log goes: whatever has a number in `mailbox` stands before that. Later ones look whether the
        projection has come so far.
        """
        if seq != self._seq:
            self._seq, self._rounds, self._end = seq, 0, None
        self._rounds += 1
        if self._rounds < PATIENCE:
            return False
        if self._end is None or seq > self._head:
            self._head = mailbox.head
            self._end = await self._log.end(user)
            return False
        if max(mailbox.cursor, mailbox.floor) != seq - 1 or not await is_visible(self._database, self._end):
            return False
        upto = await self._before_next(user, device, seq)
        if upto < seq or not await self._log.give_up(user, device, upto, mailbox):
            return False
        metrics.GIVEN_UP.inc(upto - seq + 1)
        log.error("envelopes_given_up", partition=self._end.partition, count=upto - seq + 1)
        return True

    async def _before_next(self, user: UUID, device: int, seq: int) -> int:
        """The last number from `seq` on that the mailbox does not hold, of those that must be there."""
        async with transaction(self._database) as connection:
            row = await (await connection.execute(SELECT_NEXT, (user, device, seq))).fetchone()
        return self._head if row is None or row[0] is None else min(self._head, row[0] - 1)
