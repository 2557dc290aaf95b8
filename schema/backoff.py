"""Backoff as a value: full jitter between half and the whole of a growing wait."""

import random


class Backoff:
    """Waits of `first`, `first` x `factor`, … seconds, at most `most`, each jittered downwards by half."""

    def __init__(self, *, first: float, factor: float, most: float) -> None:
        self._first = first
        self._factor = factor
        self._most = most
        self._wait = first

    def next(self) -> float:
        """The next wait, in seconds."""
        wait = self._wait
        self._wait = min(self._most, wait * self._factor)
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """Begins again at `first`."""
        self._wait = self._first
