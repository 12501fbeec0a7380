#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit-guest.sh AAJAIL HAT: runs in the lab; see unit.sh. Two jails are taken up, everything is taken out of the kernel, and
# systemd boots, as the first process of a pid namespace, with units of which only the slaves', the firewall's and a network
# are made up here.
set -u
A=$1 hat=$2 fails=0 dir=/run/aajail-unit-test apparmor=/sys/kernel/security/apparmor
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }
mkdir -p "$dir" /run/units; cd "$dir" || exit 1
. "$(dirname "$0")/jail-build.sh"
cp "$hat" /usr/local/bin/hatter
cp /bin/bash /usr/local/bin/slave1
chained() { [[ $(iptables-legacy -S aajail-41234 2>&1) == *"dport 5432"* && $(ip6tables-legacy -S aajail-41234 2>&1) == *"dport 5432"* ]]; }

# app attaches by path, has no children and is called by nobody: everything that 'unit' knows is printed for it.
build app 5432 '/run/** rw, /proc/** r, /dev/** rw, /etc/** r, /tmp/ r,'
sed -i 's/^template.*/&\nunit: app.service\nexec:\n  default: inherit/; s/^network:/&\n  replies: false/' app/app.yaml
build_list app
"$A" up app >out 2>&1 || fail "up app: $(cat out)"

