"""A process opens as many files as the system lets it, whatever the shell's soft limit is."""

import subprocess
import sys

RAISED = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, min(hard, 1000)))
from schema.open_files import raise_limit
print(min(hard, 1000), raise_limit(), raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    done = subprocess.run([sys.executable, "-c", RAISED], capture_output=True, text=True, check=True)
    assert len(set(done.stdout.split())) == 1, done.stdout
