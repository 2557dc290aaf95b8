"""The name of a node on the entries that it hands over to its own sockets (`relay.delivery.hand_over`).

Invariant: an entry under the present name was handed over by this node, or will be when the log answers. When
that cannot be known, the node goes on under another name.
"""

from typing import Final

NOBODY: Final = ""
"""The name on entries that nobody hands over."""


class ServingName:
    """The name on the entries that this node hands over, as long as the board knows it."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._doubts = 0
        self.current = self._made()

    def doubt(self) -> None:
        """Entries under the present name may not be handed over."""
        self._doubts += 1
        self.current = self._made()

    def _made(self) -> str:
        return f"{self._node}.{self._doubts}"
