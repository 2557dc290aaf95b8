"""Every setting: its environment variable, default and meaning. Read once, at a process's start."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from schema import limits
from schema.limits import Limit
from schema.urls import NoOrigin, normalised, why_not_postgres, why_not_valkey

STORAGE_SCHEMES: Final = ("s3://", "s3a://")


class BadSetting(ValueError):
    """An environment variable that cannot be used; the text names it and says what it takes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told from outside. Durations carry their unit in the name."""

    host: str
    port: int
    data: Path
    origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    nodes: int
    log_url: str | None
    board_url: str | None
    database_url: str | None
    partitions: int
    metrics_host: str
    metrics_port: int
    log_format: str
    log_memory_mb: int
    log_unsafe: bool
    """Whether a log is taken that can lose accepted messages."""
    secret_file: Path
    client_dir: Path | None
    envelope_ttl_seconds: int
    retention_interval_seconds: float
    rewrite_interval_seconds: float
    archive: str | None
    """A directory (absolute) or the URL of S3-compatible storage; None: there is no archive."""
    archive_bodies: bool
    archive_days: int
    blobs: str | None
    """Where files lie, as `archive`; None: the relay takes none."""
    blob_bytes: int
    blob_quota_bytes: int
    blob_ttl_seconds: int
    mailbox_capacity: int
    mailbox_bytes: int
    socket_bytes: int
    limits: tuple[Limit, ...]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """The settings in `env` (usually os.environ). Raises BadSetting."""
        data = _path("SEALSTREAM_DATA", env.get("SEALSTREAM_DATA") or _default_data(env)).absolute()
        ttl = _whole(env, "SEALSTREAM_ENVELOPE_TTL_SECONDS", 2_592_000, 1, 2**31)
        return cls(
            host=env.get("SEALSTREAM_HOST", "127.0.0.1"),
            port=_whole(env, "SEALSTREAM_PORT", 8080, 1, 65535),
            data=data,
            origins=_origins(env, "SEALSTREAM_ORIGINS"),
            trusted_proxies=_list(env, "SEALSTREAM_TRUSTED_PROXIES"),
            nodes=_whole(env, "SEALSTREAM_NODES", 1, 1, 64),
            log_url=_url(env, "SEALSTREAM_LOG_URL", why_not_valkey),
            board_url=_url(env, "SEALSTREAM_BOARD_URL", why_not_valkey),
            database_url=_url(env, "SEALSTREAM_DATABASE_URL", why_not_postgres),
            partitions=_whole(env, "SEALSTREAM_PARTITIONS", 8, 1, 1024),
            metrics_host=env.get("SEALSTREAM_METRICS_HOST", "127.0.0.1"),
            metrics_port=_whole(env, "SEALSTREAM_METRICS_PORT", 0, 0, 65535),
            log_format=_choice(env, "SEALSTREAM_LOG_FORMAT", ("console", "json")),
            log_memory_mb=_whole(env, "SEALSTREAM_LOG_MEMORY_MB", 1024, 64, 1_048_576),
            log_unsafe=_choice(env, "SEALSTREAM_LOG_UNSAFE", ("0", "1")) == "1",
            secret_file=_path(
                "SEALSTREAM_SECRET_FILE", env.get("SEALSTREAM_SECRET_FILE") or data / "secret.key"
            ),
            client_dir=_directory(env, "SEALSTREAM_CLIENT_DIR"),
            envelope_ttl_seconds=ttl,
            retention_interval_seconds=_number(
                env, "SEALSTREAM_RETENTION_INTERVAL_SECONDS", min(60.0, max(0.5, ttl / 10))
            ),
            rewrite_interval_seconds=_number(
                env, "SEALSTREAM_REWRITE_INTERVAL_SECONDS", min(86_400.0, max(5.0, ttl / 30))
            ),
            archive=_place(env, "SEALSTREAM_ARCHIVE", data / "archive"),
            archive_bodies=_choice(env, "SEALSTREAM_ARCHIVE_BODIES", ("no", "yes")) == "yes",
            archive_days=_whole(env, "SEALSTREAM_ARCHIVE_DAYS", 90, 1, 36_500),
            blobs=_place(env, "SEALSTREAM_BLOBS", data / "blobs"),
            blob_bytes=_whole(env, "SEALSTREAM_BLOB_BYTES", limits.BLOB_BYTES, 1, 2**40),
            blob_quota_bytes=_whole(env, "SEALSTREAM_BLOB_QUOTA_BYTES", limits.BLOB_QUOTA_BYTES, 1, 2**50),
            blob_ttl_seconds=_whole(env, "SEALSTREAM_BLOB_TTL_SECONDS", ttl, 1, 2**31),
            mailbox_capacity=_whole(env, "SEALSTREAM_MAILBOX_CAPACITY", limits.MAILBOX_ENVELOPES, 1, 2**31),
            socket_bytes=_whole(env, "SEALSTREAM_SOCKET_BYTES", limits.SOCKET_BYTES, 2**20, 2**40),
            mailbox_bytes=_whole(env, "SEALSTREAM_MAILBOX_BYTES", limits.MAILBOX_BYTES, 1, 2**40),
            limits=tuple(
                msgspec.structs.replace(row, count=_whole(env, row.setting, row.count, 1, 2**31))
                if row.setting
                else row
                for row in limits.DEFAULTS
            ),
        )


DOCUMENTED: Final[tuple[tuple[str, str, str], ...]] = (
    ("SEALSTREAM_HOST", "127.0.0.1", "address the nodes listen on"),
    ("SEALSTREAM_PORT", "8080", "port of node 0; node i listens on port + i"),
    ("SEALSTREAM_DATA", "~/.local/share/sealstream", "data directory of the embedded servers"),
    ("SEALSTREAM_ORIGINS", "", "further allowed origins, separated by commas"),
    ("SEALSTREAM_TRUSTED_PROXIES", "", "addresses or networks whose X-Forwarded-For is believed"),
    ("SEALSTREAM_NODES", "1", "how many nodes `up` starts"),
    ("SEALSTREAM_LOG_URL", "", "the log's Valkey/Redis; empty: embedded"),
    ("SEALSTREAM_BOARD_URL", "", "the board's Valkey/Redis; empty: embedded"),
    ("SEALSTREAM_DATABASE_URL", "", "PostgreSQL; empty: embedded"),
    ("SEALSTREAM_PARTITIONS", "8", "partitions of the log; fixed at the first start"),
    ("SEALSTREAM_METRICS_HOST", "127.0.0.1", "address of the metrics ports"),
    ("SEALSTREAM_METRICS_PORT", "0", "first metrics port (0: none); node i at + i, workers behind the nodes"),
    ("SEALSTREAM_LOG_FORMAT", "console", "console or json"),
    ("SEALSTREAM_LOG_MEMORY_MB", "1024", "memory of the embedded log; above 80 % sends are refused"),
    ("SEALSTREAM_LOG_UNSAFE", "0", "`1`: a log that can lose accepted messages is taken, and shouted about"),
    (
        "SEALSTREAM_SECRET_FILE",
        "DATA/secret.key",
        "the secret that seals the keys for tokens and the archive",
    ),
    ("SEALSTREAM_CLIENT_DIR", "client-web/dist", "the built client that the nodes serve"),
    ("SEALSTREAM_ENVELOPE_TTL_SECONDS", "2592000", "an envelope's life in the queue"),
    (
        "SEALSTREAM_RETENTION_INTERVAL_SECONDS",
        "60",
        "how often retention looks for what expired; by default at least ten times in an envelope's life",
    ),
    (
        "SEALSTREAM_REWRITE_INTERVAL_SECONDS",
        "86400",
        "how often the log's file is rewritten; by default at least thirty times in an envelope's life",
    ),
    (
        "SEALSTREAM_ARCHIVE",
        "DATA/archive",
        "what is trimmed off the log is kept there: a directory, an URL like `s3://bucket/prefix`, or `off`",
    ),
    ("SEALSTREAM_ARCHIVE_BODIES", "no", "`yes`: the archive keeps ciphertexts, not only their digests"),
    ("SEALSTREAM_ARCHIVE_DAYS", "90", "how long the archive keeps an entry"),
    (
        "SEALSTREAM_BLOBS",
        "DATA/blobs",
        "sealed files, one place for all nodes: a directory, an URL like `s3://bucket/prefix`, or `off`",
    ),
    ("SEALSTREAM_BLOB_BYTES", "104857600", "bytes of one file"),
    ("SEALSTREAM_BLOB_QUOTA_BYTES", "1073741824", "bytes of the files of a user that wait"),
    ("SEALSTREAM_BLOB_TTL_SECONDS", "2592000", "a file's life; by default an envelope's"),
    ("SEALSTREAM_MAILBOX_CAPACITY", "10000", "envelopes waiting for a device"),
    ("SEALSTREAM_MAILBOX_BYTES", "67108864", "bytes of their bodies waiting for a device"),
    (
        "SEALSTREAM_SOCKET_BYTES",
        "268435456",
        "bytes that all sockets of a node hold, unread or arriving; then the largest are cut",
    ),
    *(
        (row.setting, str(row.count), f"{row.name} per {row.subject}")
        for row in limits.DEFAULTS
        if row.setting
    ),
)


def _default_data(env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_DATA_HOME") or "~/.local/share") / "sealstream"


def _path(name: str, text: str | Path) -> Path:
    """`~` is the user's home. Raises BadSetting for a user who has none."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BadSetting(f"{name} must name a place: this user has no home directory for {text}") from error


