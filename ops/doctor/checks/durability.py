"""Whether an answer of the log means "on disk": the settings in force, not those in a file."""

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from schema.durability import Fault, faults, in_force

NAME = "durability"


async def durability(patient: Patient) -> list[Finding]:
    """One line when all is well, else one per fault."""
    wrong = faults(await in_force(patient.log))
    if not wrong:
        return [green(NAME, "appendonly yes, appendfsync always, noeviction")]
    return [_red(fault) for fault in wrong]


def _red(fault: Fault) -> Finding:
    loud = "MESSAGES CAN BE LOST: " if fault.is_durability else ""
    at = f" on {fault.server}" if fault.server else ""
    if fault.name == "role":
        remedy = "Name the primary in SEALSTREAM_LOG_URL."
    elif fault.found is None:
        remedy = f"Let the log's user run CONFIG GET, or see for yourself that it is {fault.wanted}."
    else:
        remedy = f"CONFIG SET {fault.name} {fault.wanted}, and the same in the server's configuration."
    is_now = fault.found or "not readable"
    return red(NAME, f"{loud}{fault.name} is {is_now}{at}: {fault.otherwise}", remedy)
