#!/bin/bash
# writers.sh BACKEND: eight writers at once, four of ours and four of the system's own tools; nothing that any of them
# wrote is lost. AAJ_ROUNDS says how often each writes.
set -u
backend=$1 rounds=${AAJ_ROUNDS:-20}
. "$AAJ_SOURCE/tests/firewall/common.sh"
own_network 280 "$@"
cd "$AAJ_SOURCE/tests/firewall" || exit 1
sed 's/^jail: .*/jail: writer/' old.yaml >"$dir/old.yaml"
sed 's/^jail: .*/jail: writer/' new.yaml >"$dir/new.yaml"

fw() { local action=$1 uid=$2; shift 2; "$AAJAIL" firewall "$action" --backend "$backend" --uid "$uid" "$@" >/dev/null; }
# Replaced each round, and now and then taken away and put back.
ours() {
    local uid=$((42000 + $1)) i which
    for ((i = 0; i < rounds; i++)); do
        which=old; [ $((i % 2)) -eq 0 ] || which=new
        fw apply $uid "$dir/$which.yaml" && fw verify $uid "$dir/$which.yaml" || return 1
        [ $((i % 5)) -eq 4 ] || continue
        fw remove $uid && fw apply $uid "$dir/$which.yaml" || return 1
    done
}
# Each adds a rule a round and never takes one away. libnftables and the legacy tools wait for their turn by themselves.
tool_legacy() { iptables-legacy -w 60 -A OUTPUT -d 192.0.2.1 -p udp --dport "$1" -j DROP; }
tool_legacy6() { ip6tables-legacy -w 60 -A OUTPUT -d 2001:db8:ffff::1 -p udp --dport "$1" -j DROP; }
tool_restore() { printf '*filter\n-A OUTPUT -d 192.0.2.2 -p udp --dport %u -j DROP\nCOMMIT\n' "$1" | iptables-legacy-restore -w 60 -n; }
tool_restore6() { printf '*filter\n-A OUTPUT -d 2001:db8:ffff::2 -p udp --dport %u -j DROP\nCOMMIT\n' "$1" | ip6tables-legacy-restore -w 60 -n; }
tool_nft() { nft add rule inet theirs c ip daddr 192.0.2.3 udp dport "$1" drop; }
tool_nftfile() { printf 'add rule inet theirs c ip daddr 192.0.2.4 udp dport %u drop\n' "$1" | nft -f -; }
tool_iptables_nft() { iptables-nft -w 60 -A OUTPUT -d 192.0.2.5 -p udp --dport "$1" -j DROP; }
tool_restore_nft() { printf '*filter\n-A OUTPUT -d 192.0.2.6 -p udp --dport %u -j DROP\nCOMMIT\n' "$1" | iptables-nft-restore -w 60 -n; }
theirs() { for ((i = 1; i <= rounds; i++)); do "tool_$1" $i || return 1; done; }
written() {
    case $1 in
    legacy) iptables-legacy -S OUTPUT | grep -c '192\.0\.2\.1/' ;;
    legacy6) ip6tables-legacy -S OUTPUT | grep -c 'ffff::1/' ;;
    restore) iptables-legacy -S OUTPUT | grep -c '192\.0\.2\.2/' ;;
    restore6) ip6tables-legacy -S OUTPUT | grep -c 'ffff::2/' ;;
    nft) nft list table inet theirs | grep -c '192\.0\.2\.3 ' ;;
    nftfile) nft list table inet theirs | grep -c '192\.0\.2\.4 ' ;;
    iptables_nft) iptables-nft -S OUTPUT 2>/dev/null | grep -c '192\.0\.2\.5/' ;;
    restore_nft) iptables-nft -S OUTPUT 2>/dev/null | grep -c '192\.0\.2\.6/' ;;
    esac
}

tools="legacy legacy6 restore restore6"
if [ "$backend" = nft ]; then
    tools="nft nftfile iptables_nft restore_nft"
    nft 'add table inet theirs; add chain inet theirs c { type filter hook output priority 1; }' || exit 1
fi
for w in 1 2 3 4; do { ours $w || echo "ours $w" >>"$dir/failed"; } & done
for tool in $tools; do { theirs "$tool" || echo "$tool" >>"$dir/failed"; } & done
wait
[ ! -e "$dir/failed" ] || fail "$(cat "$dir/failed")"
which=old; [ $(((rounds - 1) % 2)) -eq 0 ] || which=new
for w in 1 2 3 4; do
    fw verify $((42000 + w)) "$dir/$which.yaml" || fail "the chain of writer $w"
done
for tool in $tools; do
    [ "$(written "$tool")" = "$rounds" ] || fail "$tool wrote $rounds rules, and $(written "$tool") are there"
done
echo "$backend: 8 writers ($tools, and four of ours), $rounds rounds, nothing lost"
