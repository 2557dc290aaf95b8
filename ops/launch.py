"""Starts one child: `python -I launch.py OPTIONS -- PROGRAM ARGUMENTS`. A file of its own that imports
nothing of the project, so that it costs 20 ms and can give up rights before the program begins.

Promises: the program runs as USER if one is given; it dies with its parent (Linux: the parent-death signal;
elsewhere the next start finds it by its pid file's lock); it takes this process's place.

A program that may not run as root (PostgreSQL) and lies, or keeps its data, below a folder that only
root may pass (a checkout in /root) keeps one right of root: passing and opening files (CAP_DAC_OVERRIDE, as
an ambient capability). It is no more than the relay started as root has anyway. (capabilities(7), prctl(2))
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
CANNOT = 126
"""The exit status when the program could not be started at all."""


def main(arguments: list[str]) -> None:
    """Never returns: becomes the program, or exits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--on-parent-death", default="SIGTERM")
    parser.add_argument("--user")
    parser.add_argument("--pass-closed-folders", action="store_true")
    parser.add_argument("program", nargs="+")
    options = parser.parse_args(arguments)
    try:
        if options.user:
            become(options.user, keep_passage=options.pass_closed_folders)
        if sys.platform == "linux":
            # After the change of user: that clears it (prctl(2)).
            prctl(PR_SET_PDEATHSIG, signal.Signals[options.on_parent_death])
        if os.getppid() != options.parent:
            sys.exit(0)  # the parent died before it could be watched
        os.execv(options.program[0], options.program)
    except (OSError, KeyError) as error:
        sys.stderr.write(f"cannot start {options.program[0]}: {error}\n")
        sys.exit(CANNOT)


def become(user: str, *, keep_passage: bool) -> None:
    """Gives up root for `user`, for good."""
    entry = pwd.getpwnam(user)
    if keep_passage:
        # Rights survive the change of user, and access(2), which PostgreSQL asks about its own programs,
        # counts them.
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = "/"
    if keep_passage:
        capset(1 << CAP_DAC_OVERRIDE)
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE)


def prctl(option: int, first: int, second: int = 0) -> None:
    """Asks the kernel (see its manual, section 2); raises OSError."""
    if libc().prctl(option, *map(ctypes.c_ulong, (first, second, 0, 0))) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl {option}: {os.strerror(code)}")


def capset(rights: int) -> None:
    """Exactly `rights` (a bit mask below 2^32), permitted, effective and inheritable."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    low, high = (rights, rights, rights), (0, 0, 0)
    if libc().capset(header, (ctypes.c_uint32 * 6)(*low, *high)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"capset: {os.strerror(code)}")


def libc() -> ctypes.CDLL:
    """The C library that this process already uses."""
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main(sys.argv[1:])
