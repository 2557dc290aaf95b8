#!/bin/sh
# Says what is missing to build the client, before npm says it in forty lines.
set -eu

fail() {
    printf 'sealstream: %s\n' "$1" >&2
    exit 1
}

command -v node >/dev/null 2>&1 || fail "Node 20 or newer is needed to build the client, and there is none. Install it (nodejs.org, or your system's package) and try again."
command -v npm >/dev/null 2>&1 || fail "npm is needed to build the client; it comes with Node, on Debian in a package of its own: sudo apt install npm"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || fail "Node 20 or newer is needed to build the client (found $(node --version))."
