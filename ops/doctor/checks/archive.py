"""Whether the archive can be read, and has the newest segments."""

from datetime import UTC, datetime
from typing import Any, Final

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from ops.words import counted
from workers.archive import heads
from workers.archive import store as places
from workers.archive.heads import Recorded
from workers.archive.store import NotThere, Store, StoreAway, is_there

NAME: Final = "archive"
MEANWHILE: Final = (
    "What becomes older than its time leaves the log all the same, and no audit can read it then."
)


async def archive(patient: Patient) -> list[Finding]:
    """Reads the newest segment of each partition."""
    place = patient.settings.archive
    if place is None:
        return [green(NAME, "off: what is trimmed off the log is gone for audits")]
    recorded = await heads.read_all(patient.database)
    segments = sum(one.head.number for one in recorded.values())
    if not await is_there(place):
        if not segments:
            return [green(NAME, f"nothing in {place} yet{_without(recorded)}")]
        return [
            red(
                NAME,
                f"there is no {place}; {counted(segments, 'segment was', 'segments were')} written",
                _remedy(place),
            )
        ]
    try:
        missing = await _missing(Store.open(place), recorded)
    except StoreAway as error:
        return [red(NAME, f"{place} cannot be used: {error}", _remedy(place))]
    if missing:
        return [
            red(
                NAME, f"missing in {place}: {', '.join(missing)}",
                "Put the files back from a copy; `sealstream replay audit` names all that are missing.",
            )
        ]  # fmt: skip
    return [
        green(
            NAME,
            f"{counted(segments, 'segment was', 'segments were')} written to {place}{_without(recorded)}",
        )
    ]


async def _missing(store: Store, recorded: dict[int, Recorded]) -> list[str]:
    """The newest segments that the database names and the storage lacks. Raises StoreAway."""
    missing = []
    for partition, (head, _) in sorted(recorded.items()):
        if head.number:
            name: Any = places.segment_name(partition, head.number)
            try:
                await store.read_start(name, 1)
            except NotThere:
                missing.append(name)
    if not recorded:
        await store.numbers(0)
    return missing


def _without(recorded: dict[int, Recorded]) -> str:
    newest = max((one.trimmed for one in recorded.values() if one.trimmed > one.head.last), default=None)
    if newest is None:
        return ""
    upto = datetime.fromtimestamp(newest.ms / 1000, UTC).isoformat(sep=" ", timespec="minutes")
    return f"; the log was trimmed without it up to {upto.removesuffix('+00:00')} UTC"


def _remedy(place: str) -> str:
    where = "the AWS_ variables and the network" if "://" in place else "the directory and its rights"
    return f"See SEALSTREAM_ARCHIVE, {where}. {MEANWHILE}"
