"""Origins as browsers write them (RFC 6454, section 6.2), from what an operator may write."""

import re
from typing import Final
from urllib.parse import urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")


class NoOrigin(ValueError):
    """The text names no origin; it says why."""


def normalised(text: str) -> str:
    """SCHEME://HOST[:PORT] in lower case, without the scheme's own port. Raises NoOrigin."""
    if "*" in text:
        raise NoOrigin("name each origin: there is no pattern")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.removesuffix(":")
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError as error:  # UnicodeError among them
        raise NoOrigin("its host or port cannot be read") from error
    if not parts.scheme or "://" not in text:
        raise NoOrigin("it begins with no scheme, as in https://chat.example.org")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise NoOrigin("behind the host only a port may stand")
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise NoOrigin("it names no host")
    own = port is None or port == DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if own else f":{port}")
