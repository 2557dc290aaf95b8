"""A process's limit on open files: every connection of a client is one."""

import resource
from typing import Final

MOST: Final = 2**20
"""More is asked for by nobody, and refused by kernels (`fs.nr_open`)."""
STEPS: Final = (MOST, 65_536, 10_240, 4_096)
"""macOS takes less than the hard limit says."""


def raise_limit() -> int:
    """Raises the soft limit as far as the hard one and the system allow; children inherit it. The limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else hard
    for wanted in (most, *(step for step in STEPS if step < most)):
        if soft != resource.RLIM_INFINITY and wanted <= soft:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            continue
        return wanted
    return soft
