# SPDX-License-Identifier: GPL-2.0-or-later
# Read by the tests of this folder that are scripts: a network namespace of their own, with a folder and a lock in it.

# own_network SECONDS ARG…: goes on in a namespace, as the same script with ARG… and "inside", for at most so long.
own_network() {
    if [ "${!#}" != inside ]; then
        [ "$(id -u)" -eq 0 ] || { echo "skipped: needs root for a network namespace"; exit 77; }
        unshare -n true 2>/dev/null || { echo "skipped: no network namespaces here"; exit 77; }
        exec timeout "$1" unshare -n -m "$0" "${@:2}" inside
    fi
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    export XTABLES_LOCKFILE=$dir/lock
}
fail() { echo "FAILED: $*"; [ ! -s "$dir/out" ] || cat "$dir/out"; exit 1; }
