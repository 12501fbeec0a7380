#!/bin/bash
# paths.sh BACKEND: a chain and what a network needs to work. The slave's machine, a router whose next link is narrow, and
# the other end: path MTU discovery, neighbour discovery and ICMP errors go on, IPv4 and IPv6, while the slave stays fenced.
set -u
backend=$1 uid=41234
. "$AAJ_SOURCE/tests/firewall/common.sh"
own_network 100 "$@"
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$dir"' EXIT
# Not through functions: what is killed at the end must be the programs themselves, and none may hold our output.
unshare -n sleep 100 >/dev/null & router=$!
unshare -n sleep 100 >/dev/null & far=$!
in_router() { nsenter -t $router -n "$@"; }
in_far() { nsenter -t $far -n "$@"; }
slave() { setpriv --reuid $uid --regid $uid --clear-groups "$@"; }
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ] &&
      [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done

ip link set lo up
ip link add near type veth peer name near netns $router || { echo "skipped: no veth"; exit 77; }
in_router ip link add wide type veth peer name wide netns $far
ip addr add 10.1.0.1/24 dev near; ip addr add 2001:db8:1::1/64 dev near nodad; ip link set near up
in_router ip addr add 10.1.0.2/24 dev near; in_router ip addr add 2001:db8:1::2/64 dev near nodad; in_router ip link set near up
in_router ip addr add 10.2.0.2/24 dev wide; in_router ip addr add 2001:db8:2::2/64 dev wide nodad
# The far end says that it takes 1500 bytes; the router cannot send them: it must tell the slave's machine.
in_router ip link set wide up mtu 1280
in_far ip link set lo up
in_far ip addr add 10.2.0.1/24 dev wide; in_far ip addr add 2001:db8:2::1/64 dev wide nodad; in_far ip link set wide up mtu 1500
in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip route add default via 10.1.0.2; ip -6 route add default via 2001:db8:1::2
in_far ip route add default via 10.2.0.2; in_far ip -6 route add default via 2001:db8:2::2

sed 's/^jail: .*/jail: paths/; s/allow:.*/allow: [ "tcp 10.2.0.1:9000", "tcp [2001:db8:2::1]:9000", "any 10.3.0.0\/16", "any [2001:db8:3::]\/48" ]/' \
    "$AAJ_SOURCE/tests/firewall/old.yaml" >"$dir/paths.yaml"
"$AAJAIL" firewall apply --backend "$backend" --uid $uid "$dir/paths.yaml" >"$dir/out" 2>&1 || fail "$(cat "$dir/out")"

head -c 1000000 /dev/urandom >"$dir/much"
chmod 755 "$dir"; chmod 644 "$dir/much"
setpriv --reuid $uid --regid $uid --clear-groups socat TCP4-LISTEN:8080,reuseaddr,fork OPEN:"$dir/much",rdonly >/dev/null 2>&1 &
setpriv --reuid $uid --regid $uid --clear-groups socat TCP6-LISTEN:8080,ipv6only,reuseaddr,fork OPEN:"$dir/much",rdonly >/dev/null 2>&1 &
nsenter -t $far -n socat TCP4-LISTEN:9000,reuseaddr,fork SYSTEM:'echo hello' >/dev/null 2>&1 &
nsenter -t $far -n socat TCP6-LISTEN:9000,ipv6only,reuseaddr,fork SYSTEM:'echo hello' >/dev/null 2>&1 &
nsenter -t $far -n socat TCP4-LISTEN:9001,reuseaddr,fork SYSTEM:'echo hello' >/dev/null 2>&1 &
for at in 10.1.0.1 2001:db8:1::1; do
    for i in $(seq 100); do in_far timeout 2 bash -c "exec 3<>/dev/tcp/$at/8080" 2>/dev/null && break; sleep 0.1; done
done

for at in 10.1.0.1 2001:db8:1::1; do
    in_far timeout 20 bash -c "cat </dev/tcp/$at/8080" 2>/dev/null | cmp -s - "$dir/much" || fail "what the slave serves from $at stays on the way"
done
ip route get 10.2.0.1 | grep -q 'mtu 1280' || fail "the path's MTU was not learned: $(ip route get 10.2.0.1)"
ip -6 route get 2001:db8:2::1 | grep -q 'mtu 1280' || fail "the IPv6 path's MTU was not learned"

# Neighbours are forgotten, and found again for the slave's own packets.
for at in 10.2.0.1 2001:db8:2::1; do
    ip neigh flush dev near; ip -6 neigh flush dev near
    [ "$(slave timeout 5 bash -c "cat </dev/tcp/$at/9000" 2>/dev/null)" = hello ] || fail "the slave does not reach $at"
done
# The router knows no way there, and the slave hears of it at once.
for at in 10.3.0.1 2001:db8:3::1; do
    t0=${EPOCHREALTIME/./}
    slave timeout 5 bash -c "exec 3<>/dev/tcp/$at/9000" 2>"$dir/err" && fail "something answers at $at"
    grep -q -i "unreachable\|no route" "$dir/err" && [ $((${EPOCHREALTIME/./} - t0)) -lt 2000000 ] || fail "no ICMP error from $at: $(cat "$dir/err")"
done
slave timeout 5 bash -c 'exec 3<>/dev/tcp/10.2.0.1/9001' 2>"$dir/err" && fail "the slave is not fenced"
grep -q refused "$dir/err" || fail "not refused at once: $(cat "$dir/err")"
echo "$backend: path MTU, neighbours and ICMP errors work through a chain, IPv4 and IPv6"
