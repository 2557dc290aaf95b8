#!/bin/sh
# make-cluster.sh ADDRESS…: joins six empty Valkey servers into three primaries with a replica each.
# Changes nothing when the first is in a working cluster already. The user is VALKEY_USER, its password REDISCLI_AUTH.
set -eu
port=${PORT:-6379}
user=${VALKEY_USER:-default}
if valkey-cli --user "$user" -h "$1" -p "$port" cluster info | grep -q '^cluster_state:ok'; then
    echo "The cluster is there."
    exit 0
fi
servers=""
for address in "$@"; do
    servers="$servers $address:$port"
done
# shellcheck disable=SC2086 # one word for each server
exec valkey-cli --user "$user" --cluster create $servers --cluster-replicas 1 --cluster-yes
