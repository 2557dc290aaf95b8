"""Addresses as the operator writes them: the servers', checked before anything is connected to, and origins.

A check gives None, or what the address must be instead. It never repeats an address that may hold a password.
Origins are kept as browsers write them (RFC 6454, section 6.2).
"""

import os
import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

VALKEY_SCHEMES: Final = ("redis", "rediss", "unix")
VALKEY_OPTIONS: Final = (
    "cluster",
    "db",
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
)
"""Of the client library's many, those that every connection honours, and our own."""
_WORDS: Final = {
    "ssl_cert_reqs": ("required", "optional", "none"),
    "ssl_check_hostname": ("true", "false"),
}
_FILES: Final = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_VALKEY: Final = "must be redis://USER:PASSWORD@HOST:PORT (rediss:// with TLS) or unix:///PATH"
_POSTGRES: Final = "must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
_ESCAPED: Final = "special characters in a password are written as %XX"
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")


def why_not_valkey(url: str) -> str | None:
    """What is wrong with the address of a Valkey/Redis server."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"{_VALKEY}; the port is no number from 1 to 65535 ({_ESCAPED})"
    if parts.scheme not in VALKEY_SCHEMES:
        return f"{_VALKEY}{_instead(url)}"
    if parts.fragment or port == 0:
        return f"{_VALKEY} ({_ESCAPED})"
    if parts.scheme == "unix" and parts.path in ("", "/"):
        return f"{_VALKEY}; this one names no socket"
    if parts.scheme != "unix" and parts.path.strip("/") and not parts.path.strip("/").isdigit():
        return f"{_VALKEY}; after the port only the number of a database may stand"
    options = parse_qsl(parts.query, keep_blank_values=True)
    named = dict(options)
    return _why_not_options(options) or _why_not_together(parts, named) or _why_not_files(named)


def _why_not_together(parts: SplitResult, options: dict[str, str]) -> str | None:
    if options.get("cluster") == "true":
        if parts.scheme == "unix":
            return "names a socket, and ?cluster=true; the nodes of a cluster have ports"
        if int(options.get("db") or parts.path.strip("/") or 0):
            return "names a database by number, and ?cluster=true; a cluster has database 0 only"
    if parts.scheme != "rediss" and (tls := [name for name in options if name.startswith("ssl_")]):
        return f"has the option {tls[0]}, but asks for no TLS; begin it with rediss://"
    if parts.username and not parts.password:
        return "names a user without a password"
    return None


def _why_not_options(options: list[tuple[str, str]]) -> str | None:
    for name, value in options:
        if name not in VALKEY_OPTIONS:
            return f"has an unknown option {name!r}; there are: {', '.join(VALKEY_OPTIONS)}"
        if name == "cluster" and value not in ("true", "false"):
            return f"may end in ?cluster=true or ?cluster=false, not {value!r}"
        if name == "db" and not (value.isascii() and value.isdigit()):
            return f"has an option {name} that is no number: {value!r}"
        if name in _WORDS and value not in _WORDS[name]:
            return f"has an option {name} that is none of {', '.join(_WORDS[name])}: {value!r}"
        if not value:
            return f"has an option {name} without a value"
    return None


def _why_not_files(options: dict[str, str]) -> str | None:
    """Without them no connection ever begins, and TLS does not tell which one it lacks."""
    for name in _FILES:
        if name in options and not os.access(options[name], os.R_OK):
            return f"has an option {name} that names nothing this user can read: {options[name]!r}"
    return None


def why_not_postgres(url: str) -> str | None:
    """What is wrong with the address of a PostgreSQL server (a URL, or libpq's `name=value` pairs)."""
    from psycopg import ProgrammingError  # noqa: PLC0415 - only who names a database waits for it
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        return f"{_POSTGRES} ({_ESCAPED}){_instead(url)}"
    return None


def _instead(url: str) -> str:
    return "" if "@" in url or "password" in url else f", not {url!r}"


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