def _list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())


def _origins(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = []
    for text in _list(env, name):
        try:
            found.append(normalised(text))
        except NoOrigin as error:
            raise BadSetting(f"{name} has {text!r}, which is no origin: {error}") from error
    return tuple(found)


def _directory(env: Mapping[str, str], name: str) -> Path | None:
    return _path(name, env[name]).absolute() if env.get(name) else None


def _place(env: Mapping[str, str], name: str, default: Path) -> str | None:
    """A directory or an URL; None for `off`."""
    text = (env.get(name) or str(default)).strip()
    if text == "off":
        return None
    if "://" not in text:
        return str(_path(name, text).absolute())
    if not text.startswith(STORAGE_SCHEMES) or not urlsplit(text).netloc:
        raise BadSetting(f"{name} must be off, a directory, or an URL like s3://bucket/prefix, not {text!r}")
    return text


def _url(env: Mapping[str, str], name: str, why_not: Callable[[str], str | None]) -> str | None:
    url = env.get(name) or None
    if url is not None and (words := why_not(url)) is not None:
        raise BadSetting(f"{name} {words}")
    return url


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise BadSetting(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(env.get(name) or default)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise BadSetting(f"{name} must be a number above 0, not {env[name]!r}")
    return value


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = env.get(name) or choices[0]
    if value not in choices:
        raise BadSetting(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value
