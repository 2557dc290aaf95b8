"""How full the memory of the log and the board is."""

from typing import Any

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from ops.words import size
from relay.admission.pressure import MEMORY_SHARE, WARN_SHARE
from schema import primaries


async def memory(patient: Patient) -> list[Finding]:
    """Each server's use against its limit."""
    reds = []
    words = []
    for name, client in (("log", patient.log), ("board", patient.board)):
        told = (await primaries.on_each(client, "INFO")).values()
        fullest = max(told, key=_share)
        used, most = fullest["used_memory"], fullest["maxmemory"]
        found = f"{name} {size(used)} of {size(most) if most else 'no limit'}"
        words.append(found)
        if not most:
            reds.append(
                red("memory", found, f"Set maxmemory on the {name}: without it nothing is refused in time.")
            )
        elif _share(fullest) > WARN_SHARE:
            reds.append(red("memory", f"{found}; sends are refused above {MEMORY_SHARE:.0%}", _remedy(name)))
    return reds or [green("memory", ", ".join(words))]


def _remedy(name: str) -> str:
    if name == "log":
        return (
            "Look at `sealstream streams`: what a group has not read is not trimmed. Else raise its memory."
        )
    return "Restart the board (it keeps nothing), and give it more memory."


def _share(told: dict[str, Any]) -> float:
    return float(told["used_memory"]) / told["maxmemory"] if told["maxmemory"] else 1.0
