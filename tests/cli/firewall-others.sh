#!/bin/bash
# Beside others: whoever flushes is found out and mended, a chain in the other backend is named, what others wrote stays
# byte for byte, an interrupted change is finished, and text that was loaded by hand verifies.
. "$AAJ_SOURCE/tests/cli/netns.sh"
manifest app-user <<'Y'
  log: true
  allow: [ "tcp 127.0.0.1:5432", "tcp db.example.test:5432", "resolver" ]
Y
echo "127.0.0.9 db.example.test" >"$dir/hosts"
echo "::9 db.example.test" >>"$dir/hosts"
mount --bind "$dir/hosts" /etc/hosts
printf 'nameserver 192.0.2.53\nnameserver 2001:db8::53\n' >"$dir/resolv.conf"
[ ! -e /etc/resolv.conf ] || mount --bind "$dir/resolv.conf" /etc/resolv.conf
{ cat /etc/passwd; echo "app-user:x:$uid:$uid::/:/bin/false"; } >"$dir/passwd"
mount --bind "$dir/passwd" /etc/passwd
fw() { "$AAJAIL" firewall "$@"; }
said() { grep -q -- "$1" "$dir/out" || fail "it did not say '$1': $(cat "$dir/out")"; }
state() { iptables-legacy-save -c | sed 's/ on .*//'; ip6tables-legacy-save -c | sed 's/ on .*//'; nft list ruleset; }

# Rules of others, with counters that count.
iptables-legacy -A OUTPUT -p udp --dport 1 -j DROP
iptables-legacy -N theirs
iptables-legacy -A theirs -m comment --comment "a b \"c\"" -j ACCEPT
ip6tables-legacy -P FORWARD DROP
ip6tables-legacy -A OUTPUT -p udp --dport 1 -j DROP
nft 'add table inet theirs; add chain inet theirs o { type filter hook output priority -5; }; add rule inet theirs o udp dport 1 counter'
for i in 1 2 3; do echo x >/dev/udp/127.0.0.1/1 || true; done 2>/dev/null
state >"$dir/before"

# Who may not look does not say that there is nothing.
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all "$@"; }
chmod 755 "$dir"
if nobody "$AAJAIL" firewall plan "$dir/app.yaml" >/dev/null 2>&1; then
    for backend in nft legacy; do
        for action in apply verify show remove; do
            status 4 nobody "$AAJAIL" firewall $action --backend $backend --uid $uid "$dir/app.yaml"
            grep -Eq "root|Permission denied" "$dir/out" || fail "$action as nobody: $(cat "$dir/out")"
        done
    done
else
    echo "left out: another user cannot run the command where it was built"
fi
status 0 fw remove --dry-run "$dir/app.yaml"
said "chain aajail-$uid is not there"
! grep -q "warning" "$dir/out" || fail "a warning about a user that is nobody else's: $(cat "$dir/out")"

# A user that is not the slave's alone is told, root is refused.
echo "person:x:41299:41299::/home/person:/bin/bash" >>"$dir/passwd"
sed 's/^user: .*/user: person/' "$dir/app.yaml" >"$dir/person.yaml"
status 0 fw plan --resolve "$dir/person.yaml"
said "people log in as 'person'"
status 0 fw plan --resolve --uid 65534 "$dir/app.yaml"
said "runs as nobody"
sed 's/^user: .*/user: root/' "$dir/app.yaml" >"$dir/root.yaml"
status 4 fw plan --resolve "$dir/root.yaml"
said "fencing uid 0 would cut off the host itself"

# Host names and name servers are looked up once, and said.
status 0 fw plan "$dir/app.yaml"
said "and, when applied: allow tcp and udp to the name servers in /etc/resolv.conf port 53"
for backend in nft legacy; do
    status 0 fw apply --backend $backend "$dir/app.yaml"
    said "'db.example.test' is 127.0.0.9 now"
    said "'db.example.test' is ::9 now"
    status 0 fw show "$dir/app.yaml"
    said "allow tcp to 127.0.0.9 port 5432"
    said "allow tcp to ::9 port 5432"
    if [ -e /etc/resolv.conf ]; then
        said "allow udp to 192.0.2.53 port 53"
        said "allow tcp to 2001:db8::53 port 53"
        echo 'nameserver 192.0.2.54' >"$dir/resolv.conf"
        status 1 fw verify "$dir/app.yaml"
        said "missing: allow udp to 192.0.2.54 port 53"
        said "not in the plan: allow tcp to 2001:db8::53 port 53"
        printf 'nameserver 192.0.2.53\nnameserver 2001:db8::53\n' >"$dir/resolv.conf"
        status 0 fw apply --backend $backend "$dir/app.yaml"
        said "'resolver' is 192.0.2.53 now, says /etc/resolv.conf"
        said "nothing changed"
    fi
    status 0 fw verify "$dir/app.yaml"
    status 0 fw remove --dry-run --json "$dir/app.yaml"
    said "\"backend\":\"$backend\""
    status 0 fw verify "$dir/app.yaml"
    status 0 fw remove "$dir/app.yaml"
    state | diff "$dir/before" - || fail "rules of others changed, or something stayed behind ($backend)"
done

# Others flush: found out, and mended.
status 0 fw apply --backend nft "$dir/app.yaml"
nft list ruleset >"$dir/ruleset"
nft flush ruleset
status 1 fw verify --backend nft "$dir/app.yaml"
said "there is no chain for app-user"
status 0 fw apply --backend nft "$dir/app.yaml"
status 0 fw verify "$dir/app.yaml"
# As a reload of nftables.service does it: flush, and what the file says.
printf 'flush ruleset\ntable inet theirs {\n chain o { type filter hook output priority -5; udp dport 1 counter packets 3 bytes 90; }\n}\n' | nft -f -
status 1 fw verify --backend nft "$dir/app.yaml"
status 0 fw apply --backend nft "$dir/app.yaml"
status 0 fw remove "$dir/app.yaml"