# hatter attaches by its unit and has a child profile and a hat.
build_hatter() { # DIR EXEC-RULE PROFILES
    mkdir -p "$1"
    cat >"$1/hatter.yaml" <<Y
jail: hatter
slave: /usr/local/bin/hatter
roots: [ /srv/hatter ]
user: "41235"
attach: unit
unit: hatter.service
template: http-slave
Y
    cat >"$1/aajail.hatter" <<P
abi <abi/3.0>,
profile hatter {
  /{usr/,}{lib,bin}/** rm,
  /usr/local/bin/hatter rm,
  /etc/ld.so.* r,
  /proc/[0-9]*/attr/** rw,
  /proc/** r,
  /sys/** r,
  /dev/** rw,
  /run/** rw,
  /{usr/,}bin/true $2
  ^pool { /run/** rw, }
  profile kid { /{usr/,}{lib,bin}/** rm, /etc/ld.so.* r, /run/** rw, }
}
P
    apparmor_parser -QKT -o "$1/hatter.policy" "$1/aajail.hatter" 2>out || fail "apparmor_parser: $(cat out)"
    build_list "$1" "$3" hatter
}
build_hatter hatter 'cx -> kid,' '"hatter","hatter//kid","hatter//pool"'
build_hatter inherit ix, '"hatter"'
sed -i '/\^pool/d; /profile kid/d' inherit/aajail.hatter
sed -i 's/^template.*/&\nexec:\n  default: inherit/' inherit/hatter.yaml
apparmor_parser -QKT -o inherit/hatter.policy inherit/aajail.hatter || fail "the parser"
build_list inherit '"hatter"' hatter
"$A" up hatter >out 2>&1 || fail "up hatter: $(cat out)"

for uid in 41234 41235; do echo "u$uid:x:$uid:$uid::/:/bin/false" >>/etc/passwd; echo "u$uid:x:$uid:" >>/etc/group; done

# A new machine with the old one's disk, and without the parser.
for p in hatter//pool hatter//kid hatter app; do printf '%s' "$p" >$apparmor/.remove || fail "$p is not there"; done
for v in iptables ip6tables; do $v-legacy -F; $v-legacy -X; $v-legacy-save >/run/empty.$v; done
rm /etc/apparmor.d/aajail.*
mount --bind /bin/false "$(command -v apparmor_parser)"

mount -t tmpfs -o mode=755 tmpfs /etc/systemd/system
for what in boot firewall app hatter; do "$A" unit $what --install >out 2>err || fail "unit $what: $(cat err)"; done
etc=/etc/systemd/system conf=$etc/hatter.service.d/aajail.conf
grep -q '^# not NoNewPrivileges=yes: AppArmor then refuses' $conf || fail "it does not say why not"
grep -qE '^(NoNewPrivileges|RestrictNamespaces|ProtectKernelTunables|PrivateDevices|LockPersonality)=' $conf && fail "something that implies no_new_privs is printed"
# The same unit with what was left out; and with what is printed for a build without children.
mkdir $etc/worse.service.d $etc/inherit.service.d
{ cat $conf; echo NoNewPrivileges=yes; } >$etc/worse.service.d/aajail.conf
"$A" unit inherit >$etc/inherit.service.d/aajail.conf || fail "unit inherit"
grep -q '^NoNewPrivileges=yes' $etc/inherit.service.d/aajail.conf && grep -q '^RestrictNamespaces=yes' $etc/inherit.service.d/aajail.conf ||
    fail "an inherit-only slave does not get everything"
systemctl --quiet enable aajail.service 2>err || fail "enable: $(cat err)"
unit() { cat >"/run/units/$1"; }
for target in sysinit basic network-pre network shutdown; do unit $target.target <<<"[Unit]"; done
unit all.target <<X
[Unit]
Requires=sysinit.target basic.target
Wants=nftables.service network.service app.service hatter.service
X
# The host's firewall, which wipes what others put there; a network that says what it finds when it comes up.
unit nftables.service <<X
[Unit]
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/iptables-legacy-restore /run/empty.iptables
ExecStart=/usr/sbin/ip6tables-legacy-restore /run/empty.ip6tables
ExecReload=/usr/sbin/iptables-legacy-restore /run/empty.iptables
ExecReload=/usr/sbin/ip6tables-legacy-restore /run/empty.ip6tables
X
unit network.service <<X
[Unit]
DefaultDependencies=no
After=network-pre.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'iptables-legacy -S aajail-41234; ip6tables-legacy -S aajail-41235; grep -E "^(app|hatter) " $apparmor/profiles'
StandardOutput=file:/run/network.out
X
unit app.service <<X
[Service]
User=41234
EnvironmentFile=/run/app/environment
ExecStart=/usr/local/bin/slave1 -c 'echo "\$\$\$\$" >/run/app/pid; exec 3<>/run/app/wait; while read -r cmd <&3; do eval "\$cmd" >/run/app/said 2>&1; echo end >>/run/app/said; done'
X
for slave in hatter worse inherit; do
    unit $slave.service <<X
[Service]
Type=oneshot
User=41235
ExecStart=/usr/local/bin/hatter pool /bin/true
StandardOutput=truncate:/run/hatter.out
X
done
mkdir -p /run/app
# What the slave can write is in its unit's environment: another lock file would be felt by whoever runs with that as root.
echo XTABLES_LOCKFILE=/run/app/root-was-here >/run/app/environment
mkfifo /run/app/wait; chown -R 41234 /run/app; : >/run/app/said; chown 41234 /run/app/said

# There is no journal: what would be in it is in the kernel's log and in a file.
mkdir /run/units/service.d; printf '[Service]\nStandardError=append:/run/journal\n' >/run/units/service.d/log.conf
boot() { dmesg | sed -n 's/^\[[^]]*\] systemd\[1\]: //p' | tail -n 40; cat /run/journal; }

# A boot. What /sys says of devices it need not know: where that is read-only it does not look.
SYSTEMD_UNIT_PATH=$etc:/run/units SYSTEMD_GENERATOR_PATH=/run/units container=lab unshare --pid --fork --mount --mount-proc --cgroup \
    sh -c 'mount -o remount,bind,ro /sys; exec /lib/systemd/systemd --system --unit=all.target --log-target=kmsg --show-status=no' &
sd() { nsenter -t "$init" -p -m -C systemctl "$@"; }
until [ -S /run/systemd/private ]; do
    read -r init </proc/$!/task/$!/children || [ $SECONDS -lt 100 ] || break
    sleep 0.1
done 2>/dev/null
running=$(sd is-system-running --wait 2>&1)
[ "$running" = running ] || { fail "the boot: $running"; boot; }

# Before the network.
grep -q 'dport 5432' /run/network.out || fail "the network was up before the chain: $(cat /run/network.out)"
grep -q 'aajail-41235' /run/network.out || fail "the network was up before the other chain: $(cat /run/network.out)"
[ "$(grep -c '(enforce)' /run/network.out)" = 2 ] || fail "the network was up before the profiles: $(cat /run/network.out)"
cmp -s $apparmor/policy/profiles/app.*/raw_data app/app.policy || fail "not the bytes that were proved"
cmp -s /etc/apparmor.d/aajail.app app/aajail.app || fail "the text is not restored"

# The slaves run confined, under what the drop-ins say.
hatter() { paste -sd' ' /run/hatter.out; }
[ "$(hatter)" = "hat: ok child: ok" ] || fail "under the printed settings: $(hatter)"
# asked COMMAND: the slave does it and says how it went.
asked() {
    : >/run/app/said
    echo "$1" 1<>/run/app/wait
    for i in $(seq 100); do
        [[ $(</run/app/said) != *end ]] || break
        sleep 0.05
    done
    cat /run/app/said
}
has() { local said; said=$(asked "$1"); shift; for word; do [[ $said == *"$word"* ]] || fail "the slave lacks '$word': $said"; done; }
here='read -r label </proc/self/attr/current; echo "$label, pid $$"'
for i in $(seq 100); do [ ! -s /run/app/pid ] || break; sleep 0.1; done
pid=$(</run/app/pid)
has "$here" "app (enforce), pid $pid"
has 'while read -r k v; do case $k in NoNewPrivs: | Seccomp:) echo "$k $v" ;; esac; done </proc/self/status' 'NoNewPrivs: 1' 'Seccomp: 2'
touch /tmp/of-another
has 'echo /tmp/*; echo x >/usr/test; echo x >/etc/test; echo x >/dev/udp/127.0.0.2/5432; echo x >/run/app/mine && echo written' \
    '/tmp/*' '/usr/test: Read-only' '/etc/test: Read-only' 'write error: Operation not permitted' written
has 'echo "$XTABLES_LOCKFILE"' root-was-here
[ ! -e /run/app/root-was-here ] || fail "what the slave has in its environment counts for root"
"$A" status app >out 2>&1 || fail "status after the boot: $(cat out)"

# The firewall is reloaded, and restarted: what that wipes comes back, and the slave runs on.
chained || fail "the chains before the reload"
for verb in reload restart; do
    sd $verb nftables.service || fail "$verb"
    for i in $(seq 100); do ! chained || break; sleep 0.1; done
    chained || fail "the chains after a $verb"
    has "$here" "app (enforce), pid $pid"
done
# Flushed behind everybody's back: the second belt holds what it can.
for v in iptables ip6tables; do $v-legacy -F; done
has 'echo x >/dev/udp/127.0.0.2/5432; echo x >/dev/udp/127.0.0.1/5432 && echo sent' 'write error: Operation not permitted' sent
sd reload aajail.service || fail "reload aajail"
chained || fail "the chains after our own reload"

# With what was left out, hat and child fail; a slave that only inherits works with all of it.
sd start worse.service || fail "worse: $(boot)"
[ "$(hatter)" = "hat: Operation not permitted child: Operation not permitted" ] ||
    fail "no_new_privs is harmless by now, so why leave it out? $(hatter)"
"$A" up inherit >out 2>&1 || fail "up inherit: $(cat out)"
sd start inherit.service || fail "inherit: $(boot)"
[[ $(hatter) == *"child: ok" ]] || fail "inherit-only under no_new_privs: $(hatter)"

# A jail that cannot be restored: its own slave does not start, the boot unit fails, and the other slave does start.
echo junk >/var/lib/aajail/jails/app/current/app.policy
sd restart aajail.service 2>/dev/null && fail "the boot unit does not notice a broken jail"
sd restart app.service 2>/dev/null && fail "the broken jail's slave starts"
[ "$(sd is-active app.service)" = inactive ] || fail "the broken jail's slave is $(sd is-active app.service)"
[ "$(sd is-active aajail@app.service)" = failed ] || fail "it is not told by whom"
grep -q "jail 'app' is not restored" /run/journal || fail "the broken jail is not named"
: >/run/hatter.out
sd restart inherit.service
[[ $(hatter) == *"child: ok" ]] || fail "the sound jail's slave: $(hatter)"
[ "$fails" -eq 0 ] || boot
kill -KILL "$init"
[ "$fails" -eq 0 ] && echo "all done"
exit "$fails"
