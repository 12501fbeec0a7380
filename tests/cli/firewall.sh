#!/bin/bash
# The chain in a network namespace of the test's own: applied, obeyed, compared and removed without a trace.
. "$AAJ_SOURCE/tests/cli/netns.sh"
manifest nobody-here-has-this <<'Y'
  allow: [ "tcp 127.0.0.1:5432", "tcp [::1]:5432" ]
Y
firewall() { local action=$1; shift; "$AAJAIL" firewall "$action" "$dir/app.yaml" "$@"; }
as() { setpriv --reuid "$1" --regid "$1" --clear-groups timeout 3 bash -c "exec 3<>/dev/tcp/$2" 2>"$dir/err"; }
refused() { local t0=$EPOCHREALTIME; ! as "$@" || fail "$* was let through"; local t1=$EPOCHREALTIME
    [ $(((${t1/./} - ${t0/./}) / 1000)) -lt 1000 ] || fail "$* was refused slowly"; }

# A listener that counts is not needed: who connects either succeeds or is refused.
for at in TCP4-LISTEN:25,bind=127.0.0.1 TCP6-LISTEN:25,bind=[::1] TCP4-LISTEN:5432,bind=127.0.0.1 TCP6-LISTEN:5432,bind=[::1]; do
    socat "$at,fork,reuseaddr" EXEC:/bin/true,nofork 2>/dev/null &
done
setpriv --reuid $uid --regid $uid --clear-groups socat TCP4-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr SYSTEM:'echo hello' 2>/dev/null &
for i in $(seq 50); do as 0 127.0.0.1/8080 && as 0 ::1/5432 && as 0 ::1/25 && break; sleep 0.1; done

# The user is looked up only where rules are applied.
status 0 firewall plan
grep -q 'uid-owner nobody-here-has-this' < <(firewall plan --format iptables) || fail "the plan is not symbolic"
status 4 firewall apply
status 2 firewall apply --uid x
status 1 firewall verify --uid $uid --backend legacy

iptables-legacy -A OUTPUT -d 192.0.2.1 -j DROP
ip6tables-legacy -N other
nft add table inet other
nft add chain inet other output '{ type filter hook output priority 0; policy accept; }'
nft add rule inet other output ip daddr 192.0.2.1 drop
state() { iptables-legacy-save | sed 's/ on .*//; s/\[.*//'; ip6tables-legacy-save | sed 's/ on .*//; s/\[.*//'; nft list ruleset; }
counters() { iptables-legacy-save -c | grep '^\['; ip6tables-legacy-save -c | grep '^\['; nft list ruleset; }
before=$(state)
as $uid 127.0.0.1/25 || fail "nothing was refused yet, and port 25 does not answer"
for backend in nft legacy; do
status 0 firewall apply --uid $uid --backend $backend
grep -q "app: fenced (.*$backend)" "$dir/out" || fail "$(cat "$dir/out")"
refused $uid 127.0.0.1/25
refused $uid ::1/25
as $uid 127.0.0.1/5432 || fail "the database was refused"
as $uid ::1/5432 || fail "the database was refused over IPv6"
as $((uid + 1)) 127.0.0.1/25 || fail "another uid was refused"
[ "$(exec 3<>/dev/tcp/127.0.0.1/8080; cat <&3)" = hello ] || fail "the reply to the front end did not pass"
status 0 firewall verify --uid $uid
counters=$(counters)
status 0 firewall apply --uid $uid
grep -q "nothing changed.*$backend" "$dir/out" || fail "the second apply changed something: $(cat "$dir/out")"
[ "$counters" = "$(counters)" ] || fail "the second apply touched counters"
status 0 firewall show --uid $uid
grep -Eq ' [1-9][0-9]* packets .* refuse tcp with a reset' "$dir/out" || fail "no refusals were counted: $(cat "$dir/out")"
[ $backend = legacy ] && other=nft || other=legacy
status 4 firewall apply --uid $uid --backend $other
grep -q "chain 'aajail-$uid' is in the $backend backend" "$dir/out" || fail "$(cat "$dir/out")"
# Another jail with the same uid.
sed -i 's/^jail: app/jail: app2/' "$dir/app.yaml"
status 4 firewall apply --uid $uid
sed -i 's/^jail: app2/jail: app/' "$dir/app.yaml"
if [ $backend = nft ]; then
    # Others change it: named, and mended.
    nft flush map inet aajail jails
    nft insert rule inet aajail aajail-$uid accept
    status 1 firewall verify --uid $uid
    grep -q "map 'jails' of table inet aajail was changed" "$dir/out" || fail "$(cat "$dir/out")"
    grep -q "foreign: a rule with 'accept'" "$dir/out" || fail "$(cat "$dir/out")"
    status 0 firewall apply --uid $uid
    status 0 firewall verify --uid $uid
    nft delete chain inet aajail output
    status 1 firewall verify --uid $uid
    status 0 firewall apply --uid $uid
    status 0 firewall verify --uid $uid
    refused $uid ::1/25
    status 0 firewall remove --uid $uid
    [ "$before" = "$(state)" ] || fail "something stayed behind: $(diff <(echo "$before") <(state))"
fi
done
# What iptables itself thinks of our bytes.
iptables-legacy -C aajail-$uid -m conntrack --ctstate ESTABLISHED,RELATED --ctdir REPLY -j RETURN
iptables-legacy -C aajail-$uid -d 127.0.0.1 -p tcp -m tcp --dport 5432 -j RETURN
iptables-legacy -C aajail-$uid -p tcp -j REJECT --reject-with tcp-reset
ip6tables-legacy -C aajail-$uid -d ::1 -p tcp -m tcp --dport 5432 -j RETURN
ip6tables-legacy -C aajail-$uid -m comment --comment "aajail app" -j REJECT --reject-with icmp6-port-unreachable

# Others change it: named, and mended.
iptables-legacy -D aajail-$uid 3
iptables-legacy -I OUTPUT 1 -o lo -j ACCEPT
status 1 firewall verify --uid $uid
grep -q 'missing: refuse tcp with a reset' "$dir/out" || fail "$(cat "$dir/out")"
grep -q "jump to 'aajail' is not its first" "$dir/out" || fail "$(cat "$dir/out")"
status 0 firewall apply --uid $uid --dry-run
status 1 firewall verify --uid $uid
status 0 firewall apply --uid $uid
iptables-legacy -D OUTPUT -o lo -j ACCEPT
status 0 firewall verify --uid $uid

status 0 firewall remove --uid $uid
[ "$before" = "$(state)" ] || fail "something stayed behind: $(diff <(echo "$before") <(state))"
as $uid 127.0.0.1/25 || fail "still refused after the removal"
