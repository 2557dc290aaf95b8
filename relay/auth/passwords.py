"""Passwords: Argon2id in a bounded pool of threads with a bounded queue, over the text of RFC 8265
(OpaqueString).

Invariant: verifying costs the same whether the account exists or not, and a flood of log-ins costs a fixed
share of the machine; what does not fit is refused at once. Two ways to write one text (composed and
decomposed letters, kinds of spaces) are one password. No password that the contract allows is refused:
where OpaqueString forbids a character (joined emoji), only the normalisation is applied.
"""

import asyncio
import os
import secrets
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from precis_i18n import get_profile

from schema.refusals import Refusal

_PROFILE: Final = get_profile("OpaqueString")
T = TypeVar("T")
MEMORY_KIB: Final = 19_456
ITERATIONS: Final = 2
LANES: Final = 1
"""RFC 9106 by the first choice of OWASP's password storage sheet: m=19456, t=2, p=1."""
QUEUE: Final = 64
NICENESS: Final = 10
"""Hashing waits for messages, not messages for hashing."""


def prepared(password: str) -> str:
    """The text that is hashed."""
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in password)
        return unicodedata.normalize("NFC", spaced)


def candidates(password: str) -> list[str]:
    """The texts that may have been hashed: the prepared one, and those of hashes from before."""
    return list(dict.fromkeys([prepared(password), password, unicodedata.normalize("NFD", password)]))


class Passwords:
    """Hashes and verifies. `threads` work at once, `queue` wait; further ones are refused.

    `hasher` is for tests: another cost than the agreed one."""

    def __init__(
        self, *, threads: int | None = None, queue: int = QUEUE, hasher: PasswordHasher | None = None
    ) -> None:
        workers = threads or max(1, (os.cpu_count() or 2) // 2)
        self._hasher = hasher or PasswordHasher(ITERATIONS, MEMORY_KIB, LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="argon2", initializer=_step_back)
        self._most = workers + queue
        self._under_way = 0
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """The encoded hash of `password`. Raises Refusal unavailable when too many wait."""
        return await self._in_pool(lambda: self._hasher.hash(prepared(password)))

    async def verify(self, password: str, encoded: str | None) -> bool:
        """Whether `password` fits, however it is typed; for an account that does not exist (None) the same
        work is done.

        Raises Refusal unavailable when too many wait.
        """
        texts = candidates(password)
        fits = await self._in_pool(lambda: any(self._fits(text, encoded or self._nobody) for text in texts))
        return fits and encoded is not None

    def close(self) -> None:
        """Ends the threads; what waits is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _fits(self, password: str, encoded: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_pool(self, work: Callable[[], T]) -> T:
        if self._under_way >= self._most:
            raise Refusal("unavailable", "Too many log-ins at once.", retry_after_ms=1000)
        self._under_way += 1
        try:
            return await asyncio.wrap_future(self._threads.submit(work))
        finally:
            self._under_way -= 1


def _step_back() -> None:
    """Gives the thread a lower priority, where threads have one of their own (Linux)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