status 0 fw apply --backend legacy "$dir/app.yaml"
iptables-legacy -F aajail-$uid
status 1 fw verify "$dir/app.yaml"
said "IPv4: missing: refuse everything else"
status 0 fw apply "$dir/app.yaml"
iptables-legacy-save -c >"$dir/v4"
iptables-legacy -F
ip6tables-legacy -D OUTPUT 1
status 1 fw verify "$dir/app.yaml"
said "IPv4: missing: allow replies"
said "IPv4: OUTPUT does not jump to 'aajail'"
said "IPv6: OUTPUT does not jump to 'aajail'"
status 0 fw apply "$dir/app.yaml"
status 0 fw verify "$dir/app.yaml"
# As iptables-restore does it without --noflush: everything goes.
printf '*filter\nCOMMIT\n' | iptables-legacy-restore
status 1 fw verify "$dir/app.yaml"
said "IPv4: there is no chain for app-user"
status 0 fw apply "$dir/app.yaml"
status 0 fw verify "$dir/app.yaml"

# The same uid's chain in the other backend: named by verify and apply, and removed with ours.
fw plan --uid $uid --resolve --format nft "$dir/app.yaml" 2>/dev/null | nft -f -
status 1 fw verify --backend legacy "$dir/app.yaml"
said "nft: a stale chain aajail-$uid"
status 4 fw apply --backend legacy "$dir/app.yaml"
status 0 fw remove "$dir/app.yaml"
status 1 fw verify --backend nft "$dir/app.yaml"
nft list table inet aajail 2>/dev/null && fail "the table stayed behind"

# Text that was loaded by hand is what an apply would have made; its last lines take it away.
fw plan --uid $uid --resolve --format nft "$dir/app.yaml" >"$dir/text" 2>/dev/null
nft -f "$dir/text"
status 0 fw verify --backend nft "$dir/app.yaml"
status 0 fw apply --backend nft "$dir/app.yaml"
said "nothing changed"
eval "$(sed -n 's/^# To take it away: //p' "$dir/text")"
status 1 fw verify --backend nft "$dir/app.yaml"
nft delete table inet aajail
iptables-legacy-save | grep -v '^#' >"$dir/v4"
fw plan --resolve --format iptables "$dir/app.yaml" >"$dir/text" 2>/dev/null
iptables-legacy-restore --noflush <"$dir/text"
eval "$(sed -n 's/^# To take it away: //p' "$dir/text" | sed 's/iptables/iptables-legacy/g')"
iptables-legacy-save | grep -v '^#' | diff "$dir/v4" - || fail "what the text says about taking it away leaves something"

# Killed between two families: the next run, for whichever jail, finishes what was begun, and says so.
if command -v strace >/dev/null && ! ldd "$AAJAIL" | grep -q libasan; then
    sed 's/5432/5433/; s/db.example.test/127.0.0.1/' "$dir/app.yaml" >"$dir/app2.yaml"
    sed 's/^jail: .*/jail: bystander/' "$dir/app2.yaml" >"$dir/bystander.yaml"
    status 0 fw apply --backend legacy "$dir/app.yaml"
    status 137 bash -c "strace -f -qq -o /dev/null -e trace=setsockopt -e inject=setsockopt:signal=KILL:when=3 '$AAJAIL' firewall apply '$dir/app2.yaml'; exit \$?"
    journal=$(compgen -G '/run/aajail/firewall-*.journal') || fail "the killed run left no journal"
    status 1 fw verify "$dir/app2.yaml"
    said "was interrupted"
    status 0 fw apply --uid $((uid + 1)) "$dir/bystander.yaml"
    said "what it began for uid $uid is now finished"
    status 0 fw verify "$dir/app2.yaml"
    [ ! -e "$journal" ] || fail "the journal is still there"
    # A list of tables that cannot be read is not one without ours.
    strace -f -qq -o "$dir/trace" -e trace=read,openat "$AAJAIL" firewall remove "$dir/app2.yaml" >"$dir/out" 2>&1 || fail "the traced removal"
    awk '/openat.*_tables_names/ { next_read = 1 } / read\(/ { n++; if (next_read) print n; next_read = 0 }' "$dir/trace" >"$dir/reads"
    [ -s "$dir/reads" ] || fail "nobody looks at the list of tables"
    while read -r n; do
        status 0 fw apply --backend legacy "$dir/app2.yaml"
        got=0
        strace -f -qq -o /dev/null -e trace=read -e inject=read:error=EIO:when=$n "$AAJAIL" firewall remove "$dir/app2.yaml" >"$dir/out" 2>&1 || got=$?
        left=$({ iptables-legacy-save; ip6tables-legacy-save; } | grep -c aajail-$uid) || true
        [ $got -ne 0 ] || [ "$left" -eq 0 ] || fail "a removal whose read $n fails leaves $left lines and says done"
    done <"$dir/reads"
    # A damaged one blocks nobody.
    echo '{' >"$journal"
    status 0 fw apply --uid $((uid + 1)) "$dir/bystander.yaml"
    said "the firewall's journal is damaged"
    status 0 fw remove --uid $((uid + 1))
    status 0 fw remove "$dir/app2.yaml"
fi
