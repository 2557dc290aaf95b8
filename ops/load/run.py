"""A run of the bench as data, and as text."""

from collections.abc import Iterator

import msgspec

from ops.load.phases import Options
from ops.load.standing import Phase


class Run(msgspec.Struct):
    """All phases, with what was asked for and on which machine."""

    at: str
    machine: dict[str, str]
    options: Options
    phases: list[Phase] = []


def text(run: Run) -> str:
    """For a terminal."""
    machine = ", ".join(f"{name} {value}" for name, value in run.machine.items())
    return "\n".join([f"{run.at}: {machine}", *(line for phase in run.phases for line in _lines(phase))])


def _lines(phase: Phase) -> Iterator[str]:
    yield f"\n{phase.name}: {phase.about}, {phase.seconds:g} s"
    if phase.messages:
        yield f"  {phase.messages_per_second:,.0f} messages/s ({phase.messages:,} messages)"
    if phase.kib_per_socket:
        yield f"  {phase.kib_per_socket:.1f} KiB of the node for each socket"
    for name, times in (
        ("sent → accepted", phase.accepted_ms),
        ("sent → received", phase.received_ms),
        ("late by the generator", phase.late_ms),
    ):
        if times:
            yield f"  {name}: " + "  ".join(f"{share} {value:.1f} ms" for share, value in times.items())
    if phase.messages:
        refused = ", ".join(f"{count} {code}" for code, count in phase.refused.items()) or "none"
        yield f"  refused: {refused}; gaps: {phase.gaps}; never came: {phase.never_came}"
    yield from _costs(phase)


def _costs(phase: Phase) -> Iterator[str]:
    unit, each = ("1,000 messages", "message") if phase.messages else ("second", "second")
    if phase.cpu:
        yield f"  CPU-seconds of the relay per {unit}: {phase.cpu_of_relay:.3f}"
    for name, seconds in phase.cpu.items():
        yield f"    {name:18} {seconds:8.4f} {phase.memory_mib.get(name, 0.0):9.0f} MiB"
    if phase.calls:
        yield f"  bytes of the log's file per {each}: {phase.log_file_bytes:,.0f}"
        yield f"  commands per {each}: {sum(phase.calls.values()):,.1f}"
    for name, many in phase.calls.items():
        if many >= 0.001:
            yield f"    {name:28} {many:8.3f}"
