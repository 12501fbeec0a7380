#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the lab; see jail.sh.
set -u
A=$1 fails=0 dir=/run/aajail-jail-test
fail() { echo "FAILED: $*"; sed 's/^/    /' "$dir/out"; fails=$((fails + 1)); }
# status WANTED CMD…
status() { local want=$1 got=0; shift; "$@" >"$dir/out" 2>&1 || got=$?; [ "$got" -eq "$want" ] || fail "$*: $got, not $want"; }
says() { grep -q -- "$1" "$dir/out" || fail "it does not say: $1"; }
loaded() { grep -q "^$1 (enforce)" /sys/kernel/security/apparmor/profiles; }
port() { iptables-legacy -S "aajail-41234" 2>/dev/null | sed -n 's/.*--dport \([0-9]*\).*/\1/p'; }
chains() { iptables-legacy -S | grep -c aajail; ip6tables-legacy -S | grep -c aajail; }
mkdir -p "$dir"; cd "$dir" || exit 1

. "$(dirname "$0")/jail-build.sh"
cp /bin/sleep /usr/local/bin/slave1

# Without the kernel's modules (none of these is loaded yet) what lacks is named, nothing is left, and then it works: what is
# refused stands in the kernel's log with its uid.
cat >logger.yaml <<X
jail: logger
slave: /usr/local/bin/logger
roots: [ /srv/logger ]
user: "41240"
template: http-slave
network: { log: true, allow: [ "udp 127.0.0.1:5432" ] }
X
modprobe=$(cat /proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
status 4 "$A" firewall apply logger.yaml
says "this kernel does not know the match 'limit' (xt_limit): load that module, install the package with the kernel's modules"
says "this kernel does not know the match 'udp' (xt_tcpudp)"
says "this kernel does not know the target 'LOG' (xt_LOG)"
grep -q "NFLOG\|'tcp'" out && fail "what nobody asked for is named too"
[ "$(chains | paste -sd' ')" = "0 0" ] || fail "a refused apply left something"
echo "$modprobe" >/proc/sys/kernel/modprobe
status 0 "$A" firewall apply logger.yaml
setpriv --reuid 41240 --regid 41240 --clear-groups bash -c 'exec 3<>/dev/tcp/127.0.0.1/25; echo x >/dev/udp/::1/99' 2>/dev/null
for i in $(seq 50); do [ "$(dmesg | grep -c 'aajail-41240 ')" -lt 2 ] || break; sleep 0.1; done
dmesg | grep 'aajail-41240 ' >out
says 'OUT=lo SRC=127.0.0.1 .*PROTO=TCP .*DPT=25 .*UID=41240'
says 'OUT=lo SRC=0000:.*PROTO=UDP .*DPT=99 .*UID=41240'
status 0 "$A" firewall remove logger.yaml

build one 5432 '/srv/app/one r,'
build two 5433 '/srv/app/two r,  profile kid { /usr/** r, }' '"app","app//kid"'
state=/var/lib/aajail/jails/app

# Law 7: who was there before is outside.
/usr/local/bin/slave1 300 & slave=$!
status 1 "$A" up one
says "pid $slave (slave1) runs unconfined"
loaded app || fail "not loaded"
[ "$(port)" = 5432 ] || fail "no chain"
[ -f /etc/apparmor.d/aajail.app ] || fail "the text is not where a boot looks for it"
kill $slave; wait $slave 2>/dev/null
status 0 "$A" up one
says "nothing changed"
status 0 "$A" status app
# Refused while nothing is changed and who is in it cannot be seen; in force, and said to be, when only the last look fails.
blind() { strace -f -qq -o /dev/null -P /proc -e trace=openat -e inject=openat:error=EIO:when=$1 "$A" up one; }
status 4 blind 1
says "cannot see in /proc who runs in which profile: Input/output error"
status 1 blind 2+
says "who is outside jail 'app' could not be seen"
mv /usr/local/bin/slave1 /usr/local/bin/slave2; ln -s slave2 /usr/local/bin/slave1
iptables-legacy -D OUTPUT 1
echo '# mine' >>/etc/apparmor.d/aajail.app
status 1 "$A" status app
says "the attachment matches nothing: /usr/local/bin/slave1 is /usr/local/bin/slave2 now"
says "OUTPUT does not jump"
says "aajail.app was changed since it was proved"
mv /usr/local/bin/slave2 /usr/local/bin/slave1
status 0 "$A" up one
status 0 "$A" status app
/usr/local/bin/slave1 300 & slave=$!
sleep 0.5
[ "$(cat /proc/$slave/attr/current)" = "app (enforce)" ] || fail "the slave is not confined"

# Refused, and nothing is different afterwards.
status 4 "$A" down app
says "would be left unconfined"
loaded app || fail "a refused down removed the profile"
sed -i 's/one r/two r/' one/aajail.app
status 3 "$A" up one
says "not what was proved"
build one 5432 '/srv/app/one r,'
mkdir -p /etc/apparmor.d/disable; ln -s /etc/apparmor.d/aajail.app /etc/apparmor.d/disable/
status 4 "$A" up two
says "is not to be loaded"
rm /etc/apparmor.d/disable/aajail.app
mv two/artefacts.json two/a; printf junk >two/app.policy
sed "s/\"app.policy\":\"[^\"]*\"/\"app.policy\":\"$(printf junk | sha256sum | cut -d' ' -f1)\"/" two/a >two/artefacts.json
status 4 "$A" up two
says "everything is as it was before"
[ "$(port)" = 5432 ] || fail "the chain was not rolled back"
loaded app || fail "the profile was not rolled back"
[ ! -e $state/next ] || fail "the journal is still there"

chmod o+w one
status 3 "$A" up one
says "everybody may write here"
chmod o-w one

# Replacing, with a child more; and back.
build two 5433 '/srv/app/two r,  profile kid { /usr/** r, }' '"app","app//kid"'
status 0 "$A" up two
[ "$(port)" = 5433 ] || fail "the new chain is not there"
loaded app//kid || fail "the child is not loaded"
[ "$(cat /proc/$slave/attr/current)" = "app (enforce)" ] || fail "the running slave lost its profile"
status 0 "$A" undo app
[ "$(port)" = 5432 ] || fail "undo did not bring the chain back"
loaded app//kid && fail "a child that the policy no longer has stayed loaded"
status 0 "$A" undo app
loaded app//kid || fail "undoing the undo"
status 0 "$A" undo app

# Killed in the middle: the next run finishes what was begun.
cp -r two $state/next; cp $state/current/firewall.json $state/next/
sed -i 's/"port_lo":5432,/"port_lo":5433,/; s/"port_hi":5432/"port_hi":5433/; s/: *5432/:5433/g' $state/next/firewall.json
status 0 "$A" up --boot
says "finishing the interrupted 'up'"
[ "$(port)" = 5433 ] || fail "an interrupted up was not finished: $(port)"
[ ! -e $state/next ] || fail "the finished journal stayed"
kill $slave; wait $slave 2>/dev/null
mv $state/current $state/leaving
status 0 "$A" up --boot
says "finishing the interrupted 'down'"
loaded app && fail "an interrupted down was not finished"
[ "$(chains | paste -sd' ')" = "0 0" ] || fail "chains stayed: $(chains)"
[ ! -e /etc/apparmor.d/aajail.app ] || fail "the text stayed"

# Down and undone; a boot brings back what was up, and only that.
status 0 "$A" undo app
loaded app || fail "undo of a down"
iptables-legacy -F; iptables-legacy -X; ip6tables-legacy -F; ip6tables-legacy -X
printf app >/sys/kernel/security/apparmor/.remove
rm /etc/apparmor.d/aajail.app
status 0 "$A" up --boot
says "1 jail restored"
loaded app || fail "the boot did not restore the profile"
[ "$(port)" = 5433 ] || fail "the boot did not restore the chain"
[ -f /etc/apparmor.d/aajail.app ] || fail "the boot did not restore the text"

# An administrator's word outlives a boot, and a reload of the firewall, which runs the same.
status 0 "$A" complain app
says "wrote /etc/apparmor.d/aajail.app"
status 1 "$A" status app
says "the profile is in mode complain: 'aajail enforce app' ends that"
says "aajail.app is set to complain: a boot loads the profile in complain mode"
grep -q "another policy" out && fail "a change of mode is taken for another policy"
grep -q "was changed since" out && fail "a change of mode is taken for another text"
printf app >/sys/kernel/security/apparmor/.remove
status 0 "$A" up --boot
says "so jail 'app' is restored in complain mode"
grep -q '^app (complain)' /sys/kernel/security/apparmor/profiles || fail "complain mode did not outlive the boot"
grep -q 'flags=(complain)' /etc/apparmor.d/aajail.app || fail "the boot took the mode out of the file"
"$A" status --json app >out 2>/dev/null
grep -q '"id":"policy-mode"' out || fail "--json lacks what is stale"
status 0 "$A" enforce app
status 0 "$A" status app
says "jail app: up, uid 41234 fenced, as it was proved"
status 0 "$A" complain app
status 0 "$A" up one
loaded app || fail "up did not enforce what was proved"
status 0 "$A" undo app
printf app >/sys/kernel/security/apparmor/.remove
iptables-legacy -F
ln -s ../aajail.app /etc/apparmor.d/disable/
status 0 "$A" up --boot app
says "so jail 'app' is fenced, but its profile is not loaded"
loaded app && fail "a disabled profile was loaded"
[ "$(port)" = 5433 ] || fail "the chain of a disabled jail was not restored"
rm /etc/apparmor.d/disable/aajail.app
ln -s ../aajail.app /etc/apparmor.d/force-complain/ 2>/dev/null || { mkdir /etc/apparmor.d/force-complain; ln -s ../aajail.app /etc/apparmor.d/force-complain/; }
status 4 "$A" up app
says "is not to be enforced"
status 0 "$A" up --boot app
grep -q '^app (complain)' /sys/kernel/security/apparmor/profiles || fail "force-complain is not honoured"
status 0 "$A" enforce app
says "removed /etc/apparmor.d/force-complain/aajail.app"
status 0 "$A" status app
status 3 "$A" up --boot nosuch
says "jail 'nosuch' is not up"

# Another profile for the same program; and a slave whose uid would change while it runs.
printf 'abi <abi/3.0>,\nprofile twin /usr/local/bin/slave1 { }\n' >twin
"$A" load twin >out 2>&1
status 1 "$A" up app
says "profile twin attaches to the same program"
status 1 "$A" status app
says "profile twin attaches to the same program"
status 0 "$A" remove twin
printf 'abi <abi/3.0>,\n/usr/local/bin/slave1 { }\n' >twin
"$A" load twin >out 2>&1
status 1 "$A" up app
says "profile /usr/local/bin/slave1 attaches to the same program"
status 0 "$A" remove /usr/local/bin/slave1
/usr/local/bin/slave1 300 & slave=$!
sleep 0.5
build three 5432 '/srv/app/one r,'
sed -i 's/41234/41235/' three/app.yaml
build_list three
status 4 "$A" up three
says "gets another uid"
says "pid $slave (slave1) would lose its chain"
[ "$(port)" = 5433 ] || fail "a refused up changed the chain"
kill $slave; wait $slave 2>/dev/null
status 0 "$A" up three
[ -z "$(port)" ] || fail "the old uid's chain is still there"
iptables-legacy -S | grep -q aajail-41235 || fail "the new uid has no chain"
status 0 "$A" undo app

# Somebody who starts while the jail goes down is not left outside without a chain.
strace -qq -o /dev/null -e trace=unlink -e inject=unlink:delay_enter=4000000:when=2 "$A" down app >out 2>&1 & down=$!
for i in $(seq 100); do loaded app || break; sleep 0.1; done
/usr/local/bin/slave1 300 & slave=$!
wait $down; got=$?
[ $got -eq 4 ] || fail "down while the slave starts: $got"
says "was started while the jail went down"
says "everything is as it was before"
loaded app || fail "the profile did not come back"
[ "$(port)" = 5433 ] || fail "the chain went while somebody was outside"
kill $slave; wait $slave 2>/dev/null

# Roles.
status 3 "$A" prune
mkdir -p /etc/aajail/roles
echo 'app # the shop' >/etc/aajail/roles/web
status 0 "$A" prune
loaded app || fail "prune took down what a role names"
status 0 "$A" up --role web
echo 'other' >/etc/aajail/roles/web
status 0 "$A" prune --dry-run
loaded app || fail "--dry-run took it down"
status 0 "$A" prune
loaded app && fail "prune left what no role names"
[ "$(chains | paste -sd' ')" = "0 0" ] || fail "chains stayed after prune"
[ "$fails" -eq 0 ] && echo "all done"
[ "$fails" -eq 0 ]
