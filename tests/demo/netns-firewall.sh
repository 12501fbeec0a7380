#!/bin/bash
# netns-firewall.sh AAJAIL MANIFEST: the chain of a jail, applied in a network namespace of its own, with real packets:
# replies to the front end pass, the mail server is out of reach in both families, another uid is untouched, and
# removing the chain leaves nothing behind.
set -euo pipefail
aajail=$1 manifest=$2
slave=2005 other=2006

if [ -z "${AAJ_IN_NETNS:-}" ]; then
    [ "$(id -u)" -eq 0 ] || { echo "skipped: a network namespace with several uids needs root"; exit 77; }
    exec env AAJ_IN_NETNS=1 unshare --net --pid --fork --kill-child "$0" "$@"
fi

ip link set lo up
export XTABLES_LOCKFILE
XTABLES_LOCKFILE=$(mktemp)
trap 'rm -f "$XTABLES_LOCKFILE"' EXIT
as() { timeout 5 setpriv --reuid="$1" --regid=65534 --clear-groups "${@:2}"; }
listen() { as "$1" socat "$2,reuseaddr,fork" SYSTEM:'echo served' & }
listen "$slave" TCP4-LISTEN:9000,bind=127.0.0.1
for address in TCP4-LISTEN:25,bind=127.0.0.1 TCP6-LISTEN:25,bind=::1; do
    socat "$address,reuseaddr,fork" SYSTEM:'echo 220 mail' &
done
for _ in $(seq 50); do
    [ "$(ss -Hltn | wc -l)" -ge 3 ] && break
    sleep 0.1
done

failed=0
expect() { # expect served|refused UID ADDRESS WHAT
    local got=refused start=$EPOCHREALTIME ms
    as "$2" socat -T3 -u "$3" STDOUT 2>/dev/null </dev/null | grep -q . && got=served
    ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    printf '   %-58s %s in %d ms\n' "$4" "$got" "$ms"
    [ "$got" = "$1" ] && [ "$ms" -lt 2000 ] || { echo "   expected $1 at once"; failed=1; }
}
echo "   \$ aajail firewall apply --uid $slave ${manifest##*/}"
"$aajail" firewall apply --backend legacy --uid "$slave" "$manifest"
expect served "$other" TCP4:127.0.0.1:9000 "front end → slave (reply of the slave's uid)"
expect refused "$slave" TCP4:127.0.0.1:25 "slave → 127.0.0.1:25"
expect refused "$slave" TCP6:[::1]:25 "slave → [::1]:25"
expect served "$other" TCP4:127.0.0.1:25 "another uid → 127.0.0.1:25"
expect served "$other" TCP6:[::1]:25 "another uid → [::1]:25"
"$aajail" firewall verify --backend legacy --uid "$slave" "$manifest"
echo "   \$ aajail firewall remove --uid $slave ${manifest##*/}"
"$aajail" firewall remove --backend legacy --uid "$slave" "$manifest"
expect served "$slave" TCP4:127.0.0.1:25 "slave → 127.0.0.1:25, after removal"
left=$({ iptables-legacy-save; ip6tables-legacy-save; } | grep -E '^(:aajail|-A)' || true)
[ -z "$left" ] || { echo "   left behind: $left"; failed=1; }
exit "$failed"
