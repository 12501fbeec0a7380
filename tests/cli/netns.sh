# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced, with the caller's arguments, by tests of the firewall: starts the test again in a network and a mount namespace of
# its own, or skips (77) with the reason. There: $dir, gone at the end, an xtables lock and /run/aajail for this test alone, $uid.
set -euo pipefail
if [ "${1-}" != inside ]; then
    [ "$(id -u)" -eq 0 ] || { echo "skipped: needs root for a network namespace"; exit 77; }
    unshare -n true 2>/dev/null || { echo "skipped: no network namespaces here"; exit 77; }
    exec timeout 120 unshare -n -m "$0" inside
fi
ip link set lo up
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
iptables-legacy -S >/dev/null 2>&1 || { echo "skipped: this kernel has no legacy tables"; exit 77; }
nft list ruleset >/dev/null 2>&1 || { echo "skipped: this kernel has no nftables"; exit 77; }
export XTABLES_LOCKFILE=$dir/lock
mkdir -p /run/aajail
mount -t tmpfs none /run/aajail
uid=41234

fail() { echo "FAILED: $*"; exit 1; }
# status WANTED CMD…: what it says is in $dir/out.
status() { local want=$1 got=0; shift; "$@" >"$dir/out" 2>&1 || got=$?; [ "$got" -eq "$want" ] || { cat "$dir/out"; fail "$* ended with $got, not $want"; }; }
# manifest USER <NETWORK: $dir/app.yaml
manifest() {
    printf 'jail: app\nslave: /srv/app/app\nroots: [ /srv/app ]\nuser: %s\ntemplate: http-slave\nnetwork:\n' "$1" >"$dir/app.yaml"
    cat >>"$dir/app.yaml"
}
