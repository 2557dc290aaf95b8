#!/bin/sh
# venv.sh VENV REQUIREMENTS: a virtual environment with exactly the locked packages and this checkout.
# Works on a fresh machine: says what is missing, and does without Debian's python3-venv if it must.
set -eu
venv=$1
requirements=$2

fail() {
    printf 'sealstream: %s\n' "$1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo 'no Python at all')
    fail "Python 3.11 or newer is needed (found: $found). Install it, or name one: make run PYTHON=/path/to/python3.12"
}

create() {
    python=$1
    echo "Preparing Python's environment in $venv …"
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$venv"
        return
    fi
    # Debian and Ubuntu split venv's pip off into python3-venv; pip or virtualenv will do as well.
    if "$python" -m virtualenv --version >/dev/null 2>&1; then
        "$python" -m virtualenv --quiet "$venv"
    elif "$python" -m pip --version >/dev/null 2>&1 && "$python" -c 'import venv' 2>/dev/null; then
        "$python" -m venv --without-pip "$venv"
        "$python" -m pip --python "$venv/bin/python" install --quiet pip
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing python3-venv (Debian keeps it apart from Python) …"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null ||
            fail "python3-venv could not be installed; install it yourself and try again."
        "$python" -m venv "$venv"
    else
        fail "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt install python3-venv"
    fi
}

if [ -x "$venv/bin/python" ] && ! is_new_enough "$venv/bin/python"; then
    rm -rf "$venv" # made by a Python that is gone or too old
fi
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    python=$(find_python) || exit 1
    create "$python"
fi
echo "Installing the packages in $requirements …"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "$requirements" || fail "The packages could not be installed (see above). Is the network there?"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --config-settings editable_mode=compat -e . || fail "This checkout could not be installed (see above)."
