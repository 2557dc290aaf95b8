"""The node's live sockets, by connection, device and login session."""

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from relay.delivery.live import LiveSocket

NONE: Final[Mapping[int, LiveSocket]] = {}


class Registry:
    """Invariant: at most one live socket per device on this node; the board keeps it so over all nodes. The
    sockets of one user share their budgets."""

    def __init__(self) -> None:
        self._by_id: dict[str, LiveSocket] = {}
        self._by_user: dict[UUID, dict[int, LiveSocket]] = {}
        self._by_session: dict[UUID, dict[str, LiveSocket]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[LiveSocket]:
        return iter(list(self._by_id.values()))

    def add(self, socket: LiveSocket) -> LiveSocket | None:
        """Adds a socket; the one it replaces, if this node held it."""
        others = self._by_user.get(socket.user, {})
        for other in others.values():
            socket.budgets = other.budgets
        older = others.get(socket.device)
        self._by_id[socket.id] = socket
        self._by_session.setdefault(socket.session, {})[socket.id] = socket
        self._by_user.setdefault(socket.user, {})[socket.device] = socket
        return older

    def remove(self, socket: LiveSocket) -> None:
        """Removes a socket, if it is here."""
        if self._by_id.pop(socket.id, None) is None:
            return
        self._leave_session(socket)
        devices = self._by_user.get(socket.user, {})
        if devices.get(socket.device) is socket:
            del devices[socket.device]
        if not devices:
            self._by_user.pop(socket.user, None)

    def move(self, socket: LiveSocket, session: UUID) -> None:
        """The socket belongs to that login session of its device from now on, whose end will end it."""
        if socket.id in self._by_id and socket.session != session:
            self._leave_session(socket)
            self._by_session.setdefault(session, {})[socket.id] = socket
        socket.session = session

    def _leave_session(self, socket: LiveSocket) -> None:
        of_session = self._by_session.get(socket.session, {})
        of_session.pop(socket.id, None)
        if not of_session:
            self._by_session.pop(socket.session, None)

    def get(self, socket_id: str) -> LiveSocket | None:
        """The socket of a connection."""
        return self._by_id.get(socket_id)

    def device(self, user: UUID, device: int) -> LiveSocket | None:
        """The device's live socket."""
        return self._by_user.get(user, {}).get(device)

    def devices(self, user: UUID) -> Mapping[int, LiveSocket]:
        """The user's live sockets on this node, by device."""
        return self._by_user.get(user, NONE)

    def user(self, user: UUID) -> list[LiveSocket]:
        """All live sockets of a user on this node."""
        return list(self._by_user.get(user, {}).values())

    def session(self, session: UUID) -> list[LiveSocket]:
        """All live sockets of a login session on this node."""
        return list(self._by_session.get(session, {}).values())
