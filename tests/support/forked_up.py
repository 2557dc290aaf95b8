"""`python -m tests.support.forked_up OPTIONS`: `sealstream up OPTIONS`, for browser tests.

Behaves as `sealstream up` at half its CPU: nodes and workers are forks of this process, which has imported
their modules (see `tests.support.zygote`), and a password hash has the cost of `tests.support.quick.CHEAP`.
"""

import sys

from tests.support import programs
from tests.support.quick import CHEAP
from tests.support.zygote import fork_our_own_programs, preload, set_constants

if __name__ == "__main__":
    preload()
    set_constants(CHEAP)
    fork_our_own_programs()
    programs.sealstream(["up", *sys.argv[1:]])
