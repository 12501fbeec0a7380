#!/bin/bash
# writers.sh BACKEND: eight writers at once, ours and the system's own tools; nothing that any of them wrote is lost.
set -u
backend=$1 rounds=${AAJ_ROUNDS:-20}
if [ "${2-}" != inside ]; then
    [ "$(id -u)" -eq 0 ] || { echo "skipped: needs root for a network namespace"; exit 77; }
    unshare -n true 2>/dev/null || { echo "skipped: no network namespaces here"; exit 77; }
    exec timeout 280 unshare -n -m "$0" "$backend" inside
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export XTABLES_LOCKFILE=$dir/lock
cd "$AAJ_SOURCE/tests/firewall" || exit 1
sed 's/^jail: .*/jail: writer/' old.yaml >"$dir/old.yaml"
sed 's/^jail: .*/jail: writer/' new.yaml >"$dir/new.yaml"

ours() {
    local uid=$((42000 + $1)) i which
    for ((i = 0; i < rounds; i++)); do
        which=old; [ $((i % 2)) -eq 0 ] || which=new
        "$AAJAIL" firewall apply --backend "$backend" --uid $uid "$dir/$which.yaml" >/dev/null || return 1
        "$AAJAIL" firewall verify --backend "$backend" --uid $uid "$dir/$which.yaml" >/dev/null || return 1
        if [ $((i % 5)) -eq 4 ]; then
            "$AAJAIL" firewall remove --backend "$backend" --uid $uid >/dev/null || return 1
            "$AAJAIL" firewall apply --backend "$backend" --uid $uid "$dir/$which.yaml" >/dev/null || return 1
        fi
    done
}
# Each adds a rule a round and never takes one away.
theirs() {
    local i
    for ((i = 0; i < rounds; i++)); do
        case $backend in
        legacy)
            iptables-legacy -w 60 -A OUTPUT -d 192.0.2.$1 -p udp --dport $((i + 1)) -j DROP || return 1
            ip6tables-legacy -w 60 -A OUTPUT -d 2001:db8:ffff::$1 -p udp --dport $((i + 1)) -j DROP || return 1 ;;
        nft) nft add rule inet theirs c ip daddr 192.0.2.$1 udp dport $((i + 1)) drop || return 1 ;;
        esac
    done
}
[ "$backend" != nft ] || nft 'add table inet theirs; add chain inet theirs c { type filter hook output priority 1; }' || exit 1
for w in 1 2 3 4; do
    { ours $w || echo "ours $w" >>"$dir/failed"; } &
    { theirs $w || echo "theirs $w" >>"$dir/failed"; } &
done
wait
[ ! -e "$dir/failed" ] || { echo "FAILED:"; cat "$dir/failed"; exit 1; }
case $backend in
legacy) found="$(iptables-legacy -S OUTPUT | grep -c 192.0.2) $(ip6tables-legacy -S OUTPUT | grep -c 2001:db8:ffff)" want="$((4 * rounds)) $((4 * rounds))" ;;
nft) found=$(nft list table inet theirs | grep -c 192.0.2) want=$((4 * rounds)) ;;
esac
which=old; [ $(((rounds - 1) % 2)) -eq 0 ] || which=new
for w in 1 2 3 4; do
    "$AAJAIL" firewall verify --uid $((42000 + w)) "$dir/$which.yaml" || { echo "FAILED: chain of writer $w"; exit 1; }
done
[ "$found" = "$want" ] || { echo "FAILED: rules of others: $found, not $want"; exit 1; }
echo "$backend: 8 writers, $rounds rounds, nothing lost"
