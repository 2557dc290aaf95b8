"""What a call may use of a running node; the bootstrap makes one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from relay.admission.admission import Admission
from relay.admission.policy import Policy
from relay.auth.keyset import Keyset
from relay.auth.passwords import Passwords
from relay.auth.revocation import Revocation
from relay.auth.tokens import AccessTokens
from relay.database import Database
from relay.files.service import Files
from relay.identity.directory import Directory
from relay.linking.mailboxes import Waits
from relay.linking.news import LinkNews
from relay.log.receipts import Receipts
from relay.readiness import Readiness
from schema.refusals import Refusal
from schema.settings import Settings


@dataclass(frozen=True)
class NodeServices:
    """Open and ready. `log` and `board` are redis-py clients, `started_at` is in ms."""

    settings: Settings
    database: Database
    waiting_database: Database
    """For transactions that wait for the log or the board inside."""
    log: Any
    board: Any
    partitions: int
    node_id: str
    started_at: int
    keyset: Keyset
    tokens: AccessTokens
    passwords: Passwords
    revocation: Revocation
    admission: Admission
    policy: Policy
    receipts: Receipts
    draining: Callable[[], bool]
    pressure: Callable[[], Refusal | None]
    warning: Callable[[], str | None]
    """Why sends are refused, or will be soon."""
    files: Files | None = None
    link_waits: Waits = field(default_factory=Waits)
    link_news: LinkNews = field(default_factory=LinkNews)
    readiness: Readiness = field(default_factory=Readiness)
    log_faults: tuple[str, ...] = ()
    """What can lose accepted messages on this log; the operator took it all the same."""
    log_id: UUID | None = None
    """The log that this node began with."""

    @property
    def directory(self) -> Directory:
        """The directory on this node's log."""
        return Directory(self.log, self.partitions, self.log_id)
