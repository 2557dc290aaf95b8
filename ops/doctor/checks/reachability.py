"""The settings, and whether each server answers and is new enough."""

from typing import Any, Final

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from schema import primaries

REDIS_AT_LEAST: Final = (7, 0)
"""Functions, and a group's lag. Valkey names the version of Redis that it equals."""
POSTGRES_AT_LEAST: Final = 14

_LOGS: Final = {"log": "log.log", "board": "board.log", "database": "postgres.log"}


async def settings(patient: Patient) -> list[Finding]:
    """They could be read; what is in force."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        ours = version("sealstream")
    except PackageNotFoundError:
        ours = "(a checkout)"
    chosen = patient.settings
    nodes = "1 node" if chosen.nodes == 1 else f"{chosen.nodes} nodes"
    return [green("settings", f"Sealstream {ours}, {nodes} from {chosen.host}:{chosen.port}")]


async def log(patient: Patient) -> list[Finding]:
    """The log answers."""
    return [await _valkey(patient, "log", patient.log)]


async def board(patient: Patient) -> list[Finding]:
    """The board answers."""
    return [await _valkey(patient, "board", patient.board)]


async def database(patient: Patient) -> list[Finding]:
    """PostgreSQL answers."""
    if "database" in patient.why:
        return [_away(patient, "database")]
    number = patient.database.info.server_version
    words = f"PostgreSQL {number // 10000}.{number % 10000} answers in {_milliseconds(patient, 'database')}"
    if number // 10000 < POSTGRES_AT_LEAST:
        return [red("database", words, f"Upgrade it to PostgreSQL {POSTGRES_AT_LEAST} or newer.")]
    return [green("database", words)]


async def _valkey(patient: Patient, name: str, client: Any) -> Finding:
    if name in patient.why:
        return _away(patient, name)
    told = list((await primaries.on_each(client, "INFO")).values())
    oldest = min(told, key=lambda one: _numbers(one["redis_version"]))
    ours = oldest.get("valkey_version")
    product = f"Valkey {ours}" if ours else f"Redis {oldest['redis_version']}"
    many = f" on {len(told)} primaries" if len(told) > 1 else ""
    words = f"{product}{many} answers in {_milliseconds(patient, name)}"
    if _numbers(oldest["redis_version"]) < REDIS_AT_LEAST:
        return red(name, words, "Upgrade it to Valkey 8, Redis 7 or newer.")
    return green(name, words)


def _away(patient: Patient, name: str) -> Finding:
    variable = f"SEALSTREAM_{name.upper()}_URL"
    reason = patient.why[name].rstrip(".")
    begin = f"The {name} is away: "
    return red(
        name, reason.replace(begin, "is away: "),
        f"Start it (`sealstream up` restarts its own; see DATA/logs/{_LOGS[name]}), or correct {variable}.",
    )  # fmt: skip


def _milliseconds(patient: Patient, name: str) -> str:
    return f"{patient.answered_ms[name]:.0f} ms"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split(".")[:2])
